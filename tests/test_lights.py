"""Lights off and on, by the clock or in seconds, on a recording's own clock."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from datasets.ecg import EcgRecording
from orchestration.staging.lights import lights_of


def a_night(start: datetime | None = datetime(2026, 11, 20, 22, 5)) -> EcgRecording:
    """Eight hours from five past ten."""
    samples = np.zeros(8 * 3600 * 10, np.float32)
    return EcgRecording(name="night", label="ECG", samples=samples, hz=10.0, start=start)


@pytest.mark.parametrize(
    ("off", "on", "expected"),
    [
        (None, None, (0, 28800)),
        ("22:35", "05:35", (1800, 27000)),
        ("22:35:30", 27000, (1830, 27000)),
        ("1800", "27000.5", (1800, 27000.5)),
        ("2026-11-20T23:05", "2026-11-21 06:05:00", (3600, 28800)),
        (datetime(2026, 11, 20, 22, 6), None, (60, 28800)),
        ("22:35:00+02:00", None, (1800, 28800)),
        (datetime(2026, 11, 20, 22, 6, tzinfo=UTC), None, (60, 28800)),
    ],
)
def test_moments_are_told_in_many_ways(off: Any, on: Any, expected: tuple[float, float]) -> None:
    assert lights_of(a_night(), off, on) == expected


@pytest.mark.parametrize(
    ("off", "on", "words"),
    [
        ("22:00", None, "lights off 22:00 is 86100 s"),
        (-1, None, "must lie within"),
        ("soon", None, "'soon'; allowed are a time of day"),
        ("nan", None, "must lie within"),
        ("05:00", "23:00", "must go off before they go on"),
    ],
)
def test_impossible_moments_are_refused(off: Any, on: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        lights_of(a_night(), off, on)


def test_a_time_of_day_needs_a_recording_that_knows_its_own() -> None:
    assert lights_of(a_night(None), 60, None) == (60, 28800)
    with pytest.raises(ValueError, match="does not say when it starts"):
        lights_of(a_night(None), "22:30", None)
