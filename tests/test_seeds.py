"""Seeds: variances by hand and by a loop, gains under the same seed, and what is too little."""

import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from sklearn import metrics

from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.seeds import SeedGains, seed_gains, seed_scores, too_few
from orchestration.evidence.seeds_table import (
    said,
    seed_gain_table,
    seed_gain_view,
    seed_table,
    seed_view,
    seeds_said,
)
from orchestration.evidence.staged import StagedNight

SCHEME, BASELINE = "W-N-R", "ECG baseline"
RIGHT = ["accuracy"]


def night(
    subject: str, predicted: np.ndarray, labels: np.ndarray, person: str = ""
) -> StagedNight:
    return StagedNight(
        subject=subject, subset="SS1", person=person or subject, classes=("W", "N", "R"),
        page_s=30.0, segment=np.arange(len(labels), dtype=np.int32), labels=labels,
        probabilities=np.eye(3)[predicted],
    )  # fmt: skip


def known(subject: str, right: int, person: str = "") -> StagedNight:
    """Ten segments, so many of which are named rightly."""
    labels = np.arange(10) % 3
    return night(
        subject, np.where(np.arange(10) < right, labels, (labels + 1) % 3), labels, person
    )


def row(name: str, *folds: Sequence[StagedNight], failed: str = "") -> EvidenceRow:
    found = tuple(map(tuple, folds))
    return EvidenceRow(scheme=SCHEME, name=name, point="", folds=found, failed=failed)


def right(name: str, *each: int) -> EvidenceRow:
    """A person a fold, who has so many of ten segments right."""
    return row(name, *([known(f"s{i}", n)] for i, n in enumerate(each)))


def diced(name: str, seed: int, skill: float, people: int = 6) -> EvidenceRow:
    """The same nights under every seed; what is said of them depends on the seed."""
    nights = []
    for person in range(people):
        labels = np.random.default_rng(person).integers(0, 3, 80 + 10 * person)
        dice = np.random.default_rng([seed, person])
        seen = dice.random(len(labels)) < skill + 0.05 * person
        predicted = np.where(seen, labels, dice.integers(0, 3, len(labels)))
        nights.append(night(f"s{person}", predicted, labels))
    return row(name, nights[:3], nights[3:])


def test_scores_and_variances_by_hand() -> None:
    (found,) = seed_scores({0: [right("SD+CL", 1, 2, 6)], 7: [right("SD+CL", 3, 4, 5)]}, RIGHT)
    assert dict(found.pooled) == pytest.approx({0: 0.3, 7: 0.4})
    assert found.spread == pytest.approx((0.35, 0, 0.025, 0.015))  # mean squares .015 .065 .015
    (line,) = seed_table([found])
    assert (line["mean"], line["sd"]) == pytest.approx((0.35, math.sqrt(0.005)))
    assert (line["least"], line["greatest"]) == pytest.approx((0.3, 0.4))
    view = seed_view([line], SCHEME)
    assert len(view.heads) == len(view.cells[0])
    assert view.cells[0][2:6] == ("2", "0.350 ± 0.071", "0.300", "0.400")
    assert list(map(float, view.cells[0][6:])) == pytest.approx([62.5, 0, 37.5], abs=0.5)


def test_variances_of_peoples_kappas_are_those_of_a_loop() -> None:
    rows = {seed: [diced("SD+CL", seed, 0.4)] for seed in range(4)}
    found = next(one for one in seed_scores(rows) if one.score == "kappa")
    nights = [sorted(rows[seed][0].nights, key=lambda n: n.person) for seed in rows]
    y = [[metrics.cohen_kappa_score(n.labels, n.predicted) for n in mine] for mine in nights]
    k, n = len(y), len(y[0])
    grand = math.fsum(map(math.fsum, y)) / (k * n)
    seeds = [math.fsum(line) / n for line in y]
    people = [math.fsum(line[i] for line in y) / k for i in range(n)]
    of_seed = n * math.fsum((s - grand) ** 2 for s in seeds) / (k - 1)
    of_person = k * math.fsum((p - grand) ** 2 for p in people) / (n - 1)
    rest = math.fsum(
        (y[i][j] - seeds[i] - people[j] + grand) ** 2 for i in range(k) for j in range(n)
    ) / ((k - 1) * (n - 1))
    expected = (grand, max(0, (of_seed - rest) / n), max(0, (of_person - rest) / k), rest)
    assert found.spread == pytest.approx(expected)


def test_pooled_scores_are_scikit_learns_under_each_seed() -> None:
    rows = {seed: [diced("SD+CL", seed, 0.4)] for seed in (1, 2)}
    found = {one.score: one.pooled for one in seed_scores(rows)}
    assert list(found) == ["kappa", "weighted_f1", "macro_f1", "accuracy"]
    for seed, (mine,) in rows.items():
        both = [
            np.concatenate([getattr(n, a) for n in mine.nights]) for a in ("labels", "predicted")
        ]
        assert found["kappa"][seed] == pytest.approx(metrics.cohen_kappa_score(*both))
        assert found["macro_f1"][seed] == pytest.approx(metrics.f1_score(*both, average="macro"))


def test_nights_of_a_person_in_two_folds_are_one_score() -> None:
    rows = {
        seed: [row("SD+CL", [known("a1", first, "a")], [known("a2", 4, "a"), known("b", 8)])]
        for seed, first in ((0, 2), (1, 6))
    }
    (found,) = seed_scores(rows, RIGHT)
    assert found.spread.mean == pytest.approx((0.3 + 0.8 + 0.5 + 0.8) / 4)


