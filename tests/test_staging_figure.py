"""The picture of a staged recording: of much and of little, and whatever it is called."""

import xml.etree.ElementTree as ET
from datetime import datetime
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from orchestration.evidence.night_panels import clock_axis
from orchestration.evidence.style import canvas
from orchestration.staging.figure import _joined, pictures
from tests.staged_ecgs import staged_ecg

NIGHT = "W" * 20 + "N" * 60 + "?" * 10 + "R" * 20 + "W" * 4
HOSTILE = "<script>alert(1)</script> $x^2$ & \"'\x00\x1b\ud800\n夜"


def words(svg: bytes) -> list[str]:
    """Every text of a drawing."""
    return [
        "".join(element.itertext()).strip()
        for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


@pytest.mark.parametrize(
    ("letters", "given"),
    [
        (NIGHT, {"lights": (300.0, 3300.0)}),
        (NIGHT, {"start": None, "heart": False, "forced": ("too short",)}),
        ("W1123R?", {"scheme": "five", "output_s": 1}),
        ("???", {"scheme": "wldr"}),
        ("", {}),
    ],
)
def test_any_recording_can_be_drawn(letters: str, given: dict[str, Any]) -> None:
    drawn = pictures(staged_ecg(letters, **given))
    assert drawn["png"].startswith(b"\x89PNG")
    assert "night-01" in words(drawn["svg"])


def test_the_picture_tells_clock_lights_gaps_and_classes() -> None:
    found = words(pictures(staged_ecg(NIGHT, lights=(300.0, 3300.0)))["svg"])
    shown = {"Lights off 22:52", "Lights on 23:42", "unscored", "23:00", "W", "N", "R", "missing"}
    assert shown <= set(found)
    assert "time of day" in found
    assert any("sleep efficiency" in text for text in found)


def test_a_picture_drawn_twice_is_the_same_bytes() -> None:
    assert pictures(staged_ecg(NIGHT)) == pictures(staged_ecg(NIGHT))


def test_a_hostile_name_is_text_and_nothing_else() -> None:
    drawn = pictures(staged_ecg(NIGHT, name=HOSTILE, channel=HOSTILE))
    assert "<script>alert(1)</script> $x^2$ & \"' 夜" in words(drawn["svg"])
    assert b"<script" not in drawn["svg"]


def test_a_picture_leaves_the_settings_of_matplotlib_as_they_are() -> None:
    before = dict(mpl.rcParams)
    staged_ecg(NIGHT).plot()
    assert dict(mpl.rcParams) == before


def test_probabilities_are_joined_over_what_is_scored() -> None:
    nan = float("nan")
    parts = np.array([[1, 0], [0.5, 0.5], [0.2, 0.8], [nan, nan], [nan, nan], [nan, nan], [0, 1]])
    expected = np.array([[0.75, 0.25], [0.2, 0.8], [nan, nan], [0, 1]])
    assert np.allclose(_joined(parts, 2), expected, equal_nan=True)
    assert np.array_equal(_joined(parts, 1), parts, equal_nan=True)


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        (datetime(2026, 3, 1, 22, 47, 13), 1.5, ["22:50\n2026-03-01", "23:00", "23:10"]),
        (datetime(2026, 3, 1, 22, 47, 13), 8.0, ["23:00\n2026-03-01", "00:00\n2026-03-02"]),
        (datetime(2026, 3, 1, 9), 24.0, ["09:00\n2026-03-01", "12:00", "15:00", "18:00"]),
        (None, 0.4, ["0", "5", "10", "15", "20"]),
        (None, 9.0, ["0", "1", "2"]),
    ],
)
def test_times_below_a_picture_are_round(
    start: datetime | None, hours: float, expected: list[str]
) -> None:
    axes = canvas(1).subplots()
    clock_axis([axes], start, hours)
    assert [label.get_text() for label in axes.get_xticklabels()][: len(expected)] == expected
    assert len(axes.get_xticks()) <= 13
