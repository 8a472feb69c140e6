"""How far a sweep has come, told by its storage alone; no Ray.

Phases, failures, leases and studies say which phases are finished or being trained and what became
of every trial. So whoever looks needs no word from a worker, and a sweep that was interrupted is
seen whole when it goes on.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from orchestration.build import scores_of
from orchestration.experiment import Phase, Point, phases_of
from orchestration.space import point_in
from orchestration.store import Store
from orchestration.study import Drawn, Ended, Study
from orchestration.sweeps import Sweep

Chain = tuple[Phase, ...]  # an experiment's phases; the last one is its result


class SeenTrial(NamedTuple):
    """A trial that was drawn."""

    study: str  # key of its study
    scheme: str
    number: int
    point: Point
    scores: tuple[float, ...]  # of the folds that have a result
    busy: bool  # whether it has begun and has not ended
    ended: Ended | None

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """What the trial's method depends on, and the method."""
        point = self.point
        return {"method": point.method} | {name: getattr(point, name) for name in point.parameters}


class Seen(NamedTuple):
    """A sweep at one moment."""

    stage: str  # "baselines", "search <scheme>" or "scoring"
    fixed: tuple[int, int]  # experiments of the table, each seed: over, and in all
    done: Mapping[str, Phase]  # the sweep's phases that are finished, by key
    busy: Mapping[str, Phase]  # those that are being trained
    given_up: frozenset[str]  # keys of phases that cannot be trained
    trials: tuple[SeenTrial, ...]  # in the order in which they were drawn, scheme after scheme


class Followed:
    """A sweep in its storage."""

    def __init__(self, sweep: Sweep, store: Store) -> None:
        """Take the sweep; nothing is read yet."""
        self.sweep, self.store, plan = sweep, store, sweep.plan
        self._fixed = [phases_of(e) for one in (sweep, *sweep.repeats) for e in one.of_methods()]
        searched = plan.schemes if plan.search.trials else ()
        self._studies = [Study(sweep, scheme, store) for scheme in searched]
        self._drawn: dict[tuple[str, int], list[Chain]] = {}
        self._scores: dict[str, float] = {}

    def look(self) -> Seen:
        """The sweep as it is now."""
        done, failed = self.store.phase_keys(), self.store.failed_keys()
        leased = {name.split(".")[0] for name in self.store.files.names("leases")} - done
        trials = tuple(
            self._trial(study, drawn, ended.get(drawn.number), done, leased)
            for study in self._studies
            for ended in [study.ended()]
            for drawn in study.drawn().values()
            if drawn.number <= self.sweep.plan.search.trials
        )
        chains = [*self._fixed, *(chain for own in self._drawn.values() for chain in own)]
        phases = {phase.key: phase for chain in chains for phase in chain}
        over = sum(_is_over(chain, done, failed) for chain in self._fixed)
        return Seen(
            stage=self._stage(over, trials),
            fixed=(over, len(self._fixed)),
            done={key: phase for key, phase in phases.items() if key in done},
            busy={key: phase for key, phase in phases.items() if key in leased},
            given_up=frozenset(failed),
            trials=trials,
        )

    def _stage(self, over: int, trials: tuple[SeenTrial, ...]) -> str:
        """What the main job is at; test subjects are scored where neither trains anything."""
        if over < len(self._fixed):
            return "baselines"
        ended = Counter(trial.scheme for trial in trials if trial.ended)
        schemes = [study.scheme for study in self._studies] if trials else []
        left = [scheme for scheme in schemes if ended[scheme] < self.sweep.plan.search.trials]
        return f"search {left[0]}" if left else "scoring"

    def _trial(
        self, study: Study, drawn: Drawn, ended: Ended | None, done: set[str], leased: set[str]
    ) -> SeenTrial:
        point = point_in(drawn.params, self.sweep.plan)
        name = (study.scheme, drawn.number)
        if name not in self._drawn:
            self._drawn[name] = self._chains(study.scheme, point)
        if ended:
            scores, busy = tuple(fold.score for fold in ended.folds), False
        else:
            keys = [chain[-1].key for chain in self._drawn[name] if chain[-1].key in done]
            scores = tuple(map(self._score, keys))
            trained = {phase.key for chain in self._drawn[name] for phase in chain}
            busy = bool(scores) or not leased.isdisjoint(trained)
        return SeenTrial(study.key, study.scheme, drawn.number, point, scores, busy, ended)

    def _chains(self, scheme: str, point: Point) -> list[Chain]:
        return [phases_of(experiment) for experiment in self.sweep.over_folds(scheme, point)]

    def _score(self, key: str) -> float:
        """What the plan selects by; a finished phase never changes, so it is read once."""
        if key not in self._scores:
            self._scores[key] = float(scores_of(key, self.store)["score"])
        return self._scores[key]


def _is_over(chain: Chain, done: set[str], failed: set[str]) -> bool:
    """Whether an experiment has its result, or never will."""
    return chain[-1].key in done or any(phase.key in failed for phase in chain)
