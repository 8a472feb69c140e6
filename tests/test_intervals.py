"""BCa intervals: scipy's own of an explicit sum, honest coverage, NaN where there is none."""

import time

import numpy as np
import pytest
from scipy.stats import bootstrap

from orchestration.evidence.intervals import Interval, bca, bca_mean
from orchestration.evidence.scores import SCORES, kappa

NAN = float("nan")


def cohort(n: int, K: int = 4, seed: int = 0) -> np.ndarray:
    """(n, K, K): subjects of different length and skill."""
    rng = np.random.default_rng(seed)
    skill = rng.uniform(0.5, 5, n)[:, None, None] * np.eye(K)
    return rng.poisson(20 * (0.3 + skill))


def test_the_estimate_is_the_score_of_the_pooled_counts() -> None:
    counts = cohort(20)
    found = bca(counts, kappa)
    assert found.estimate == pytest.approx(float(kappa(counts.sum(0))))
    assert found.low < found.estimate < found.high


def test_bounds_are_those_of_scipy_on_subjects_summed_one_by_one() -> None:
    counts = cohort(12)

    def slowly(index: np.ndarray) -> float:
        return float(kappa(sum(counts[int(i)] for i in index)))

    theirs = bootstrap(
        (np.arange(12),), slowly, vectorized=False, n_resamples=300, method="BCa",
        rng=np.random.default_rng(3),
    ).confidence_interval  # fmt: skip
    ours = bca(counts, kappa, resamples=300, seed=3)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs))


def test_bounds_of_a_mean_are_those_of_scipy() -> None:
    values = np.random.default_rng(1).exponential(size=30)
    theirs = bootstrap(
        (values,), np.mean, n_resamples=400, confidence_level=0.9, rng=np.random.default_rng(2)
    ).confidence_interval
    ours = bca_mean(values, level=0.9, resamples=400, seed=2)
    assert ours == pytest.approx((values.mean(), *theirs))


def test_nineteen_in_twenty_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(0)
    held = [
        not bca_mean(rng.normal(1, 1, 40), resamples=300, seed=i).excludes(1) for i in range(200)
    ]
    assert 0.90 <= np.mean(held) <= 0.99


def test_the_gain_of_one_network_over_another_is_a_score_of_both_their_counts() -> None:
    both = np.stack([cohort(25, seed=1), cohort(25, seed=2)], axis=1)  # (n, 2, K, K)
    gain = bca(both, lambda counts: np.subtract(*np.moveaxis(kappa(counts), -1, 0)))
    alone = [float(kappa(both[:, i].sum(0))) for i in (0, 1)]
    assert gain.estimate == pytest.approx(alone[0] - alone[1])
    same = bca(both[:, [0, 0]], lambda counts: np.subtract(*np.moveaxis(kappa(counts), -1, 0)))
    assert same == pytest.approx((0, NAN, NAN), nan_ok=True)


def test_the_same_seed_gives_the_same_bounds() -> None:
    counts = cohort(10)
    assert bca(counts, kappa, seed=5) == bca(counts, kappa, seed=5)
    assert bca(counts, kappa, seed=5) != bca(counts, kappa, seed=6)


@pytest.mark.parametrize("name", SCORES)
def test_one_subject_has_an_estimate_and_no_bounds(name: str) -> None:
    counts = cohort(1)
    expected = (float(SCORES[name](counts[0])), NAN, NAN)
    assert bca(counts, SCORES[name]) == pytest.approx(expected, nan_ok=True)
    assert bca_mean(np.array([0.5])) == pytest.approx((0.5, NAN, NAN), nan_ok=True)


@pytest.mark.parametrize("name", SCORES)
def test_subjects_who_are_all_alike_have_no_bounds(name: str) -> None:
    alike = np.repeat(cohort(1), 9, axis=0)
    found = bca(alike, SCORES[name])
    assert np.isnan([found.low, found.high]).all()
    perfect = bca(np.stack([np.diag([3, 4])] * 5), SCORES[name])
    assert perfect == pytest.approx((1, NAN, NAN), nan_ok=True)


def test_a_mean_of_nobody_or_of_equals_has_no_bounds() -> None:
    assert np.isnan(bca_mean(np.array([]))).all()
    assert bca_mean(np.full(7, 0.1)) == pytest.approx((0.1, NAN, NAN), nan_ok=True)


def test_an_interval_excludes_what_lies_beyond_its_bounds_and_nan_excludes_nothing() -> None:
    assert Interval(0.2, 0.1, 0.3).excludes()
    assert Interval(-0.2, -0.3, -0.1).excludes(0.0)
    assert not Interval(0.2, 0.1, 0.3).excludes(0.3)
    assert not Interval(0.2, NAN, NAN).excludes()


def test_the_intervals_of_two_hundred_subjects_take_a_moment() -> None:
    counts, start = cohort(200, K=5), time.perf_counter()
    for score in SCORES.values():
        bca(counts, score)
    assert time.perf_counter() - start < 2  # a row; measured 0.07 s
