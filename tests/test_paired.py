"""Paired comparisons: scipy's tests, every sign flip by hand, published and hand-made numbers."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp, wilcoxon

from orchestration.evidence.intervals import bca_mean
from orchestration.evidence.paired import compare, corrected_resampled_t, holm, spread

NAN = float("nan")


def scores(n: int, gain: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    theirs = rng.uniform(0.2, 0.6, n)
    return theirs + rng.normal(gain, 0.05, n), theirs


def test_a_comparison_holds_mean_interval_median_and_counts() -> None:
    ours, theirs = scores(25, 0.03)
    found, differences = compare(ours, theirs), ours - theirs
    assert found.mean == pytest.approx(bca_mean(differences))
    assert found.median == pytest.approx(sorted(differences)[12])
    assert found.better == sum(d > 0 for d in differences)
    assert (found.better + found.worse, found.equal, found.subjects) == (25, 0, 25)


@pytest.mark.parametrize("n", [8, 40, 120])
def test_without_zeros_the_signed_rank_test_is_scipys(n: int) -> None:
    ours, theirs = scores(n, 0.01)
    assert compare(ours, theirs).wilcoxon_p == pytest.approx(wilcoxon(ours, theirs).pvalue)


@pytest.mark.parametrize("n", [20, 80])
def test_subjects_who_do_not_differ_make_the_p_value_no_smaller_than_pratts(n: int) -> None:
    differences = np.random.default_rng(n).normal(0.02, 0.05, n)
    differences[:4] = 0
    found = compare(differences, np.zeros(n))
    pratt = wilcoxon(differences, zero_method="pratt").pvalue
    assert pratt < found.wilcoxon_p == pytest.approx(pratt, rel=0.1)
    assert found.equal == 4


def test_a_few_subjects_who_all_gain_have_the_p_of_two_signs_in_all() -> None:
    gains = np.linspace(0.01, 0.08, 8)
    for differences in (gains, np.append(gains, [0, 0])):
        assert compare(differences, differences * 0).wilcoxon_p == pytest.approx(2 / 2**8)


def test_rounding_makes_no_ranks() -> None:
    found = compare(np.array([0.7, 0.3, 0.9, 0.2]), np.array([0.6, 0.2, 0.8, 0.2 + 1e-16]))
    assert (found.better, found.worse, found.equal) == (3, 0, 1)
    assert found.rank_biserial == pytest.approx(0.9)  # ranks 1 (the zero) and thrice 3


def test_few_subjects_have_every_sign_flip_tried() -> None:
    differences = np.array([0.05, -0.02, 0.03, 0.01, 0.04, 0.02])
    flipped = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in itertools.product([1, -1], repeat=6)
    ]
    by_hand = sum(total >= abs(differences.sum()) - 1e-9 for total in flipped) / 2**6
    found = compare(differences, np.zeros(6))
    assert found.permutation_p == pytest.approx(by_hand)


def test_many_subjects_have_sign_flips_drawn_and_agree_with_a_t_test() -> None:
    ours, theirs = scores(100, 0.01, seed=4)
    expected = ttest_1samp(ours - theirs, 0).pvalue
    assert compare(ours, theirs).permutation_p == pytest.approx(expected, abs=0.02)


def test_effect_sizes_by_hand() -> None:
    found = compare(np.array([1.0, 2.0, 4.0, -3.0]), np.zeros(4))
    assert found.rank_biserial == pytest.approx((1 + 2 + 4 - 3) / 10)
    assert found.cohen_dz == pytest.approx(1 / math.sqrt((0 + 1 + 9 + 16) / 3))


def test_to_swap_the_methods_is_to_turn_every_sign() -> None:
    ours, theirs = scores(15, 0.02)
    there, back = compare(ours, theirs), compare(theirs, ours)
    assert back.mean.estimate == pytest.approx(-there.mean.estimate)
    assert (back.rank_biserial, back.cohen_dz) == pytest.approx(
        (-there.rank_biserial, -there.cohen_dz)
    )
    assert (back.better, back.worse) == (there.worse, there.better)
    assert back.wilcoxon_p == pytest.approx(there.wilcoxon_p)


@pytest.mark.parametrize("n", [2, 10, 60])
def test_methods_that_never_differ_have_p_of_one_and_no_interval(n: int) -> None:
    found = compare(np.full(n, 0.5), np.full(n, 0.5))
    assert (found.wilcoxon_p, found.permutation_p, found.rank_biserial) == (1, 1, 0)
    assert found.mean == pytest.approx((0, NAN, NAN), nan_ok=True)
    assert math.isnan(found.cohen_dz)
    assert found.equal == n


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_subjects_show_nothing(n: int) -> None:
    found = compare(np.full(n, 0.6), np.full(n, 0.5))
    tests = (found.wilcoxon_p, found.permutation_p, found.rank_biserial, found.cohen_dz)
    assert np.isnan([*tests, found.mean.low, found.mean.high]).all()
    assert found.better == n


def test_scores_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="do not pair"):
        compare(np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match="NaN or infinite"):
        compare(np.array([0.1, NAN]), np.zeros(2))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_test_without_a_p_value_does_not_count_in_the_family() -> None:
    assert holm([0.01, NAN, 0.04]) == pytest.approx([0.02, NAN, 0.04], nan_ok=True)


def test_the_corrected_t_by_hand_is_smaller_than_the_plain_one() -> None:
    folds = np.array([0.02, 0.05, 0.03, 0.06, 0.04])  # mean .04, variance .00025
    t, p = corrected_resampled_t(folds, 1 / 5)
    assert t == pytest.approx(0.04 / math.sqrt((1 / 5 + 1 / 4) * 0.00025))
    plain = ttest_1samp(folds, 0)
    assert t == pytest.approx(plain.statistic * math.sqrt((1 / 5) / (1 / 5 + 1 / 4)))
    assert p > plain.pvalue


def test_a_corrected_t_without_overlap_is_students() -> None:
    folds = np.array([0.02, -0.01, 0.03, 0.01])
    plain = ttest_1samp(folds, 0)
    found = corrected_resampled_t(folds, 1e-12)
    assert found == pytest.approx((plain.statistic, plain.pvalue))


def test_folds_that_tell_nothing_have_no_t() -> None:
    assert corrected_resampled_t(np.zeros(5), 0.2) == (0, 1)
    for folds in ([], [0.1], [0.1, 0.1, 0.1]):
        assert np.isnan(corrected_resampled_t(np.array(folds), 0.2)).all()
    with pytest.raises(ValueError, match="test_share"):
        corrected_resampled_t(np.zeros(5), 1)


def test_spread_by_hand() -> None:
    table = np.array([[1.0, 2.0, 6.0], [3.0, 4.0, 5.0]])  # mean squares: 1.5, 6.5, 1.5
    assert spread(table) == pytest.approx((3.5, 0, 2.5, 1.5))


def test_spread_finds_the_components_that_made_the_scores() -> None:
    rng = np.random.default_rng(0)
    tables = rng.normal(0, 0.1, (400, 6, 1)) + rng.normal(0, 0.3, (400, 1, 30)) + 0.5
    tables += rng.normal(0, 0.2, tables.shape)
    found = np.mean([spread(table) for table in tables], axis=0)
    assert found == pytest.approx([0.5, 0.01, 0.09, 0.04], rel=0.08)


def test_one_seed_or_one_subject_has_no_spread() -> None:
    for table in (np.ones((1, 5)), np.ones((5, 1))):
        assert spread(table) == pytest.approx((1, NAN, NAN, NAN), nan_ok=True)
