"""Three ways to stage 20 s pages side by side: scikit-learn's scores, differences by person."""

import numpy as np
import pytest
from sklearn import metrics

from orchestration.evidence.formats import table_files
from orchestration.evidence.pages_table import pages_said, pages_table, pages_view
from orchestration.evidence.restaged import PagedRow

PEOPLE = [f"person {number}" for number in range(9)]


def labels_of(seed: int, skill: float, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    true = dice.integers(3, size=n)
    return true, np.where(dice.random(n) < skill, true, dice.integers(3, size=n))


def paged(way: str, skill: float, name: str = "SD+CL") -> PagedRow:
    """Nine people, more of whose labels are right the greater the skill."""
    found = [labels_of(seed, skill) for seed in range(len(PEOPLE))]
    counts = [metrics.confusion_matrix(*pair, labels=range(3)) for pair in found]
    people = dict(zip(PEOPLE, counts, strict=True))
    return PagedRow(
        scheme="W-N-R", name=name, way=way, people=people, nights=len(PEOPLE), minutes=900.0
    )


@pytest.fixture(scope="module")
def rows() -> list[PagedRow]:
    return [paged("widened", 0.8), paged("native", 0.6), paged("grid", 0.8)]


def pooled(skill: float) -> tuple[np.ndarray, np.ndarray]:
    found = [labels_of(seed, skill) for seed in range(len(PEOPLE))]
    true, said = (np.concatenate(part) for part in zip(*found, strict=True))
    return true, said


def test_a_value_is_scikit_learns_of_all_labels_within_its_interval(rows: list[PagedRow]) -> None:
    native = {line["score"]: line for line in pages_table(rows) if line["way"] == "native"}
    true, said = pooled(0.6)
    assert native["kappa"]["value"] == pytest.approx(metrics.cohen_kappa_score(true, said))
    assert native["accuracy"]["value"] == pytest.approx(metrics.accuracy_score(true, said))
    weighted = metrics.f1_score(true, said, average="weighted")
    assert native["weighted_f1"]["value"] == pytest.approx(weighted)
    for line in native.values():
        assert line["low"] < line["value"] < line["high"]
        assert (line["people"], line["labels"], line["minutes"]) == (9, 2700, 900.0)


def test_a_difference_is_the_mean_of_what_people_lose(rows: list[PagedRow]) -> None:
    native = next(x for x in pages_table(rows) if (x["way"], x["score"]) == ("native", "kappa"))
    ours, theirs = (
        [metrics.cohen_kappa_score(*labels_of(seed, skill)) for seed in range(len(PEOPLE))]
        for skill in (0.6, 0.8)
    )
    assert native["difference"] == pytest.approx(np.mean(ours) - np.mean(theirs))
    assert native["difference_low"] < native["difference"] < native["difference_high"] < 0
    assert (native["better"], native["worse"]) == (0, 9)
    assert native["holm_p"] == pytest.approx(2 * native["wilcoxon_p"])


def test_the_widened_way_differs_from_nothing(rows: list[PagedRow]) -> None:
    assert all("difference" not in x for x in pages_table(rows) if x["way"] == "widened")


def test_who_has_no_label_in_one_way_is_not_compared(rows: list[PagedRow]) -> None:
    grid = rows[2]
    lone = dict(grid.people) | {PEOPLE[0]: np.zeros((3, 3), np.int64)}
    found = PagedRow(
        scheme="W-N-R", name="SD+CL", way="grid", people=lone, nights=9, minutes=800.0
    )
    line = next(x for x in pages_table([rows[0], found]) if x["way"] == "grid")
    assert line["better"] + line["worse"] + line["equal"] == 8


def test_a_loss_is_said_where_it_is_and_nowhere_else(rows: list[PagedRow]) -> None:
    other = [paged(way, 0.7, "ECG baseline") for way in ("widened", "native", "grid")]
    head, *sentences = pages_said([*rows, *other], "W-N-R")
    assert head == (
        "Trained on 30 s and asked for a label each 20 s: a loss of kappa is shown for SD+CL; "
        "no loss of kappa is shown for ECG baseline. "
        "Nights: 9, people: 9, minutes with a label: 900."
    )
    assert len(sentences) == 4
    assert sentences[0].startswith("SD+CL on 20 s pages as they are loses ")
    assert "to pages widened to 30 s" in sentences[0]


def test_three_people_are_too_few_for_a_sure_loss(rows: list[PagedRow]) -> None:
    few = [
        PagedRow(
            scheme=row.scheme, name=row.name, way=row.way, nights=3, minutes=300.0,
            people={person: row.people[person] for person in PEOPLE[:3]},
        )
        for row in rows
    ]  # fmt: skip
    assert "kappa may be lost, but not surely for SD+CL" in pages_said(few, "W-N-R")[0]


def test_people_read_a_line_a_way(rows: list[PagedRow]) -> None:
    view = pages_view(pages_table(rows), "W-N-R")
    assert [line[1] for line in view.cells] == [
        "pages widened to 30 s", "20 s pages as they are", "a 30 s grid",
    ]  # fmt: skip
    assert {len(line) for line in view.cells} == {len(view.heads)}
    assert view.cells[0][3] == ""
    assert view.cells[1][3].startswith("-0.")


def test_the_table_has_all_its_files_and_nothing_has_an_empty_one(rows: list[PagedRow]) -> None:
    table = pages_table(rows)
    view = pages_view(table, "W-N-R")
    assert len(table_files("pages", table, view.heads, view.cells)) == 4
    assert pages_table([]) == []
    assert pages_said([], "W-N-R") == []
    assert pages_view([], "W-N-R").cells == []
