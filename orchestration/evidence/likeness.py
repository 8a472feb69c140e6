"""Does distillation make a student's features like its teacher's? Counted over test segments.

The paper shows bottleneck features of a teacher, a baseline and a distilled student for two cases
(Fig. 2 of arXiv:2112.07252). Here each layer's likeness to the teacher is measured before
distillation (the baseline) and after (the student), over all segments of each case, by

- cosine: of the attention maps of one segment, vec(F(A)) with F(A) = sum over channels of A^2 as
  in Eq. 3, which are as long in both networks however many channels they have: when in the
  segment it is active. Maps are nowhere negative, so unrelated ones are far from 0, and the
  more so the fewer positions a segment has; of one position there is no cosine;
- CKA: of the channels' means over each segment, a row a segment: what it tells segments apart by.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from orchestration.evidence.cka import Products

ROLES = ("teacher", "baseline", "student")
GAINED, LOST = "student right, baseline wrong", "student wrong, baseline right"
ALL = "all segments"
TINY = np.finfo(np.float64).tiny


class Measures(NamedTuple):
    """How like the teacher's features another network's are; None: not defined."""

    cosine: float | None
    """Of attention maps, mean over segments; none of maps of one position."""
    cka: float | None
    """Linear CKA of channel means; of few segments it is too high."""
    unbiased_cka: float | None
    """The same without that bias."""


class Likeness(NamedTuple):
    """How like its teacher's a layer is over the segments of one case."""

    layer: str
    case: str
    """GAINED, LOST or ALL."""
    segments: int
    before: Measures
    """The baseline, which had no teacher."""
    after: Measures
    """The distilled student."""

    @property
    def row(self) -> dict[str, Any]:
        """As a row of a table."""
        sides = {"before": self.before, "after": self.after}
        measures = {f"{m}_{side}": v for side, s in sides.items() for m, v in s._asdict().items()}
        return {"layer": self.layer, "case": self.case, "segments": self.segments, **measures}


@dataclass(frozen=True, eq=False)
class Sums:
    """What the measures of some segments follow from; the sums of two pieces add up."""

    cosine: float
    """Summed over segments."""
    products: Products

    @classmethod
    def of(cls, maps: Sequence[np.ndarray], means: Sequence[np.ndarray]) -> Self:
        """Of a layer in the teacher and in the other network.

        Shapes: attention maps (n, L) and channel means (n, C), one of each for either network; C
        may differ.
        """
        return cls(float(cosine(*maps).sum()), Products.of(*means))

    def __add__(self, other: Self) -> Self:
        return type(self)(self.cosine + other.cosine, self.products + other.products)

    @property
    def segments(self) -> int:
        """n."""
        return self.products.examples

    @property
    def measures(self) -> Measures:
        """None throughout where there are no segments."""
        if not self.segments:
            return Measures(None, None, None)
        found = self.products
        mean = None if math.isnan(self.cosine) else self.cosine / self.segments
        return Measures(mean, found.cka, found.unbiased_cka)


def cosine(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(n,): the cosine of each pair of rows (n, L); 0 where a row is all zero.

    NaN for L = 1: it would be 1 whatever the rows hold.
    """
    if first.shape[1] < 2:
        return np.full(len(first), np.nan)
    a, b = first.astype(np.float64), second.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    found: np.ndarray = (a * b).sum(axis=1) / np.maximum(lengths, TINY)
    return found


def cases_of(
    labels: np.ndarray, baseline: np.ndarray, student: np.ndarray
) -> dict[str, np.ndarray]:
    """Case -> which segments are of it, (n,) bool.

    Shapes: labels (n,), the probabilities of both networks (n, K); the likeliest class counts.
    """
    was, now = (said.argmax(axis=1) == labels for said in (baseline, student))
    return {GAINED: now & ~was, LOST: was & ~now, ALL: np.ones(len(labels), bool)}


def combined(folds: Iterable[Sequence[Likeness]]) -> list[Likeness]:
    """All folds: cosines over all segments; CKA fold by fold, then the mean.

    Networks of different folds are different networks: their features are no features of one.
    """
    found: dict[tuple[str, str], list[Likeness]] = {}
    for one in (one for fold in folds for one in fold):
        found.setdefault((one.layer, one.case), []).append(one)
    return [_combined(parts) for parts in found.values()]


def _combined(parts: Sequence[Likeness]) -> Likeness:
    segments = [part.segments for part in parts]
    before = _means([part.before for part in parts], segments)
    after = _means([part.after for part in parts], segments)
    return Likeness(parts[0].layer, parts[0].case, sum(segments), before, after)


def _means(folds: Sequence[Measures], segments: Sequence[int]) -> Measures:
    alike = [1] * len(folds)
    return Measures(
        _mean([fold.cosine for fold in folds], segments),
        _mean([fold.cka for fold in folds], alike),
        _mean([fold.unbiased_cka for fold in folds], alike),
    )


def _mean(values: Sequence[float | None], weights: Sequence[int]) -> float | None:
    """Weighted mean of those that are defined."""
    known = [(v, w) for v, w in zip(values, weights, strict=True) if v is not None]
    return sum(v * w for v, w in known) / sum(w for _, w in known) if known else None
