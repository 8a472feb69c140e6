"""How far two ways of measuring one thing agree: Bland-Altman limits and intraclass correlation.

Takes a number for each subject by the scorer and by a method; gives bias, limits and their
confidence intervals.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

FEWEST = 3  # subjects below which nothing is said
STRONG, ALPHA = 0.5, 0.05  # |r| above, and its p below: limits do not describe differences
LIMIT = 1.96  # of a normal distribution, 95 % lie within so many standard deviations

Interval = tuple[float, float]
NOWHERE: Interval = (math.nan, math.nan)


class Agreement(NamedTuple):
    """Differences predicted - true over subjects; NaN where there are too few of them."""

    n: int
    """Subjects of whom both are known."""
    dropped: int
    """Subjects of whom one is missing (NaN)."""
    bias: float = math.nan
    """Mean difference: positive if the method says too much."""
    sd: float = math.nan
    """Sample standard deviation of the differences."""
    low: float = math.nan
    """Lower limit of agreement, bias - 1.96 sd."""
    high: float = math.nan
    """Upper limit of agreement, bias + 1.96 sd."""
    bias_ci: Interval = NOWHERE
    """95 % confidence interval of the bias."""
    low_ci: Interval = NOWHERE
    """95 % confidence interval of the lower limit."""
    high_ci: Interval = NOWHERE
    """95 % confidence interval of the upper limit."""
    trend: float = math.nan
    """Pearson correlation of difference with mean: not 0 where the bias grows with the size."""
    trend_p: float = math.nan
    """How likely so strong a trend is by chance."""
    icc: float = math.nan
    """ICC(2,1): share of the variance that is between subjects, bias counted against it."""
    true: float = math.nan
    """Mean of the true numbers."""
    predicted: float = math.nan
    """Mean of the predicted ones."""
    least: float = math.nan
    """The lowest difference."""
    most: float = math.nan
    """The highest."""

    @property
    def trending(self) -> bool:
        """Whether differences follow the size so that bias and limits do not describe them."""
        return abs(self.trend) > STRONG and self.trend_p < ALPHA


def agreement(true: np.ndarray, predicted: np.ndarray) -> Agreement:
    """Bland and Altman's analysis of a number a subject; pairs with a NaN are dropped.

    Shapes: (n,) each.
    Source: Bland & Altman, Lancet 1986;327:307-310 and Stat Methods Med Res 1999;8:135-160:
        a limit's standard error is sd sqrt(1/n + 1.96^2 / (2 (n - 1))), with Student's t.
    """
    known = ~(np.isnan(true) | np.isnan(predicted))
    n, dropped = int(known.sum()), int((~known).sum())
    if n < FEWEST:
        return Agreement(n, dropped)
    pairs = np.stack([true[known], predicted[known]], axis=1).astype(np.float64)
    difference = pairs[:, 1] - pairs[:, 0]
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    low, high = bias - LIMIT * sd, bias + LIMIT * sd
    t = float(stats.t.ppf(0.975, n - 1))
    of_bias, of_limit = t * sd * _bias_error(n), t * sd * _limit_error(n)
    return Agreement(
        n,
        dropped,
        bias,
        sd,
        low,
        high,
        (bias - of_bias, bias + of_bias),
        (low - of_limit, low + of_limit),
        (high - of_limit, high + of_limit),
        *_trend(difference, pairs.mean(axis=1)),
        icc(pairs),
        float(pairs[:, 0].mean()),
        float(pairs[:, 1].mean()),
        float(difference.min()),
        float(difference.max()),
    )


def icc(ratings: np.ndarray) -> float:
    """ICC(2,1): absolute agreement of single ratings, raters drawn at random; NaN of constants.

    Shapes: (n, k), a row a subject, a column a rater.
    Source: Shrout & Fleiss, Psychol Bull 1979;86:420-428, case 2.
    """
    n, k = ratings.shape
    grand, rows, columns = ratings.mean(), ratings.mean(axis=1), ratings.mean(axis=0)
    between = k * ((rows - grand) ** 2).sum() / (n - 1)
    raters = n * ((columns - grand) ** 2).sum() / (k - 1)
    residual = ratings - rows[:, None] - columns + grand
    error = (residual**2).sum() / ((n - 1) * (k - 1))
    total = between + (k - 1) * error + k * (raters - error) / n
    return float((between - error) / total) if total > 0 else math.nan


def _bias_error(n: int) -> float:
    return math.sqrt(1 / n)


def _limit_error(n: int) -> float:
    return math.sqrt(1 / n + LIMIT**2 / (2 * (n - 1)))


def _trend(difference: np.ndarray, mean: np.ndarray) -> tuple[float, float]:
    """Correlation and p-value; NaN where either is the same for all."""
    if np.ptp(difference) == 0 or np.ptp(mean) == 0:
        return math.nan, math.nan
    found = stats.pearsonr(mean, difference)
    return float(found.statistic), float(found.pvalue)
