"""How sure a score is: BCa bootstrap intervals over subjects, who are what a study samples.

Segments of one night resemble each other, so subjects are drawn, with all their segments.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import DegenerateDataWarning, bootstrap

from orchestration.evidence.scores import Score

LEVEL = 0.95
RESAMPLES = 2000  # so many that another seed moves a bound by some 2 % of the interval's width
BATCH = 500  # resamples held in memory at once
FEWEST = 2  # subjects that have an interval
ROUNDING = 1e-12  # scores that differ by less are the same

Statistic = Callable[..., np.ndarray]


class Interval(NamedTuple):
    """A number and the bounds between which it may lie; the bounds are NaN where none exist."""

    estimate: float
    low: float
    high: float

    def excludes(self, value: float = 0.0) -> bool:
        """Whether `value` lies outside; bounds of NaN exclude nothing."""
        return value < self.low or value > self.high


def bca(
    counts: np.ndarray,
    score: Score,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """The score of the pooled counts, with its interval over subjects.

    Shapes: counts (n, ..., K, K), a matrix or more for each subject; `score` takes their sum over
    subjects (..., K, K), behind any leading axis. Two networks' counts, stacked (n, 2, K, K), and
    the difference of their scores give the interval of a gain.
    Source: BCa of Efron, Journal of the American Statistical Association 82 (1987) 171-185.
    """
    flat = counts.reshape(len(counts), -1).astype(np.float64)

    def of_subjects(index: np.ndarray, axis: int = -1) -> np.ndarray:
        pooled = _times_drawn(index, len(counts)) @ flat  # (..., n) -> (..., K * K)
        return score(pooled.reshape(*index.shape[:-1], *counts.shape[1:]))

    estimate = float(score(counts.sum(axis=0)))
    return _bounded(estimate, np.arange(len(counts)), of_subjects, level, resamples, seed)


def bca_mean(
    values: np.ndarray, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """The mean of one value a subject (n,), a score or a difference, with its interval."""
    estimate = float(np.mean(values)) if len(values) else np.nan
    return _bounded(estimate, values, np.mean, level, resamples, seed)


def _bounded(
    estimate: float,
    sample: np.ndarray,
    statistic: Statistic,
    level: float,
    resamples: int,
    seed: int,
) -> Interval:
    """The estimate within BCa bounds: NaN of one subject, or where all resamples are alike."""
    if len(sample) < FEWEST:
        return Interval(estimate, np.nan, np.nan)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", DegenerateDataWarning)  # NaN bounds say it
        found = bootstrap(
            (sample,),
            statistic,
            vectorized=True,
            method="BCa",
            confidence_level=level,
            n_resamples=resamples,
            batch=BATCH,
            rng=np.random.default_rng(seed),
        )
    if np.ptp(found.bootstrap_distribution) < ROUNDING:
        return Interval(estimate, np.nan, np.nan)
    return Interval(estimate, *map(float, found.confidence_interval))


def _times_drawn(index: np.ndarray, n: int) -> np.ndarray:
    """(..., m) drawn subjects -> (..., n): how often each of the n was drawn."""
    draws = index.astype(np.int64).reshape(-1, index.shape[-1])  # (B, m)
    cells = draws + n * np.arange(len(draws))[:, None]
    drawn = np.bincount(cells.ravel(), minlength=len(draws) * n)
    return drawn.reshape(*index.shape[:-1], n).astype(np.float64)
