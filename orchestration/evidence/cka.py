"""Linear CKA: how alike two networks see the same examples, whatever their channels are called.

Takes features (n, p) and (n, q) of the same examples, a piece at a time; gives a number that is
1 for features that differ by a rotation and a scale, 0 for features that share nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

FEWEST = 4  # examples that the unbiased estimate needs
ROUNDING = 1e-12  # of the energy of features; less variance than that is none


@dataclass(frozen=True, eq=False)
class Products:
    """What CKA needs to know of two networks' features; the products of two pieces add up.

    Memory: (p + q + 3)^2 numbers of 8 bytes, 8.4 MB for 512 channels each, however many examples.
    """

    width: int
    """p, features of the first network."""

    sums: np.ndarray
    """(p + q + 3, p + q + 3) float64: Z'Z, where a row of Z is x, y, |x|^2, |y|^2, 1."""

    @classmethod
    def of(cls, first: np.ndarray, second: np.ndarray) -> Self:
        """Of some examples: features (n, p) and (n, q), in the same order."""
        x, y = first.astype(np.float64), second.astype(np.float64)
        energies = [np.square(features).sum(axis=1) for features in (x, y)]
        rows = np.column_stack([x, y, *energies, np.ones(len(x))])
        return cls(x.shape[1], rows.T @ rows)

    def __add__(self, other: Self) -> Self:
        assert self.width == other.width
        return type(self)(self.width, self.sums + other.sums)

    @property
    def examples(self) -> int:
        """n."""
        return round(float(self.sums[-1, -1]))

    @property
    def cka(self) -> float | None:
        """Linear CKA; None where a network says the same of all examples.

        Few examples of many features look alike by chance, towards 1 as n falls below p.
        Source: CKA of Kornblith et al. 2019, arXiv:1905.00414, with a linear kernel.
        """
        return self._normalised(self._biased)

    @property
    def unbiased_cka(self) -> float | None:
        """CKA that is about 0 for features that share nothing, however few examples there are.

        It can fall below 0. None of fewer than FEWEST examples, or where a network tells nothing.
        Source: HSIC_1 of Song et al. 2012 (JMLR 13, Eq. 5), in CKA as Nguyen et al. 2021 use it
        (arXiv:2010.15327).
        Differs: HSIC of all examples at once, where theirs is a mean over minibatches.
        """
        return self._normalised(self._unbiased) if self.examples >= FEWEST else None

    def _normalised(self, shared: Callable[[int, int], float]) -> float | None:
        """What two networks share, by what each shares with itself."""
        first, second = shared(0, 0), shared(1, 1)
        if not (self._tells(0) and self._tells(1) and first > 0 and second > 0):
            return None
        return float(shared(0, 1) / np.sqrt(first * second))

    def _tells(self, network: int) -> bool:
        """Whether the features differ at all from example to example."""
        variance = self._distances(network) @ self.sums[:, -1]
        return bool(variance > ROUNDING * self.sums[network - 3, -1])

    def _biased(self, one: int, other: int) -> float:
        """|X'Y|^2 of centred features, (n - 1)^2 times the HSIC of Kornblith et al."""
        x, y = self._columns(one), self._columns(other)
        n = self.sums[-1, -1]
        centred = self.sums[x, y] - np.outer(self.sums[x, -1], self.sums[-1, y]) / n
        return float(np.square(centred).sum())

    def _unbiased(self, one: int, other: int) -> float:
        """n (n - 3) HSIC_1, of centred features, which leaves it what it is.

        Their similarities K and L, (n, n), then have rows that sum to 0, and without their
        diagonals all that is left of them are sums over examples.
        """
        a, b = self._distances(one), self._distances(other)
        n, count = self.sums[-1, -1], self.sums[:, -1]
        both = a @ self.sums @ b  # the diagonals of K and L, multiplied
        rest = (a @ count) * (b @ count) / ((n - 1) * (n - 2))
        return float(self._biased(one, other) - both * n / (n - 2) + rest)

    def _distances(self, network: int) -> np.ndarray:
        """What makes a row of Z into an example's squared distance from the mean example."""
        own = self._columns(network)
        mean = self.sums[own, -1] / self.sums[-1, -1]
        weights = np.zeros(len(self.sums))
        weights[own], weights[network - 3], weights[-1] = -2 * mean, 1.0, mean @ mean
        return weights

    def _columns(self, network: int) -> slice:
        """Columns of Z that are the first (0) or the second (1) network's features."""
        return slice(self.width) if network == 0 else slice(self.width, len(self.sums) - 3)
