"""Two methods compared on the same subjects: how much better, how surely, for how many.

Subjects differ more than methods do, so every number here comes from differences within subjects.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import permutation_test, rankdata, t, wilcoxon

from orchestration.evidence.intervals import FEWEST, Interval, bca_mean

DECIMALS = 12  # of a difference; beyond them rounding would break ties and zeros
FLIPS = 9999  # sign flips drawn; up to 13 subjects all 2**n are tried instead
BATCH = 500  # sign flips held in memory at once


class Comparison(NamedTuple):
    """What n paired differences, ours minus theirs, show; NaN where n is too small to tell."""

    mean: Interval
    """Mean difference, with its BCa interval over subjects."""
    median: float
    wilcoxon_p: float
    """Two-sided Wilcoxon signed-rank test; 1 where nobody differs."""
    permutation_p: float
    """Two-sided sign-flip test of the mean; 1 where nobody differs."""
    rank_biserial: float
    """Matched-pairs rank-biserial correlation: 1 if all gain, -1 if all lose."""
    cohen_dz: float
    """Mean difference over the differences' sd; NaN where they do not vary."""
    better: int
    """Subjects who score higher with ours."""
    worse: int
    equal: int

    @property
    def subjects(self) -> int:
        """How many were compared."""
        return self.better + self.worse + self.equal


def compare(ours: np.ndarray, theirs: np.ndarray, seed: int = 0) -> Comparison:
    """Compare the scores (n,) of the same n subjects, in the same order, under two methods.

    Source: rank-biserial correlation of Kerby, Comprehensive Psychology 3 (2014) 11.IT.3.1; dz of
    Cohen, Statistical Power Analysis for the Behavioral Sciences (1988).
    Differs: who scores the same keeps a rank, which counts for neither side, but is not dropped.
    """
    differences = _differences(ours, theirs)
    enough = len(differences) >= FEWEST
    return Comparison(
        mean=bca_mean(differences, seed=seed),
        median=float(np.median(differences)) if len(differences) else np.nan,
        wilcoxon_p=_signed_rank_p(differences) if enough else np.nan,
        permutation_p=_sign_flip_p(differences, seed) if enough else np.nan,
        rank_biserial=_rank_biserial(differences) if enough else np.nan,
        cohen_dz=_dz(differences) if enough else np.nan,
        better=int((differences > 0).sum()),
        worse=int((differences < 0).sum()),
        equal=int((differences == 0).sum()),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of one family of tests, adjusted so that any false alarm is as rare as alpha.

    Tests without a p-value (NaN) are not of the family and stay NaN.
    Source: step-down procedure of Holm, Scandinavian Journal of Statistics 6 (1979) 65-70.
    """
    p = np.asarray(p_values, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    rising = tested[np.argsort(p[tested], kind="stable")]
    remaining = len(rising) - np.arange(len(rising))  # tests not yet rejected
    adjusted = p.copy()
    adjusted[rising] = np.minimum(1, np.maximum.accumulate(p[rising] * remaining))
    return [float(value) for value in adjusted]


def corrected_resampled_t(differences: np.ndarray, test_share: float) -> tuple[float, float]:
    """t and two-sided p of the mean difference (k,) over folds whose training subjects overlap.

    Args:
        test_share: tested share of the subjects trained or tested on, n_test / (n_train + n_test).
    No difference in any fold is t = 0, p = 1; one fold, or folds that all differ alike, give NaN.
    Source: Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 52 (2003)
    239-281: the variance of the mean is (1 / k + n_test / n_train) times that of the folds.
    """
    if not 0 < test_share < 1:
        raise ValueError(f"test_share is {test_share}; it must lie between 0 and 1, say 0.1.")
    differences = np.round(np.asarray(differences, dtype=np.float64), DECIMALS)
    k = len(differences)
    if k >= FEWEST and not differences.any():
        return 0.0, 1.0
    if k < FEWEST or np.ptp(differences) == 0:
        return np.nan, np.nan
    overlap = 1 / k + test_share / (1 - test_share)
    statistic = differences.mean() / np.sqrt(overlap * differences.var(ddof=1))
    return float(statistic), float(2 * t.sf(abs(statistic), k - 1))


def _differences(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(n,) ours - theirs, rounded so that ties stay ties."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if ours.ndim != 1 or ours.shape != theirs.shape:
        raise ValueError(
            f"scores of shapes {ours.shape} and {theirs.shape} do not pair; both must be (n,). "
            "Compare only subjects that both methods have scored."
        )
    if not np.isfinite([ours, theirs]).all():
        raise ValueError("a score is NaN or infinite; leave that subject out of both methods.")
    differences: np.ndarray = np.round(ours - theirs, DECIMALS)
    return differences


def _signed_rank_p(differences: np.ndarray) -> float:
    """Two-sided p with zeros split between both signs, as in `orchestration.race`.

    Not Pratt's: his zeros leave the variance, so his p is never larger, and there is none where
    nobody differs. Up to 13 subjects every sign is tried and both rules give the same p.
    """
    return float(wilcoxon(differences, zero_method="zsplit").pvalue)


def _sign_flip_p(differences: np.ndarray, seed: int) -> float:
    found = permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",  # of one sample: its signs are flipped
        vectorized=True,
        n_resamples=FLIPS,
        batch=BATCH,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def _rank_biserial(differences: np.ndarray) -> float:
    """(ranks of gains - ranks of losses) / all ranks; those of zeros are halved, so cancel."""
    ranks = rankdata(np.abs(differences))
    return float((np.sign(differences) * ranks).sum() / ranks.sum())


def _dz(differences: np.ndarray) -> float:
    if np.ptp(differences) == 0:
        return np.nan
    return float(differences.mean() / differences.std(ddof=1))


class Spread(NamedTuple):
    """Variances of a score: of its seeds, of its subjects, and what neither explains."""

    mean: float
    seed: float
    subject: float
    residual: float


def spread(scores: np.ndarray) -> Spread:
    """Variance components of scores (seeds, subjects), each subject scored once under each seed.

    Two-way random effects without replication: score = mean + seed + subject + residual, each
    component solved from its mean square; a negative one is 0. One seed or subject gives NaN.
    Source: Shrout & Fleiss, Psychological Bulletin 86 (1979) 420-428, case 2.
    """
    seeds, subjects = scores.shape
    mean = float(scores.mean())
    if seeds < FEWEST or subjects < FEWEST:
        return Spread(mean, np.nan, np.nan, np.nan)
    of_seed, of_subject = scores.mean(axis=1), scores.mean(axis=0)
    left = scores - of_seed[:, None] - of_subject + mean
    residual = float((left**2).sum() / ((seeds - 1) * (subjects - 1)))
    seed = float(of_seed.var(ddof=1)) - residual / subjects
    subject = float(of_subject.var(ddof=1)) - residual / seeds
    return Spread(mean, max(seed, 0.0), max(subject, 0.0), residual)
