"""Does distillation make a student's features like its teacher's? Counted over test segments.

The paper shows bottleneck features of a teacher, a baseline and a distilled student for two cases
(Fig. 2 of arXiv:2112.07252). Here each layer's likeness to the teacher is measured before
distillation (the baseline) and after (the student), over all segments of each case, by

- cosine: of the attention maps of one window, vec(F(A)) with F(A) = sum over channels of A^2 as in
  Eq. 3, which are as long in both networks however many channels they have: when in the window it
  is active. A segment has the cosine of the window that it is scored in. Segments cannot have
  their own: at the bottleneck of a network that pools over minutes they are a position or two
  long. Maps are nowhere negative, so unrelated ones are far from 0;
- CKA: of the channels' means over each segment, a row a segment: what it tells segments apart by.

Differs: of a window those segments count that are scored in it. Eq. 3 sees those as well that have
no label, and the last window of a night once more what the window before it held. Ours: networks
of one architecture begin with the same weights, so before distillation they are more alike than
ones that do not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from orchestration.evidence.cka import Products

ROLES = ("teacher", "baseline", "student")
GAINED, LOST = "student right, baseline wrong", "student wrong, baseline right"
ALL = "all segments"
TINY = np.finfo(np.float64).tiny


class Measures(NamedTuple):
    """How like the teacher's features another network's are; None: not defined."""

    cosine: float | None
    """Of attention maps of windows, mean over segments; none of maps of one position."""
    cka: float | None
    """Linear CKA of channel means; of few segments it is too high."""
    unbiased_cka: float | None
    """The same without that bias."""


class Likeness(NamedTuple):
    """How like its teacher's a layer is over the segments of one case in one fold."""

    layer: str
    case: str
    """GAINED, LOST or ALL."""
    segments: int
    before: Measures
    """The baseline, which had no teacher."""
    after: Measures
    """The distilled student."""
    people: Mapping[str, tuple[float, float, float]]
    """Person -> segments that have a cosine, the sums of theirs before and after."""


@dataclass(frozen=True, eq=False)
class Sums:
    """What the measures of some segments follow from; the sums of two pieces add up."""

    cosines: Mapping[str, np.ndarray]
    """Person -> segments that have a cosine, and the sum of theirs, (2,)."""
    products: Products

    @classmethod
    def of(cls, person: str, cosines: np.ndarray, means: Sequence[np.ndarray]) -> Self:
        """Of a layer in the teacher and in the other network.

        Shapes: cosines (n,), channel means (n, C), one for either network; C may differ.
        """
        known = cosines[np.isfinite(cosines)]
        return cls({person: np.array([len(known), known.sum()])}, Products.of(*means))

    def __add__(self, other: Self) -> Self:
        people = dict(self.cosines)
        for person, sums in other.cosines.items():
            people[person] = people[person] + sums if person in people else sums
        return type(self)(people, self.products + other.products)

    @property
    def segments(self) -> int:
        """n."""
        return self.products.examples

    @property
    def measures(self) -> Measures:
        """None throughout where there are no segments."""
        if not self.segments:
            return Measures(None, None, None)
        count, total = sum(self.cosines.values(), np.zeros(2)).tolist()
        found = self.products
        return Measures(total / count if count else None, found.cka, found.unbiased_cka)


def cosines_of(first: np.ndarray, second: np.ndarray, window: np.ndarray) -> np.ndarray:
    """(n,): for each segment the cosine of its window's attention maps; 0 where one is all zero.

    NaN for a window of one position: it would be 1 whatever the maps hold.
    Shapes: maps (n, L), a row a segment; window (n,), small numbers that tell which.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    aa, bb, ab = (np.bincount(window, (x * y).sum(1)) for x, y in ((a, a), (b, b), (a, b)))
    found = ab / np.maximum(np.sqrt(aa) * np.sqrt(bb), TINY)
    long = np.bincount(window) * first.shape[1] > 1
    mine: np.ndarray = np.where(long, found, np.nan)[window]
    return mine


def cases_of(
    labels: np.ndarray, baseline: np.ndarray, student: np.ndarray
) -> dict[str, np.ndarray]:
    """Case -> which segments are of it, (n,) bool.

    Shapes: labels (n,), the probabilities of both networks (n, K); the likeliest class counts.
    """
    was, now = (said.argmax(axis=1) == labels for said in (baseline, student))
    return {GAINED: now & ~was, LOST: was & ~now, ALL: np.ones(len(labels), bool)}
