"""From annotations to pages."""

import numpy as np
import pytest

from datasets.mass_pages import STAGE_TEXTS, read_pages
from datasets.recording import UnusableRecording
from datasets.stages import UNSCORED, Stage
from datasets.tal import Annotation

PAGE_S = 29.99808


def note(page: float, text: str, duration_s: float | None = PAGE_S) -> Annotation:
    return Annotation(20.918 + page * PAGE_S, duration_s, text)


def stage_of(text: str) -> int:
    notes = [note(0, "Sleep stage W"), note(1, text)]
    return int(read_pages(notes, 0.0, "a Base.edf").stages[1])


@pytest.mark.parametrize("letter", STAGE_TEXTS)
def test_every_known_text_is_a_stage(letter: str) -> None:
    assert stage_of(f"Sleep stage {letter}") == STAGE_TEXTS[letter]


def test_stages_3_and_4_are_both_n3() -> None:
    assert stage_of("Sleep stage 3") == stage_of("Sleep stage 4") == Stage.N3


@pytest.mark.parametrize("text", ["Sleep stage ?", "Sleep stage MT", "Movement time"])
def test_unknown_and_movement_are_unscored(text: str) -> None:
    assert stage_of(text) == UNSCORED


def test_xml_events_and_other_texts_are_passed_over() -> None:
    notes = [
        note(0.3, '<Event channel="C3" text="Sleep stage R" groupName="MicroArousal"/>', 3.0),
        note(0, "Sleep stage 2"),
        note(0.5, "Lights off", None),
        note(1, "Sleep stage R"),
    ]
    assert read_pages(notes, 0.0, "a").stages.tolist() == [Stage.N2, Stage.R]


def test_pages_come_in_time_order_on_the_clock_of_the_signals() -> None:
    pages = read_pages([note(1, "Sleep stage R"), note(0, "Sleep stage W")], -0.5, "a")
    np.testing.assert_allclose(pages.onset_s, [20.418, 20.418 + PAGE_S])
    assert pages.stages.tolist() == [Stage.W, Stage.R]
    assert pages.page_s == PAGE_S


def test_pages_without_a_duration_last_until_the_next() -> None:
    notes = [note(page, "Sleep stage 2", None) for page in (0, 1, 2, 5)]
    assert read_pages(notes, 0.0, "a").page_s == pytest.approx(PAGE_S)


def test_a_page_cut_short_is_unscored() -> None:
    notes = [note(page, "Sleep stage 2") for page in range(3)] + [note(3, "Sleep stage 2", 12.0)]
    assert read_pages(notes, 0.0, "a").stages.tolist() == [Stage.N2] * 3 + [UNSCORED]


@pytest.mark.parametrize(
    ("notes", "reason"),
    [
        ([], r"no sleep stages, only texts \[\]"),
        ([note(0, "Lights off")], r"no sleep stages, only texts \['Lights off'\]"),
        ([note(0, "Sleep stage X")], r"unknown stages \['Sleep stage X'\]; known are"),
        ([note(0, "Sleep stage ?"), note(1, "Sleep stage ?")], "all of its 2 pages unscored"),
        ([note(0, "Sleep stage W", 17.0)], r"pages of 17 s; allowed are \(20.0, 30.0\)"),
        ([note(0, "Sleep stage W", None)], "pages of 0 s"),
        ([note(0, "Sleep stage W"), note(1e8, "Sleep stage 1")], "pages spread from 20.918 to"),
        ([note(0, "Sleep stage W"), note(0.5, "Sleep stage 1")], "two pages at once at 35.9"),
        ([note(0, "Sleep stage W"), note(0, "Sleep stage W")], "two pages at once at 20.9"),
    ],
)
def test_annotations_that_give_no_hypnogram_are_one_line_of_reason(
    notes: list[Annotation], reason: str
) -> None:
    with pytest.raises(UnusableRecording, match=f"a Base.edf.*{reason}") as error:
        read_pages(notes, 0.0, "a Base.edf")
    assert "\n" not in str(error.value)
