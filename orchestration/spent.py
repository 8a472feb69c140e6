"""Where the time of a phase goes: beginning, training, waiting for windows, writing. No Ray.

What was trained before the phase was taken up again is not in it.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

FIELDS = (
    "start_s",  # until the first epoch: nights are opened, networks made
    "train_s",  # all epochs, validation and a teacher's maps included
    "waited_s",  # of these: until windows were cut; what a GPU copies or cuts goes on meanwhile
    "end_s",  # results are made and written
)


class Clock:
    """Adds up the time that passes within it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """While it lasts, time is added."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began


class Laps:
    """Divides the time from now on."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._from = time.perf_counter()

    def end(self, name: str) -> None:
        """What has passed since the last one is of that name."""
        now = time.perf_counter()
        self.spent[name] = now - self._from
        self._from = now


class Build(NamedTuple):
    """How a complete phase came about."""

    by: str
    """The run that trained it."""
    spent: Mapping[str, float]
    """FIELDS; empty if it was not timed."""


def total(spent: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Sums over phases, and how many; nothing of none, nor of those that were not timed."""
    timed = [one for one in spent if one]
    if not timed:
        return {}
    return {"phases": len(timed)} | {name: sum(one[name] for one in timed) for name in FIELDS}


def in_words(spent: Mapping[str, float]) -> str:
    """What the phases of a sweep took, in a sentence."""
    whole = sum(spent[name] for name in ("start_s", "train_s", "end_s"))
    start, train, end = (_share(spent[name], whole) for name in ("start_s", "train_s", "end_s"))
    return (
        f"{spent['phases']:.0f} phases took {whole:.0f} s, one after another: {start} until the "
        f"first epoch, {train} training, {end} for results. Of the training "
        f"{_share(spent['waited_s'], spent['train_s'])} was waiting for data."
    )


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole if whole else 0:.1f} %"
