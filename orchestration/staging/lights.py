"""When the lights went off and on: by the clock or in seconds, on the clock of a recording."""

from collections.abc import Callable
from datetime import datetime, time, timedelta

from datasets.ecg import EcgRecording

Moment = str | float | datetime | None
"""A time of day "22:30", a date and time "2026-11-21 22:30", seconds from the first sample."""


def lights_of(recording: EcgRecording, off: Moment, on: Moment) -> tuple[float, float]:
    """Seconds from the first sample to lights off and to lights on.

    Left out they are the recording's ends. A time of day is the first after the recording starts.
    """
    off_s = 0.0 if off is None else _seconds(recording, off, "lights off")
    on_s = recording.seconds if on is None else _seconds(recording, on, "lights on")
    if not off_s < on_s and (off is not None or on is not None):
        raise ValueError(
            f"lights off at {off_s:g} s and on at {on_s:g} s of {recording.name}; "
            "they must go off before they go on. Correct the two times."
        )
    return off_s, on_s


def check_moments(off: Moment, on: Moment) -> None:
    """Refuse what is no moment of any recording."""
    for moment, what in ((off, "lights off"), (on, "lights on")):
        if moment is not None:
            _number_or_time(moment, what)


def _seconds(recording: EcgRecording, moment: str | float | datetime, what: str) -> float:
    seconds = _told(recording, moment, what)
    if not 0 <= seconds <= recording.seconds:
        raise ValueError(
            f"{what} {moment} is {seconds:g} s from the first sample of {recording.name}"
            f"{_starts(recording)}, which lasts {recording.seconds:g} s. "
            "It must lie within the recording; correct it, or leave it out."
        )
    return seconds


def _told(recording: EcgRecording, moment: str | float | datetime, what: str) -> float:
    """Seconds from the first sample, wherever they lie."""
    told = _number_or_time(moment, what)
    if isinstance(told, float):
        return told
    if recording.start is None:
        raise ValueError(
            f"{what} {moment}: {recording.name} does not say when it starts. "
            "Give seconds from its first sample."
        )
    start = recording.start.replace(tzinfo=None)
    if isinstance(told, time):
        day = datetime.combine(start.date(), told)
        told = day if day >= start else day + timedelta(days=1)
    return (told.replace(tzinfo=None) - start).total_seconds()


def _number_or_time(moment: str | float | datetime, what: str) -> float | time | datetime:
    if isinstance(moment, datetime):
        return moment
    try:
        return float(moment)
    except ValueError:
        return _parsed(str(moment), what)


def _parsed(text: str, what: str) -> time | datetime:
    parsers: tuple[Callable[[str], time | datetime], ...]
    parsers = (time.fromisoformat, datetime.fromisoformat)
    for parse in parsers:
        try:
            return parse(text.strip()).replace(tzinfo=None)  # the recorder's clock has none
        except ValueError:
            continue
    raise ValueError(
        f"{what} is {text!r}; allowed are a time of day such as 22:30, a date and time such as "
        "2026-11-21T22:30:00, or seconds from the first sample."
    )


def _starts(recording: EcgRecording) -> str:
    return f" ({recording.start:%Y-%m-%d %H:%M:%S})" if recording.start else ""
