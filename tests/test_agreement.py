"""Bland-Altman limits and ICC against published tables and a simulation; what is said of them."""

import math

import numpy as np
import pytest
from scipy import stats

from orchestration.evidence.agreement import Agreement, agreement, icc
from orchestration.evidence.clinical import CLINICAL, agreement_said, agreement_view
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.sleep_statistics import title_of
from orchestration.evidence.staged import StagedNight
from tests.staged_nights import evidence_row

# Bland & Altman 1986, Table 1: peak expiratory flow (l/min), first readings of both meters.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
# Shrout & Fleiss 1979, Table 2: four judges rate six targets.
JUDGES = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def meters() -> Agreement:
    return agreement(np.array(MINI, float), np.array(WRIGHT, float))


def test_the_peak_flow_meters_agree_as_bland_and_altman_printed() -> None:
    found = meters()
    assert found.n == 17
    assert found.bias == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    assert (found.low, found.high) == pytest.approx((-78.1, 73.9), abs=0.15)


def test_the_interval_of_the_bias_is_that_of_a_paired_t_test() -> None:
    found = stats.ttest_rel(WRIGHT, MINI).confidence_interval(0.95)
    assert meters().bias_ci == pytest.approx((found.low, found.high))


def test_the_interval_of_a_limit_holds_the_true_limit_of_19_studies_in_20() -> None:
    rng = np.random.default_rng(0)
    draws = rng.normal(2.0, 3.0, (2000, 30))
    found = [agreement(np.zeros(30), draw) for draw in draws]
    truth = 2 + 1.96 * 3
    held = np.mean([a.high_ci[0] < truth < a.high_ci[1] for a in found])
    assert held == pytest.approx(0.95, abs=0.02)


def test_icc_of_six_targets_is_as_shrout_and_fleiss_printed() -> None:
    assert icc(np.array(JUDGES, float)) == pytest.approx(0.29, abs=0.005)


def test_a_constant_bias_costs_icc_but_has_no_trend() -> None:
    true = np.array([300.0, 350.0, 400.0, 450.0])
    found = agreement(true, true + 20)
    assert (found.bias, found.sd, found.low) == (20, 0, 20)
    assert math.isnan(found.trend)
    assert 0.9 < found.icc < 1
    assert agreement(true, true).icc == 1


def test_a_method_that_shrinks_towards_the_mean_has_a_trend() -> None:
    true = np.linspace(300, 500, 20)
    predicted = 400 + 0.5 * (true - 400) + np.tile([4.0, -4.0], 10)
    found = agreement(true, predicted)
    mean = (true + predicted) / 2
    assert found.trend == pytest.approx(np.corrcoef(mean, predicted - true)[0, 1])
    assert found.trend < -0.9
    assert found.trend_p < 1e-6


def test_subjects_of_whom_one_number_is_missing_are_dropped_and_counted() -> None:
    true = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 7.0])
    predicted = np.array([2.0, np.nan, np.nan, 4.0, 6.0, 9.0])
    found = agreement(true, predicted)
    assert (found.n, found.dropped) == (4, 2)
    kept = [0, 3, 4, 5]
    assert found._replace(dropped=0) == agreement(true[kept], predicted[kept])


@pytest.mark.parametrize("n", [0, 1, 2])
def test_of_fewer_than_three_subjects_nothing_is_said(n: int) -> None:
    found = agreement(np.arange(n, dtype=float), np.arange(n, dtype=float) + 1)
    assert found.n == n
    assert all(math.isnan(value) for value in (found.bias, found.sd, found.low, found.icc))


def test_one_number_for_everybody_has_no_icc() -> None:
    assert math.isnan(agreement(np.full(5, 3.0), np.full(5, 3.0)).icc)


def test_means_and_the_range_of_differences_are_those_of_whom_both_are_known() -> None:
    found = agreement(np.array([1.0, 2, 3, np.nan]), np.array([2.0, 5, 1, 7]))
    assert (found.true, found.predicted) == pytest.approx((2, 8 / 3))
    assert (found.least, found.most) == (-2, 3)


def slept(minutes: int, said: int) -> StagedNight:
    """A night of 500 pages, so many minutes of which were slept, and were said to be."""
    labels, predicted = (np.repeat([0, 1], [500 - 2 * m, 2 * m]) for m in (minutes, said))
    return StagedNight(
        subject=f"{minutes}",
        subset="SS1",
        person=f"{minutes}",
        classes=("W", "N", "R"),
        page_s=30.0,
        segment=np.arange(500, dtype=np.int32),
        labels=labels,
        probabilities=np.eye(3)[predicted],
    )


def row_of(pairs: list[tuple[int, int]]) -> EvidenceRow:
    nights = tuple(slept(*pair) for pair in pairs)
    return EvidenceRow(scheme="W-N-R", name="SD+CL", point="", folds=(nights,))


def test_limits_that_describe_the_differences_are_said() -> None:
    found = agreement_said(row_of([(100, 110), (120, 110), (140, 150), (160, 150), (180, 185)]))
    assert found.startswith("+1 min on average, -10 to +10 min in the 5 nights seen. In 95 %")
    sd = np.std([10, -10, 10, -10, 5], ddof=1)
    assert f"{1 - 1.96 * sd:+.0f} to {1 + 1.96 * sd:+.0f} min can be expected" in found


def test_a_method_that_says_the_same_of_everybody_has_no_limits_to_trust() -> None:
    pairs = [(minutes, 150 + minutes // 50) for minutes in range(100, 220, 10)]
    row, differences = row_of(pairs), [said - true for true, said in pairs]
    r = stats.pearsonr([sum(pair) / 2 for pair in pairs], differences)
    found = agreement_said(row)
    assert f"falls with the time slept (r {r.statistic:+.2f}, p < .001)" in found
    assert f"{min(differences):+.0f} to {max(differences):+.0f} min in the 12 nights" in found
    assert agreement_view(row).cells[0][6].endswith("†")


def test_of_two_nights_nothing_is_said_of_sleep_time() -> None:
    assert agreement_said(row_of([(100, 110), (120, 110)])) == ""


def test_every_method_is_in_the_table_and_the_first_with_all_its_statistics() -> None:
    rows = [evidence_row(name, skill=skill) for name, skill in (("SD+CL", 0.7), ("CL", 0.3))]
    view = agreement_view(rows[0], rows)
    assert {len(line) for line in view.cells} == {len(view.heads)}
    assert [line[:2] for line in view.cells[:10]] == [
        (title_of(name), row.name) for name in CLINICAL for row in rows
    ]
    assert {line[1] for line in view.cells[10:]} == {"SD+CL"}
    asleep = [sum(n.labels != 0) * n.page_s / 60 for n in rows[1].nights]
    assert view.cells[1][3] == f"{np.mean(asleep):.1f}"
