"""What a search looks for and how much it may spend; part of every plan."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from kd_core.methods import STAGING

FREE = ("trials", "concurrent")  # fields of a search that decide no point and no score


class Range(NamedTuple):
    """Numbers that a search draws from."""

    low: float
    high: float
    log: bool = False
    """Whether it draws their logarithms evenly."""


@dataclass(frozen=True, kw_only=True)
class AnySearch:
    """What Optuna looks for and how much it may spend. Every part is a field of the plan."""

    trials: int = 32  # points, per scheme; 0 turns the search off
    methods: tuple[str, ...]
    alpha: tuple[float, float] = (0.05, 0.95)  # searched only where a method depends on it
    layers: tuple[str, ...] = ("all", "encoder", "bottleneck", "decoder", "deep")  # only with AT
    startup: int = 8  # random points before TPE takes over
    round: int = 4  # points drawn together; many machines want many, TPE learns more from few
    # A trial stops once its rival beats it with a p below this; 0: never. At a half it stops once
    # it is behind, as SMAC drops challengers: what is lost are near equals, which seeds part more.
    prune_p: float = 0.5
    concurrent: int = 0  # trials at a time; 0 is as many as the resources hold

    def __post_init__(self) -> None:
        at_least("search.trials", self.trials, 0)
        at_least("search.startup", self.startup, 0)
        at_least("search.round", self.round, 1)
        at_least("search.concurrent", self.concurrent, 0)
        if not 0.0 <= self.prune_p <= 1.0:
            raise ValueError(f"search.prune_p is {self.prune_p}; it must lie in 0..1.")
        low, high = self.alpha
        if not 0.0 <= low <= high <= 1.0:
            raise ValueError(f"search.alpha is {self.alpha}; it must be LOW HIGH within 0..1.")
        for name, (low, high, log) in self.ranges.items():
            if log and not 0.0 < low <= high < math.inf:
                raise ValueError(f"search.{name} is {(low, high)}; it must be LOW HIGH above 0.")

    @property
    def decides(self) -> dict[str, Any]:
        """What decides every point and score: not its length, nor how many run at once."""
        return {name: value for name, value in asdict(self).items() if name not in FREE}

    @property
    def asked(self) -> dict[str, Any]:
        """What a sweep asks of it, whatever the machines; nothing where it is off."""
        return {"trials": self.trials} | self.decides if self.trials else {}

    @property
    def ranges(self) -> Mapping[str, Range]:
        """Numbers that are searched, where the method depends on them."""
        return {"alpha": Range(*self.alpha)}


@dataclass(frozen=True, kw_only=True)
class Search(AnySearch):
    """What it looks for among stagers."""

    methods: tuple[str, ...] = ("SD+CL", "AT+CL", "AT+SD+CL")
    temperature: tuple[float, float] = (1.0, 8.0)  # as alpha; on a log scale

    def __post_init__(self) -> None:
        known("search.methods", self.methods, STAGING)
        if "EEG baseline" in self.methods:
            raise ValueError("search.methods: the search is for ECG; leave out 'EEG baseline'.")
        super().__post_init__()

    @property
    def ranges(self) -> Mapping[str, Range]:
        """Alpha and temperature."""
        return {**super().ranges, "temperature": Range(*self.temperature, log=True)}


def known(name: str, values: Sequence[str], allowed: Iterable[str]) -> None:
    """Refuse what is not in a table, and nothing at all."""
    rows = list(allowed)
    unknown = [value for value in values if value not in rows]
    if unknown or not values:
        raise ValueError(f"{name}: {unknown or 'nothing'} is not known; choose from {rows}.")


def at_least(name: str, value: int, least: int) -> None:
    """Refuse a number that is too small."""
    if value < least:
        raise ValueError(f"{name} is {value}; it must be {least} or more.")
