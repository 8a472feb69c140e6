"""When trials ran side by side: the slot of each run, and a clock that leaves out long pauses."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from orchestration.evidence.trials import Run, TrialPoint

PAUSE = 3.0  # times the median run: a pause that is longer is cut out
CUT = 0.03  # of the time that is shown: how wide a pause that was cut is drawn


class Bar(NamedTuple):
    """One run of a trial and where it is drawn."""

    trial: TrialPoint
    run: Run
    slot: int
    """From 0; each machine has its own."""
    last: bool
    """Whether the trial ended with it; else it was interrupted."""


class Clock(NamedTuple):
    """Time as it is drawn, without long pauses."""

    sessions: Sequence[tuple[float, float]]
    """When work began and ended, s."""
    width: float
    """Of a pause that was cut, s."""

    def place(self, time: float) -> float:
        """Where a moment within a session is drawn, s from the left."""
        before = 0.0
        for began, ended in self.sessions:
            if time <= ended:
                return before + time - began
            before += ended - began + self.width
        return before

    @property
    def end(self) -> float:
        """Where the last session ends."""
        return self.place(self.sessions[-1][1])


def bars_of(trials: Sequence[TrialPoint]) -> list[Bar]:
    """Every run as they began, each in the first slot of its machine that is free."""
    runs = sorted((run, trial) for trial in trials for run in trial.runs)
    hosts = list(dict.fromkeys(run.host for run, _ in runs))
    ends: dict[str, list[float]] = {host: [] for host in hosts}
    placed = []
    for run, trial in runs:
        mine = ends[run.host]
        free = next((slot for slot, ended in enumerate(mine) if ended <= run.began), len(mine))
        mine[free : free + 1] = [run.ended]
        placed.append((trial, run, free))
    firsts = dict(zip(hosts, np.cumsum([0, *(len(ends[host]) for host in hosts)]), strict=False))
    return [
        Bar(trial, run, int(firsts[run.host]) + slot, run == trial.runs[-1])
        for trial, run, slot in placed
    ]


def clock_of(runs: Sequence[Run]) -> Clock:
    """Sessions: spans of time with no pause longer than PAUSE times the median run."""
    longest = PAUSE * float(np.median([run.ended - run.began for run in runs]))
    sessions: list[tuple[float, float]] = []
    for run in sorted(runs):
        if sessions and run.began - sessions[-1][1] <= longest:
            began, ended = sessions.pop()
            sessions.append((began, max(ended, run.ended)))
        else:
            sessions.append((run.began, run.ended))
    worked = sum(ended - began for began, ended in sessions)
    return Clock(sessions, CUT * max(worked, 1.0))
