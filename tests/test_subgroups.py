"""Groups hold the right nights, and score as those nights pooled."""

import numpy as np
import pytest
from sklearn import metrics

from orchestration.evidence.intervals import bca
from orchestration.evidence.scores import SCORES, kappa
from orchestration.evidence.staged import StagedNight
from orchestration.evidence.subgroups import AASM, R_AND_K, Group, counts_by_person, subgroups

KAPPA = {"kappa": kappa}


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
        ("all", "all", 6),
        ("subset", "SS1", 2),
        ("subset", "SS2", 1),
        ("subset", "SS3", 1),
        ("subset", "SS4", 1),
        ("subset", "SS5", 1),
        ("rule", AASM, 3),
        ("rule", R_AND_K, 3),
    ]


@pytest.mark.parametrize("part", [("rule", AASM), ("subset", "SS1"), ("all", "all")])
def test_a_group_scores_as_scikit_learn_scores_its_segments(part: tuple[str, str]) -> None:
    subsets = {AASM: ("SS1", "SS3"), "SS1": ("SS1",)}.get(part[1])
    mine = [n for n in NIGHTS if subsets is None or n.subset in subsets]
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
    described = {"a": {"sex": "male", "MCI": "yes"}, "b": {"sex": "female"}, "c": {"sex": "male"}}
    groups = by_name(subgroups(NIGHTS, described, KAPPA))
    assert groups["sex", "male"].subjects == 2
    assert groups["sex", "female"].subjects == 1
    assert groups["MCI", "yes"].subjects == 1
    assert groups["sex", "male"].segments == 120


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
    assert [(g.descriptor, g.value) for g in groups] == [("all", "all"), ("subset", "SLPDB")]


def test_no_nights_have_no_groups() -> None:
    assert subgroups([]) == []
