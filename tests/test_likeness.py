"""Measures of likeness against plain float64 definitions; cases and picks by hand."""

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import bootstrap, ortho_group

from orchestration.evidence.cka import Products
from orchestration.evidence.likeness import (
    ALL,
    GAINED,
    LOST,
    Likeness,
    Measures,
    Sums,
    cases_of,
    cosines_of,
)
from orchestration.evidence.likeness_view import combined, likeness_view
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


def test_the_cosine_of_a_segment_is_that_of_its_windows_maps_in_a_float64_loop() -> None:
    """Windows of 2, 3 and 1 segments, two positions each, as a bottleneck of minutes has them."""
    window = np.array([0, 0, 2, 2, 2, 3])
    teacher, other = RNG.gamma(1.0, size=(2, 6, 2)).astype(np.float32)
    expected = []
    for mine in window:
        dot = left = right = 0.0
        for i in np.flatnonzero(window == mine):
            for position in range(2):
                a, b = float(teacher[i, position]), float(other[i, position])
                dot, left, right = dot + a * b, left + a * a, right + b * b
        expected.append(dot / (left * right) ** 0.5)
    assert cosines_of(teacher, other, window) == pytest.approx(expected, rel=1e-12)


def test_cosines_of_windows_of_one_segment_are_scipys_and_that_of_a_dead_map_is_zero() -> None:
    expected = 1 - np.diag(cdist(X[:, :5], Y, "cosine"))
    assert cosines_of(X[:, :5], Y, np.arange(60)) == pytest.approx(expected)
    assert cosines_of(np.zeros((1, 4)), np.ones((1, 4)), np.array([0])).tolist() == [0.0]


def test_a_window_of_one_position_has_no_cosine_and_is_in_no_mean() -> None:
    found = cosines_of(X[:3, :1], Y[:3, :1] ** 2, np.array([0, 0, 1]))
    assert np.isnan(found).tolist() == [False, False, True]
    sums = Sums.of("a", found, (X[:3], Y[:3]))
    assert sums.measures.cosine == pytest.approx(found[0])
    assert Sums.of("a", found[2:], (X[:1], Y[:1])).measures.cosine is None


def probabilities(*likeliest: int) -> np.ndarray:
    return 0.6 * np.eye(3)[list(likeliest)] + 0.1


def test_cases_by_hand() -> None:
    labels = np.array([0, 1, 2, 1])
    cases = cases_of(labels, probabilities(0, 0, 2, 2), probabilities(0, 1, 0, 0))
    assert cases[GAINED].tolist() == [False, True, False, False]
    assert cases[LOST].tolist() == [False, False, True, False]
    assert cases[ALL].all()


def test_sums_of_no_segments_have_no_measures_and_change_no_others() -> None:
    some = Sums.of("a", np.ones(60), (X, Y))
    none = Sums.of("b", np.ones(0), (X[:0], Y[:0]))
    assert none.measures == Measures(None, None, None)
    assert (some + none).measures == some.measures
    assert some.measures.cosine == 1.0


def test_two_nights_of_a_person_are_one_persons() -> None:
    night = Sums.of("a", np.array([0.25, 0.75]), (X[:2], Y[:2]))
    found = night + Sums.of("b", np.array([0.5]), (X[:1], Y[:1])) + night
    assert {person: sums.tolist() for person, sums in found.cosines.items()} == {
        "a": [4.0, 2.0],
        "b": [1.0, 0.5],
    }


def folds() -> list[list[Likeness]]:
    """Two folds of six people each; what they gain differs less than what they have."""
    found = []
    for fold in range(2):
        base, gain = RNG.uniform(0.2, 0.8, 6), RNG.normal(0.1, 0.01, 6)
        n = RNG.integers(500, 900, 6).astype(float)
        sums = zip(n, n * base, n * (base + gain), strict=True)
        people = {f"{fold}{i}": some for i, some in enumerate(sums)}
        measures = Measures(0.0, 0.5 + fold / 10, None), Measures(0.0, None, None)
        found.append([Likeness("bottleneck", GAINED, int(n.sum()), *measures, people)])
    return found


def test_folds_pool_their_cosines_over_people_and_average_their_cka() -> None:
    parts = folds()
    (found,) = combined(parts)
    sums = np.array([some for (part,) in parts for some in part.people.values()])
    assert found.segments == sums[:, 0].sum()
    assert found.row["people"] == 12
    assert found.row["cosine_before"] == pytest.approx(sums[:, 1].sum() / sums[:, 0].sum())
    assert found.row["cka_before"] == pytest.approx(0.55)
    assert found.row["cka_before_sd"] == pytest.approx(np.std([0.5, 0.6], ddof=1))
    assert found.row["cka_after"] is None


@pytest.mark.parametrize(("what", "column"), [("before", 1), ("after", 2)])
def test_intervals_are_scipys_over_people_with_all_their_segments(what: str, column: int) -> None:
    parts = folds()
    (found,) = combined(parts)
    sums = np.array([some for (part,) in parts for some in part.people.values()])
    expected = bootstrap(
        (sums[:, column], sums[:, 0]),
        lambda total, n, axis: total.sum(axis=axis) / n.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=4000,
        rng=np.random.default_rng(1),
    ).confidence_interval
    width = expected.high - expected.low
    assert found.row[f"cosine_{what}_low"] == pytest.approx(expected.low, abs=0.06 * width)
    assert found.row[f"cosine_{what}_high"] == pytest.approx(expected.high, abs=0.06 * width)


def test_a_change_within_people_is_surer_than_what_it_is_between() -> None:
    row = combined(folds())[0].row
    widths = {w: row[f"cosine_{w}_high"] - row[f"cosine_{w}_low"] for w in ("before", "change")}
    assert widths["change"] < widths["before"] / 4
    assert row["cosine_change"] == pytest.approx(row["cosine_after"] - row["cosine_before"])


def test_a_cell_has_its_interval_and_is_empty_where_nothing_is_defined() -> None:
    empty = Measures(None, None, None)
    found = combined([[Likeness("dense", LOST, 0, empty, empty, {})]])[0].row
    given = combined(folds())[0].row
    view = likeness_view([{"scheme": "W-N-R"} | row for row in (found, given)], "W-N-R")
    assert view.cells[0] == ("dense", LOST, "0", *[""] * 7)
    change, cka = view.cells[1][5], view.cells[1][8]
    assert re.fullmatch(r"\+0\.1\d\d \[\+0\.\d{3}, \+0\.\d{3}\]|\+0\.09\d .*", change)
    assert cka == "0.550 ± 0.071"


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
