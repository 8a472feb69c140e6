"""A study on disk: every point that a search has drawn, and what became of it.

    studies/<key>/study.json        what decides the search: what the key is the hash of
    studies/<key>/0007.json         drawn: the point, and the trial it has to beat
    studies/<key>/0007-ended.json   ended: its state, its scores fold by fold, the reason

A file appears whole, is never changed, and says what the plan and the scores decide; so a search
can be killed between any two of them, and whoever takes it up writes the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

from orchestration.build import Outcome, finished
from orchestration.experiment import phases_of
from orchestration.formats import as_json, from_json
from orchestration.keys import key_of
from orchestration.race import scores_of
from orchestration.rounds import Told, draw
from orchestration.store import Store
from orchestration.sweeps import AnySweep

ENDED = "-ended.json"


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A trial that is to be run."""

    number: int  # the first is 1
    params: Mapping[str, Any]
    rival: int | None  # what it is compared with after each fold: a trial, 0 the ECG baseline


@dataclass(frozen=True, kw_only=True)
class FoldScore:
    """One fold of a trial that has ended."""

    score: float  # what the plan selects by, of all validation subjects together
    subjects: Mapping[str, float]  # the same, of each validation subject alone


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A trial that is over for good."""

    number: int
    state: str  # COMPLETE; PRUNED: its rival beat it; FAIL: a phase diverged
    folds: tuple[FoldScore, ...]
    reason: str  # why it is not complete, else ""

    @property
    def means(self) -> list[float]:
        """The mean score after each fold."""
        sums = accumulate(fold.score for fold in self.folds)
        return [total / count for count, total in enumerate(sums, start=1)]


class Study:
    """The search of one scheme, in the store."""

    def __init__(self, sweep: AnySweep, scheme: str, store: Store) -> None:
        """Take the study as it is; nothing is written yet."""
        self.sweep, self.plan, self.scheme = sweep, sweep.plan, scheme
        self.store, self.files = store, store.files
        self.spec = spec_of(sweep, scheme)
        self.key = key_of(self.spec)
        self._texts: dict[str, bytes] = {}  # files never change, so each is read once

    def unfinished(self, trials: int) -> list[Drawn]:
        """Trials of the first round that has not ended, drawn if need be; none if all have.

        Args:
            trials: how many the search has in all; another sweep may have asked for more or fewer.
        """
        size, ended = self.plan.search.round, self.ended()
        for start in range(1, trials + 1, size):
            numbers = range(start, min(start + size, trials + 1))
            if not ended.keys() >= set(numbers):
                drawn = self._draw(numbers, {n: ended[n] for n in range(1, start)})
                return [drawn[number] for number in numbers if number not in ended]
        return []

    def end(self, trial: Ended) -> None:
        """Record a trial that is over."""
        self._create(f"{trial.number:04d}{ENDED}", asdict(trial))

    def drawn(self) -> dict[int, Drawn]:
        """Number -> every trial that was drawn."""
        names = [name for name in self._names() if name[:-5].isdecimal()]
        return {int(name[:-5]): Drawn(**self._read(name)) for name in names}

    def ended(self) -> dict[int, Ended]:
        """Number -> every trial that is over."""
        names = [name for name in self._names() if name.endswith(ENDED)]
        return {int(name.removesuffix(ENDED)): _ended(self._read(name)) for name in names}

    def rivals(self, before: int) -> dict[int, Ended]:
        """What a trial of the round that begins with number `before` may be raced against."""
        earlier = {n: trial for n, trial in self.ended().items() if n < before}
        return self._baseline() | earlier

    def _baseline(self) -> dict[int, Ended]:
        """The ECG baseline as trial 0, the first rival of a search.

        A distilled point that loses to it is of no use. The main job trains it before it searches;
        nothing where the plan does not train it.
        """
        if self.plan.baseline not in self.plan.methods:
            return {}
        experiments = self.sweep.over_folds(self.scheme, self.plan.point(self.plan.baseline))
        found = [done for e in experiments if (done := finished(e, self.store))]
        if len(found) < len(experiments):
            return {}
        return {0: Ended(number=0, state="COMPLETE", folds=fold_scores(found), reason="")}

    def _draw(self, numbers: range, earlier: Mapping[int, Ended]) -> dict[int, Drawn]:
        """Draw a round whole and write those of its trials that are not there yet."""
        drawn = self.drawn()
        told = [Told(drawn[n].params, trial.state, trial.means) for n, trial in earlier.items()]
        points = draw(self.plan, self.scheme, told)
        rival = best_number(self.rivals(numbers.start))
        self._create("study.json", self.spec)
        for number, point in zip(numbers, points, strict=False):
            trial = Drawn(number=number, params=point, rival=rival)
            self._create(f"{number:04d}.json", asdict(trial))
        return self.drawn()

    def _names(self) -> list[str]:
        return self.files.names(f"studies/{self.key}")

    def _read(self, name: str) -> dict[str, Any]:
        if name not in self._texts:
            self._texts[name] = self.files.read(f"studies/{self.key}/{name}")
        path = f"{self.store.root}/studies/{self.key}/{name}"
        value: dict[str, Any] = from_json(self._texts[name], path)
        return value

    def _create(self, name: str, value: Mapping[str, Any]) -> None:
        self.files.create(f"studies/{self.key}/{name}", as_json(value))


def spec_of(sweep: AnySweep, scheme: str) -> dict[str, Any]:
    """What decides every point and score of a search: not its length, nor how many run at once."""
    plan = sweep.plan
    trained = {
        method: [phases_of(e)[-1].key for e in sweep.over_folds(scheme, plan.point(method))]
        for method in plan.search.methods
    }
    spec = {"scheme": scheme, "seed": plan.seed, "search": plan.search.decides, "trained": trained}
    return spec | {"raced": plan.baseline in plan.methods}


def best_number(ended: Mapping[int, Ended]) -> int | None:
    """The complete trial of the best mean score, the earliest of equal ones; None without one."""
    complete = {n: trial.means[-1] for n, trial in ended.items() if trial.state == "COMPLETE"}
    return min(complete, key=lambda number: (-complete[number], number), default=None)


def fold_scores(outcomes: Sequence[Outcome]) -> tuple[FoldScore, ...]:
    """The scores of every fold that has a result."""
    done = [outcome for outcome in outcomes if not outcome.failed]
    return tuple(
        FoldScore(score=outcome.validation["score"], subjects=subjects)
        for outcome, subjects in zip(done, scores_of(done), strict=True)
    )


def _ended(raw: dict[str, Any]) -> Ended:
    folds = tuple(FoldScore(**fold) for fold in raw["folds"])
    return Ended(**raw | {"folds": folds})
