"""How long a sweep still takes, at the pace that its own phases have shown; no Ray.

What is to come is `orchestration.estimate`'s, its hours `orchestration.pace`'s. A step is taken to
cost what one of its kind has cost in the epochs that this command has trained, validation
included; a kind that was not seen yet costs what a step cost on average.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from orchestration.epochs import epochs_of
from orchestration.estimate import needs_of, size_of
from orchestration.followed import Seen
from orchestration.pace import Kind, Pace, hours_of, kind_of
from orchestration.store import Store, this_run
from orchestration.sweeps import Sweep


class Left(NamedTuple):
    """An estimate, and what it rests on."""

    most_s: float  # if no trial is stopped and every phase goes through all of its epochs
    best_s: float  # if racing and patience stop all that they can
    phases: int  # that were timed

    def text(self, since_s: float) -> str:
        """For people, so many seconds after it was made."""
        most, best = (_long(s - since_s) for s in (self.most_s, self.best_s))
        bounds = f" at most, {best} at best" if most != best else ""
        return f"{most} of training{bounds}, at the pace of {self.phases} phase(s)"


class Pacer:
    """Times the phases that this command trains."""

    def __init__(self, sweep: Sweep, store: Store) -> None:
        """Begin with none."""
        self.sweep, self.store = sweep, store
        self._subjects = {subject.name: subject for subject in sweep.subjects}
        self._heard: set[str] = set()
        self._phases = 0
        self._told: tuple[object, Left | None] = None, None  # for what, and the answer
        self._seconds: dict[Kind, float] = defaultdict(float)
        self._steps: Counter[Kind] = Counter()

    def left(self, seen: Seen) -> Left | None:
        """What is left of the training; None before this command has trained a phase."""
        self._hear(seen)
        done = seen.done.keys() | seen.given_up
        ended = Counter(trial.scheme for trial in seen.trials if trial.ended)
        if self._phases and (done, ended) != self._told[0]:  # it takes a while of many phases
            self._told = (done, ended), self._left(done, ended)
        return self._told[1]

    def _left(self, done: set[str], ended: Mapping[str, int]) -> Left:
        plan, paces = self.sweep.plan, self._paces()
        most, best = (
            3600 * hours_of(needs_of(self.sweep, done, ended, b), self._subjects, b, plan, paces)
            for b in (False, True)
        )
        return Left(most, best, self._phases)

    def _hear(self, seen: Seen) -> None:
        """Add the phases that are finished since the last look."""
        for key in seen.done.keys() - self._heard:
            self._heard.add(key)
            if self.store.build_of(key).by != this_run():
                continue
            epochs, kind = epochs_of(key, self.store), kind_of(seen.done[key])
            batches = size_of(seen.done[key], self._subjects, False).batches
            self._phases += 1
            self._seconds[kind] += sum(epoch.seconds for epoch in epochs)
            self._steps[kind] += batches * len(epochs)

    def _paces(self) -> Mapping[Kind, Pace]:
        mean = Pace(sum(self._seconds.values()) / self._steps.total(), 0.0)
        seen = {kind: Pace(self._seconds[kind] / self._steps[kind], 0.0) for kind in self._steps}
        return defaultdict(lambda: mean, seen)


def _long(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds))) if seconds >= 60 else "under a minute"
