"""Measures of likeness against plain float64 definitions; cases and picks by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import ortho_group

from orchestration.evidence.cka import Products
from orchestration.evidence.likeness import (
    ALL,
    GAINED,
    LOST,
    Likeness,
    Measures,
    Sums,
    cases_of,
    combined,
    cosine,
)
from orchestration.evidence.picked import Pick, moved_most, picked

RNG = np.random.default_rng(3)
X = RNG.normal(2.0, 1.0, (60, 7))
Y = X @ RNG.normal(size=(7, 5)) + RNG.normal(0.0, 3.0, (60, 5)) - 1.0


def gram_cka(x: np.ndarray, y: np.ndarray) -> float:
    """Kornblith et al. 2019, as it stands: with (n, n) matrices."""
    n = len(x)
    H = np.eye(n) - 1 / n
    K, L = H @ (x @ x.T) @ H, H @ (y @ y.T) @ H
    return float(np.trace(K @ L) / np.sqrt(np.trace(K @ K) * np.trace(L @ L)))


def hsic_1(x: np.ndarray, y: np.ndarray) -> float:
    """Song et al. 2012, Eq. 5, as it stands."""
    n, one = len(x), np.ones(len(x))
    K, L = (f @ f.T - np.diag((f * f).sum(1)) for f in (x, y))
    sums = (one @ K @ one) * (one @ L @ one) / ((n - 1) * (n - 2))
    return float((np.trace(K @ L) + sums - 2 / (n - 2) * one @ K @ L @ one) / (n * (n - 3)))


def test_cka_is_that_of_centred_gram_matrices() -> None:
    assert Products.of(X, Y).cka == pytest.approx(gram_cka(X, Y), rel=1e-12)


def test_unbiased_cka_is_that_of_gram_matrices_without_diagonals() -> None:
    expected = hsic_1(X, Y) / np.sqrt(hsic_1(X, X) * hsic_1(Y, Y))
    assert Products.of(X, Y).unbiased_cka == pytest.approx(expected, rel=1e-10)


def test_cka_is_one_of_features_that_are_turned_scaled_and_moved() -> None:
    turned = -3.0 * X @ ortho_group.rvs(7, random_state=0) + 5.0
    found = Products.of(X, turned)
    assert found.cka == pytest.approx(1.0)
    assert found.unbiased_cka == pytest.approx(1.0)
    both = Products.of(turned, Y)
    assert both.cka == pytest.approx(Products.of(X, Y).cka or 0, rel=1e-10)
    assert both.unbiased_cka == pytest.approx(Products.of(X, Y).unbiased_cka or 0, rel=1e-9)


def test_products_of_pieces_add_up_to_those_of_the_whole() -> None:
    pieces = [Products.of(X[part], Y[part]) for part in np.split(np.arange(60), [1, 20, 21])]
    found = pieces[0] + pieces[1] + pieces[2] + pieces[3]
    assert found.examples == 60
    assert found.cka == pytest.approx(gram_cka(X, Y), rel=1e-12)


def test_of_few_examples_unrelated_features_look_alike_to_cka_but_not_to_the_unbiased_one() -> (
    None
):
    draws = [np.random.default_rng(seed).normal(size=(2, 20, 50)) for seed in range(100)]
    found = [Products.of(*draw) for draw in draws]
    assert np.mean([f.cka or 0 for f in found]) > 0.5
    assert np.mean([f.unbiased_cka or 0 for f in found]) == pytest.approx(0, abs=0.02)


def test_a_network_that_says_the_same_of_all_examples_has_no_cka() -> None:
    same = np.full((60, 4), 0.1, np.float32)
    assert Products.of(X, same).cka is None
    assert Products.of(X, same).unbiased_cka is None
    assert Products.of(X[:1], Y[:1]).cka is None
    assert Products.of(X[:3], Y[:3]).unbiased_cka is None


def test_cosines_are_scipys_and_that_of_a_dead_map_is_zero() -> None:
    expected = 1 - np.diag(cdist(X[:, :5], Y, "cosine"))
    assert cosine(X[:, :5], Y) == pytest.approx(expected)
    assert cosine(np.zeros((1, 4)), np.ones((1, 4))).tolist() == [0.0]


def test_maps_of_one_position_have_no_cosine() -> None:
    assert Sums.of((X[:, :1], X[:, :1]), (X, Y)).measures.cosine is None


def probabilities(*likeliest: int) -> np.ndarray:
    return 0.6 * np.eye(3)[list(likeliest)] + 0.1


def test_cases_by_hand() -> None:
    labels = np.array([0, 1, 2, 1])
    cases = cases_of(labels, probabilities(0, 0, 2, 2), probabilities(0, 1, 0, 0))
    assert cases[GAINED].tolist() == [False, True, False, False]
    assert cases[LOST].tolist() == [False, False, True, False]
    assert cases[ALL].all()


def test_sums_of_no_segments_have_no_measures_and_change_no_others() -> None:
    some, none = Sums.of((X, X), (X, Y)), Sums.of((X[:0], X[:0]), (X[:0], Y[:0]))
    assert none.measures == Measures(None, None, None)
    assert (some + none).measures == some.measures
    assert some.measures.cosine == pytest.approx(1.0)


def test_folds_pool_their_cosines_and_average_their_cka() -> None:
    none = Measures(None, None, None)
    folds = [
        [Likeness("bottleneck", GAINED, 1, Measures(0.2, 0.5, None), none)],
        [Likeness("bottleneck", GAINED, 3, Measures(0.6, 0.7, 0.1), none)],
    ]
    (found,) = combined(folds)
    assert found.segments == 4
    assert found.before == pytest.approx((0.5, 0.6, 0.1))
    assert found.after == none
    assert found.row["cosine_before"] == pytest.approx(0.5)


def test_the_segment_that_moved_most_is_picked_the_first_of_equals() -> None:
    labels, baseline = np.zeros(4, int), np.array([[0.5], [0.4], [0.3], [0.4]])
    student = np.array([[0.6], [0.9], [0.9], [0.9]])
    among = np.array([True, True, False, True])
    assert moved_most(labels, baseline, student, among) == 1
    assert moved_most(labels, baseline, student, np.zeros(4, bool)) is None


def test_of_picks_that_moved_alike_the_first_by_subject_then_position_is_taken() -> None:
    said = {"baseline": [0.25], "student": [0.75]}
    first = Pick(
        case=LOST, subject="a", segment=2, label=0, probabilities=said, maps={}, within=0, of=1
    )
    others = [replace(first, subject="b", segment=1), replace(first, segment=3)]
    less = replace(first, subject="A", probabilities=said | {"student": [0.5]})
    assert picked([*others, less, first]) == {LOST: first}
