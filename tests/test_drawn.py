"""Which methods are drawn where: all of them, and a network of two names once."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from orchestration.chosen import BASELINE
from orchestration.evidence.drawn import drawn, told_apart
from orchestration.evidence.gathered import Evidence
from orchestration.evidence.page import Block
from tests.staged_nights import evidence_row
from tests.test_report import record_of

SKILLS = {"EEG baseline": 0.95, BASELINE: 0.3, "SD+CL": 0.7, "AT+CL": 0.6, "AT+SD+CL": 0.5}
TWIN = "Best found"  # the same network as SD+CL


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    rows = [evidence_row(name, skill=skill) for name, skill in SKILLS.items()]
    rows.append(evidence_row(TWIN, skill=SKILLS["SD+CL"]))
    record = record_of(rows)
    keys = record.rows[list(SKILLS).index("SD+CL")].folds
    twin = replace(record.rows[-1], folds=keys)
    return Evidence(replace(record, rows=(*record.rows[:-1], twin)), tuple(rows))


@pytest.fixture(scope="module")
def parts(evidence: Evidence) -> dict[str, list[Block]]:
    return drawn(evidence)


def figures(blocks: Sequence[Block], caption: str) -> list[str]:
    return [block.svg for block in blocks if block.text.startswith(caption)]


@pytest.mark.parametrize(
    ("part", "caption"),
    [
        ("All scores", "What a method takes"),
        ("Calibration", "How often a method is right"),
        ("Calibration", "ROC curves"),
        ("Calibration", "Precision and recall"),
    ],
)
def test_every_network_has_its_panel_and_no_network_two(
    parts: dict[str, list[Block]], part: str, caption: str
) -> None:
    (svg,) = figures(parts[part], caption)
    titles = svg.split("Panels: ")[1].split(". ")[0].split("; ")
    assert titles == list(SKILLS)


def test_total_sleep_time_has_a_panel_a_network(parts: dict[str, list[Block]]) -> None:
    of_home, of_all = figures(parts["Clinical numbers"], "Bland-Altman")
    assert "Title: SD+CL." in of_home
    assert f"Panels: {'; '.join(SKILLS)}." in of_all


def test_a_network_of_two_names_is_named_once_more(parts: dict[str, list[Block]]) -> None:
    assert parts["All scores"][-1].text == (
        "Best found is the same network as SD+CL, so figures show it once."
    )


def test_every_other_method_has_its_own_three_nights_folded_away(
    evidence: Evidence, parts: dict[str, list[Block]]
) -> None:
    folded = [block for block in parts["Nights"] if block.kind == "folded"]
    assert [block.summary for block in folded] == [name for name in SKILLS if name != "SD+CL"]
    for block in folded:
        row = evidence.row("W-N-R", block.summary)
        assert row
        (figure,) = block.blocks
        for which, subject in told_apart(row).items():
            assert f"{which} night, {subject}" in figure.svg
        assert figure.svg.count(f">{row.name}: accuracy") == 3


def test_without_a_network_to_take_home_nights_are_shown_all_the_same() -> None:
    rows = [evidence_row("EEG baseline", skill=0.9)]
    found = drawn(Evidence(record_of(rows), tuple(rows)))["Nights"]
    assert [block.kind for block in found] == ["heading", "folded"]
