"""What a reader found of one channel, and the same in millivolts.

A RawChannel in the file's own unit goes in, an EcgRecording comes out.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets.ecg import EcgRecording
from datasets.recording import UnusableRecording
from datasets.signals import convert

UNITS = {  # regular expressions, whatever the case -> the spelling of datasets.signals
    "V": r"v(olts?)?",
    "mV": r"m(illi)?v(olts?)?",
    "uV": r"(u|µ|μ|micro)v(olts?)?",
    "nV": r"n(ano)?v(olts?)?",
}


class RawChannel(NamedTuple):
    """One channel as a file holds it."""

    label: str
    """In the file's own spelling."""
    samples: np.ndarray
    """(n,) float32 in `unit`, NaN or infinite where missing."""
    hz: float
    """Samples a second, never rounded."""
    unit: str
    """As the file spells it; empty where it does not."""
    start: datetime | None = None
    """Clock time of the first sample."""
    limits: tuple[float, float] | None = None
    """What the recorder can hold at the utmost, in `unit`."""
    notes: tuple[str, ...] = ()
    """What was taken for granted on reading, in sentences."""


def known_unit(unit: str) -> str | None:
    """A unit of voltage in the spelling of datasets.signals; None where it is none of them."""
    plain = "".join(unit.split())
    return next((u for u, row in UNITS.items() if re.fullmatch(row, plain, re.IGNORECASE)), None)


def to_recording(path: Path, raw: RawChannel, unit: str, hz: float | None) -> EcgRecording:
    """A channel in mV, by what the person says of its unit where they do."""
    if unit and known_unit(unit) is None:
        raise UnusableRecording(f"unit {unit!r} is unknown; allowed are {list(UNITS)}.")
    notes = (*raw.notes, *_unit_note(raw, unit), *_rate_note(raw, hz))
    of_file = known_unit(unit or raw.unit) or "mV"
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and so missing
        samples = convert(raw.samples, of_file, "mV")
    limits = None
    if raw.limits is not None:
        low, high = convert(np.sort(raw.limits), of_file, "mV")
        limits = float(f"{low:.6g}"), float(f"{high:.6g}")  # a factor has seven digits
    try:
        return EcgRecording(
            name=path.stem if path.is_file() else path.name,  # a WFDB record has no suffix
            label=raw.label,
            samples=samples,
            hz=raw.hz,
            start=raw.start,
            limits_mv=limits,
            notes=notes,
        )
    except UnusableRecording as error:
        raise UnusableRecording(f"{path.name}: {error}") from None


def _unit_note(raw: RawChannel, unit: str) -> tuple[str, ...]:
    if unit and known_unit(unit) != known_unit(raw.unit):
        return (f"The unit is {unit} as given; the file has {raw.unit!r}.",)
    if not unit and known_unit(raw.unit) is None:
        return (
            f"The unit {raw.unit!r} of {raw.label!r} is unknown and taken as mV: the scale may be "
            "wrong. Give the true one with --unit.",
        )
    return ()


def _rate_note(raw: RawChannel, hz: float | None) -> tuple[str, ...]:
    if hz is None or abs(hz / raw.hz - 1) < 1e-6:
        return ()
    return (f"The rate of {hz:g} Hz that was given is not used: the file tells {raw.hz:g} Hz.",)