def test_gains_are_over_the_baseline_of_the_same_seed() -> None:
    rows = {
        0: [right(BASELINE, 1, 2), right("SD+CL", 2, 5)],
        1: [right(BASELINE, 5, 5), right("SD+CL", 5, 4)],
        2: [right(BASELINE, 3, 3), right("SD+CL", 4, 4)],
    }
    (gain,) = seed_gains(rows, names=RIGHT)
    assert dict(gain.gains) == pytest.approx({0: 0.2, 1: -0.05, 2: 0.1})
    (line,) = seed_gain_table([gain])
    assert (line["mean"], line["positive"], line["seeds"]) == (pytest.approx(0.25 / 3), 2, 3)
    assert line["sd"] == pytest.approx(np.std([0.2, -0.05, 0.1], ddof=1))
    view = seed_gain_view([line], SCHEME)
    assert len(view.heads) == len(view.cells[0])
    assert (view.cells[0][3], view.cells[0][-1]) == ("+0.083", "2 of 3")


def gained(*gains: float) -> SeedGains:
    return SeedGains(SCHEME, "SD+CL", BASELINE, "kappa", dict(enumerate(gains)))


def test_the_bounds_of_another_seed_by_hand() -> None:
    reach = 4.302653 * 0.01 * math.sqrt(4 / 3)  # t of 2 degrees of freedom at .975
    assert gained(0.02, 0.03, 0.04).next == pytest.approx((0.03 - reach, 0.03 + reach))


def test_another_seed_lies_within_its_bounds_in_95_of_100_cases() -> None:
    draws = np.random.default_rng(0).normal(0.02, 0.01, (3000, 5))
    bounds = [(gained(*line[:4].tolist()).next, line[4]) for line in draws]
    assert np.mean([low < new < high for (low, high), new in bounds]) == pytest.approx(
        0.95, abs=0.015
    )


@pytest.mark.parametrize(
    ("gains", "words"),
    [
        (
            (0.030, 0.031, 0.032),
            "gains 0.031 kappa a person over the ECG baseline on average of 3",
        ),
        (
            (0.030, 0.031, 0.032),
            "under 3 of them; another seed would give +0.026 to +0.036 (95 %),",
        ),
        ((0.030, 0.031, 0.032), "(95 %), more than a seed moves."),
        ((-0.03, -0.031, -0.032), "loses 0.031 kappa a person to the ECG baseline"),
        ((-0.03, -0.031, -0.032), "under 3 of them; another seed would give -0.036 to -0.026"),
        ((0.02, -0.01, 0.04), "under 2 of them"),
        ((0.02, -0.01, 0.04), "which includes zero: no more than a seed moves."),
        ((0.03, 0.04), "which includes zero: no more than a seed moves."),
        ((0.0, 0.0), "gains 0.000 kappa a person over the ECG baseline on average of 2 seeds"),
        ((0.0, 0.0), "would give 0.000 to 0.000 (95 %), which includes zero"),
    ],
)
def test_a_sentence_says_whether_a_gain_is_more_than_a_seed_moves(
    gains: tuple[float, ...], words: str
) -> None:
    assert words in said(gained(*gains))


def failing(seeds: Mapping[int, bool]) -> dict[int, list[EvidenceRow]]:
    """A method that fails under some seeds, beside a baseline that never does."""
    return {
        seed: [
            diced(BASELINE, seed, 0.3),
            row("AT+CL", failed="NaN") if fails else diced("AT+CL", seed, 0.5),
        ]
        for seed, fails in seeds.items()
    }


def test_a_method_that_failed_under_a_seed_has_the_others() -> None:
    rows = failing({0: False, 1: True, 2: False})
    found = {one.row: one for one in seed_scores(rows, RIGHT)}
    assert list(found["AT+CL"].pooled) == [0, 2]
    assert list(found[BASELINE].pooled) == [0, 1, 2]
    (gain,) = seed_gains(rows, names=RIGHT)
    assert list(gain.gains) == [0, 2]
    assert too_few(rows, SCHEME) == []


def test_fewer_than_two_seeds_make_no_line_and_are_told() -> None:
    rows = failing({0: False, 1: True})
    rows[0].append(diced("Best found", 0, 0.5))
    assert {one.row for one in seed_scores(rows)} == {BASELINE}
    assert seed_gains(rows) == []
    assert seeds_said([], rows, SCHEME) == [
        "With a result under fewer than two seeds, so not told here: AT+CL, Best found."
    ]
    assert seeds_said([], rows, "W-L-D-R") == []
    assert seeds_said([], {0: rows[0]}, SCHEME) == []


def test_one_person_has_scores_but_no_variances() -> None:
    rows = {seed: [right("SD+CL", 3 + seed)] for seed in (0, 1)}
    (line,) = seed_table(seed_scores(rows, RIGHT))
    assert line["variance_people"] is line["variance_seed"] is None
    assert seed_view([line], SCHEME).cells[0][-3:] == ("", "", "")
    json.dumps(line, allow_nan=False)


def test_seeds_that_share_no_person_have_no_variances_and_no_gain() -> None:
    rows = {
        seed: [row(BASELINE, [known(f"{seed}", 4)]), row("SD+CL", [known(f"other {seed}", 5)])]
        for seed in (0, 1)
    }
    assert all(np.isnan(one.spread).all() for one in seed_scores(rows))
    assert seed_gains(rows) == []


def test_without_the_baseline_there_is_no_gain() -> None:
    assert seed_gains({0: [right("SD+CL", 3, 4)], 1: [right("SD+CL", 3, 5)]}) == []
