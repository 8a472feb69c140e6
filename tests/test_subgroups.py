"""Groups hold the right nights, and score as those nights pooled."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

from orchestration.evidence.intervals import bca
from orchestration.evidence.scores import SCORES, kappa
from orchestration.evidence.staged import StagedNight
from orchestration.evidence.subgroups import (
    AASM,
    R_AND_K,
    RULES,
    Group,
    counts_by_person,
    subgroups,
)
from orchestration.evidence.tables import subgroup_table
from orchestration.evidence.views import subgroups_view
from tests.staged_nights import evidence_row

KAPPA = {"kappa": kappa}
LABELS = ("labels", "predicted")


def night(subject: str, subset: str, person: str = "", n: int = 60) -> StagedNight:
    rng = np.random.default_rng([ord(letter) for letter in subject])
    labels = rng.integers(3, size=n)
    probabilities = rng.dirichlet(np.ones(3), size=n) + 0.5 * np.eye(3)[labels]
    return StagedNight(
        subject=subject, subset=subset, person=person or subject, classes=("W", "N", "R"),
        page_s=30.0, segment=np.arange(n, dtype=np.int32), labels=labels,
        probabilities=probabilities / probabilities.sum(1, keepdims=True),
    )  # fmt: skip


NIGHTS = [
    night("a", "SS1"), night("b", "SS3"), night("c", "SS2"),
    night("d", "SS1", n=90), night("e", "SS5"), night("f", "SS4"),
]  # fmt: skip


def by_name(groups: list[Group]) -> dict[tuple[str, str], Group]:
    return {(group.descriptor, group.value): group for group in groups}


def test_nights_are_grouped_by_subset_and_by_the_rules_they_were_scored_by() -> None:
    groups = subgroups(NIGHTS, scores=KAPPA)
    assert [(g.descriptor, g.value, g.subjects) for g in groups] == [
        ("subset", "SS1", 2),
        ("subset", "SS2", 1),
        ("subset", "SS3", 1),
        ("subset", "SS4", 1),
        ("subset", "SS5", 1),
        ("rule", AASM, 3),
        ("rule", R_AND_K, 3),
    ]


@pytest.mark.parametrize("part", [("rule", AASM), ("subset", "SS1")])
def test_a_group_scores_as_scikit_learn_scores_its_segments(part: tuple[str, str]) -> None:
    subsets = {AASM: ("SS1", "SS3"), "SS1": ("SS1",)}[part[1]]
    mine = [n for n in NIGHTS if n.subset in subsets]
    labels, predicted = (
        np.concatenate([getattr(n, name) for n in mine]) for name in ("labels", "predicted")
    )
    group = by_name(subgroups(NIGHTS))[part]
    assert set(group.scores) == set(SCORES)
    assert group.segments == len(labels)
    assert group.scores["kappa"].estimate == pytest.approx(
        metrics.cohen_kappa_score(labels, predicted)
    )
    assert group.scores["balanced_accuracy"].estimate == pytest.approx(
        metrics.balanced_accuracy_score(labels, predicted)
    )


def test_intervals_are_over_the_subjects_of_the_group() -> None:
    group = by_name(subgroups(NIGHTS, scores=KAPPA))["rule", AASM]
    counts = np.stack([n.confusion.counts for n in NIGHTS if n.subset in ("SS1", "SS3")])
    assert group.scores["kappa"] == bca(counts, kappa)


def test_further_descriptors_group_only_the_subjects_they_describe() -> None:
    described = {"a": {"sex": "men", "mci": "yes"}, "b": {"sex": "women"}, "c": {"sex": "men"}}
    groups = by_name(subgroups(NIGHTS, described, KAPPA))
    assert groups["sex", "men"].subjects == 2
    assert groups["sex", "women"].subjects == 1
    assert groups["mci", "yes"].subjects == 1
    assert groups["sex", "men"].segments == 120


def test_what_a_table_calls_a_subset_does_not_hide_the_subset() -> None:
    described = {n.subject: {"subset": "mine", "sex": "men"} for n in NIGHTS}
    found = [(g.descriptor, g.value) for g in subgroups(NIGHTS[:1], described, KAPPA)]
    assert found == [("subset", "SS1"), ("rule", AASM), ("sex", "men")]


def test_nights_of_one_person_are_drawn_together() -> None:
    nights = [night("x1", "SS1", "x"), night("y1", "SS1", "y"), night("x2", "SS1", "x")]
    counts = counts_by_person(nights)
    both = nights[0].confusion + nights[2].confusion
    assert counts.tolist() == [both.counts.tolist(), nights[1].confusion.counts.tolist()]
    assert subgroups(nights, scores=KAPPA)[0].subjects == 2


def test_a_group_of_one_has_a_score_without_bounds() -> None:
    found = by_name(subgroups(NIGHTS, scores=KAPPA))["subset", "SS3"].scores["kappa"]
    assert found.estimate == pytest.approx(
        metrics.cohen_kappa_score(NIGHTS[1].labels, NIGHTS[1].predicted)
    )
    assert np.isnan([found.low, found.high]).all()


def test_a_subset_that_is_not_of_mass_has_no_rule() -> None:
    groups = subgroups([night("a", "SLPDB"), night("b", "SLPDB")], scores=KAPPA)
    assert [(g.descriptor, g.value) for g in groups] == [("subset", "SLPDB")]


def test_no_nights_have_no_groups() -> None:
    assert subgroups([]) == []


def test_the_table_has_a_line_a_group_and_a_column_a_method() -> None:
    rows = [evidence_row("ECG baseline"), evidence_row("SD+CL", skill=0.8)]
    yes = {subject: {"mci": "yes"} for subject in rows[0].subjects[:5]}
    table = subgroup_table(rows, yes)
    view = subgroups_view(table, "W-N-R")
    assert view.heads == ("Group", "People", "ECG baseline", "SD+CL")
    assert len({line[0] for line in view.cells}) == len(view.cells)
    last = view.cells[-1]
    assert last[:2] == ("mci: yes", "5")
    truth = [np.concatenate([getattr(n, name) for n in rows[1].nights[:5]]) for name in LABELS]
    assert last[3].startswith(f"{metrics.cohen_kappa_score(*truth):.3f} [")


def test_a_method_that_has_not_a_group_leaves_its_cell_empty() -> None:
    whole = evidence_row("SD+CL")
    half = replace(whole, name="AT+CL", folds=(whole.folds[0][:1],))
    cells = subgroups_view(subgroup_table([half, whole]), "W-N-R").cells
    groups = {line[0].split(": ")[1] for line in cells}
    assert groups >= {"SS1", "SS2", AASM, R_AND_K}
    (subset,) = {night.subset for night in half.nights}
    for line in cells:
        assert (line[2] == "") == (line[0].split(": ")[1] not in (subset, RULES[subset])), line
