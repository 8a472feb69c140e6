"""What staging under noise scored: each condition, and what a denoiser in front gains or costs.

Counts of nights in, scores with intervals over people out; nights of one person are one person's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from orchestration.denoising.stress_fronts import BARE
from orchestration.denoising.stress_store import Level, StressedNight
from orchestration.evidence.floors import FLOORS, floor_of
from orchestration.evidence.intervals import Interval, bca
from orchestration.evidence.paired import Comparison, compare, holm
from orchestration.evidence.scores import SCORES, Score

NAMES = ("kappa", "weighted_f1", "macro_f1", "accuracy")


@dataclass(frozen=True, kw_only=True, eq=False)
class Heard:
    """A row of a scheme in one condition: its test nights, all folds together."""

    scheme: str
    row: str
    level: Level
    learned: str
    """Name of the denoiser that the networks learned behind, or BARE's."""
    front: str
    nights: Sequence[StressedNight]

    @property
    def people(self) -> Mapping[str, np.ndarray]:
        """Person -> (K, K), the confusion of all of their nights."""
        found: dict[str, np.ndarray] = {}
        for night in self.nights:
            found[night.person] = found.get(night.person, 0) + night.confusion.counts
        return found

    @property
    def middle_snr_db(self) -> float:
        """Of the middle night's middle segment; NaN of clean ECG."""
        known = [n.middle_snr_db for n in self.nights if n.middle_snr_db is not None]
        return float(np.median(known)) if known else np.nan

    @property
    def spread_mv(self) -> float:
        """Interquartile range of the middle night's ECG."""
        return float(np.median([night.spread_mv for night in self.nights]))


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What a denoiser in front changed in one score."""

    pooled: Interval
    """Of the score of all segments together."""
    people: Comparison
    """Of each person's own score."""
    holm_p: float
    """Wilcoxon p, adjusted for all levels of noise and groups of this row, denoiser and score."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Everything known of one condition; scores by NAMES."""

    scheme: str
    row: str
    level: Level
    learned: str
    front: str
    nights: int
    people: int
    segments: int
    middle_snr_db: float
    spread_mv: float
    scores: Mapping[str, Interval]
    floors: Mapping[str, Mapping[str, float]]
    """Row of FLOORS -> score -> value, on the same segments."""
    gains: Mapping[str, Gain]
    """Against nothing in front; empty where that is the condition."""


def lines_of(heard: Sequence[Heard]) -> list[Line]:
    """A line for each condition, in their order.

    Raises:
        ValueError: a condition was staged on other nights than the one without a denoiser.
    """
    bare = {(h.scheme, h.row, h.level): h for h in heard if h.front == BARE.name}
    pairs = [(h, bare[h.scheme, h.row, h.level]) for h in heard if h.front != BARE.name]
    gained: dict[int, dict[str, Gain]] = {id(h): {} for h in heard}
    for family in dict.fromkeys((h.scheme, h.row, h.front) for h, _ in pairs):
        mine = [p for p in pairs if (p[0].scheme, p[0].row, p[0].front) == family]
        for name in NAMES:
            for (one, _), gain in zip(mine, _family(mine, SCORES[name]), strict=True):
                gained[id(one)][name] = gain
    return [_line(one, gained[id(one)]) for one in heard]


def _line(heard: Heard, gains: Mapping[str, Gain]) -> Line:
    counts = np.stack(list(heard.people.values()))  # (people, K, K)
    support = counts.sum(axis=(0, 2))
    return Line(
        scheme=heard.scheme,
        row=heard.row,
        level=heard.level,
        learned=heard.learned,
        front=heard.front,
        nights=len(heard.nights),
        people=len(counts),
        segments=int(counts.sum()),
        middle_snr_db=heard.middle_snr_db,
        spread_mv=heard.spread_mv,
        scores={name: bca(counts, SCORES[name]) for name in NAMES},
        floors={name: _only(floor_of(support, name).scores) for name in FLOORS},
        gains=gains,
    )


def _only(scores: Mapping[str, float]) -> dict[str, float]:
    return {name: scores[name] for name in NAMES}


def _family(pairs: Sequence[tuple[Heard, Heard]], score: Score) -> list[Gain]:
    """One score with and without a denoiser: the family that Holm's correction is over."""
    stacked = [_paired(ours, theirs) for ours, theirs in pairs]  # (people, 2, K, K) each
    found = [compare(score(both[:, 0]), score(both[:, 1])) for both in stacked]
    adjusted = holm([comparison.wilcoxon_p for comparison in found])

    def difference(counts: np.ndarray) -> np.ndarray:
        with_it, without = np.moveaxis(score(counts), -1, 0)  # (..., 2) -> (...) twice
        return np.asarray(with_it - without)

    return [
        Gain(pooled=bca(both, difference), people=comparison, holm_p=p)
        for both, comparison, p in zip(stacked, found, adjusted, strict=True)
    ]


def _paired(ours: Heard, theirs: Heard) -> np.ndarray:
    """(people, 2, K, K): with a denoiser, and without."""
    nights, others = ({night.subject for night in one.nights} for one in (ours, theirs))
    if nights != others:
        raise ValueError(f"{ours.front} and {theirs.front} were not run on the same nights.")
    ours_by, theirs_by = ours.people, theirs.people
    return np.stack([np.stack([ours_by[person], theirs_by[person]]) for person in ours_by])
