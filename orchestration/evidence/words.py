"""A paired comparison in one sentence that a person can quote."""

import math

from orchestration.evidence.formats import after_p
from orchestration.evidence.intervals import LEVEL, Interval
from orchestration.evidence.paired import Comparison

ALPHA = 1 - LEVEL


def verdict(
    name: str,
    comparison: Comparison,
    score_name: str,
    rival: str = "the ECG baseline",
    holm_p: float | None = None,
) -> str:
    """Whether `name` gains or loses against `rival`, and whether the interval excludes zero.

    Args:
        holm_p: Wilcoxon p, adjusted for all comparisons of its table; without it the plain p.
    """
    mean = comparison.mean
    if math.isnan(mean.low) or math.isnan(mean.high):
        return _without_interval(name, comparison, score_name, rival)
    amount, gains = f"{abs(mean.estimate):.3f} {score_name} a subject", mean.estimate >= 0
    tests = f"{_tested(comparison, holm_p)}; {_counted(comparison, gains)}"
    if mean.excludes(0):
        change = f"gains {amount} over" if gains else f"loses {amount} to"
        caution = _caution(comparison.wilcoxon_p, holm_p)
        return f"{name} {change} {rival} ({_bounds(mean)}, excludes zero; {tests}){caution}."
    side, what = ("above", "gain") if gains else ("below", "loss")
    return (
        f"{name} scores {amount} {side} {rival} ({tests}); {_bounds(mean)}, "
        f"which includes zero: no {what} is shown."
    )


def _without_interval(name: str, comparison: Comparison, score_name: str, rival: str) -> str:
    n = comparison.subjects
    if n and comparison.equal == n:
        return f"{name} has the same {score_name} as {rival} in {_people(n)}: nothing is shown."
    return (
        f"{name} against {rival}: the {score_name} of {_people(n)} gives no interval, "
        "for they are too few or all differ alike: nothing is shown."
    )


def _bounds(mean: Interval) -> str:
    return f"{LEVEL * 100:.0f} % interval {_plain(mean.low)} to {_plain(mean.high)}"


def _plain(value: float) -> str:
    """Three decimals, and no minus before a zero."""
    return f"{round(value, 3) + 0.0:.3f}"


def _tested(comparison: Comparison, holm_p: float | None) -> str:
    if holm_p is None:
        return f"p {after_p(comparison.wilcoxon_p)}"
    return f"Holm p {after_p(holm_p)}"


def _caution(p: float, holm_p: float | None) -> str:
    """An interval knows nothing of the other comparisons; Holm's p does."""
    if p >= ALPHA:
        return f", but the signed-rank test (p {after_p(p)}) does not show it"
    if holm_p is None or holm_p < ALPHA:
        return ""
    return ", but not surely among so many comparisons"


def _counted(comparison: Comparison, gains: bool) -> str:
    word, number = ("better", comparison.better) if gains else ("worse", comparison.worse)
    return f"{word} in {number} of {_people(comparison.subjects)}"


def _people(n: int) -> str:
    return f"{n} subject" if n == 1 else f"{n} subjects"
