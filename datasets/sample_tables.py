"""Tables of samples: which column is the ECG and which is the time, in text as in Parquet.

Names of columns in, the two columns out; the columns in, a RawChannel out.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from datasets.ecg_leads import find_channel
from datasets.ecg_units import RawChannel, known_unit
from datasets.gaps import gap_note
from datasets.recording import UnusableRecording
from datasets.sample_times import PARTS, SECOND, spread

_TIME_UNIT = rf"(({'|'.join(PARTS)})?{SECOND}|hh:mm(:ss)?([.:][a-z]+)?|utc|gmt)"
TIME = re.compile(  # the unit parted from the name, or temp and trigger were times
    r"(elapsed[ _]?)?(time|t|secs?|seconds?|ts|time[ _]?stamps?|date[ _-]?time|clock)"
    rf"([ _]*(\[\s*{_TIME_UNIT}\s*\]|\(\s*{_TIME_UNIT}\s*\))|[ _]+{_TIME_UNIT})?",
    re.IGNORECASE,
)
INDEX = re.compile(
    r"|#|n|no\.?|id|index|row|frame|samples?[ _]?(#|no\.?|number|index)?|unnamed.*|date",
    re.IGNORECASE,
)
_UNIT = re.compile(r".*[\[( _]\s*([^\s\[(]+?)\s*[\])]?")


class Columns(NamedTuple):
    """Where the two columns of a table lie."""

    signal: int
    time: int | None


def find_columns(names: Sequence[str], where: str, channel: str) -> Columns:
    """The ECG's column, by name or by alias or because it is the only one, and the time's."""
    time = next((i for i, name in enumerate(names) if TIME.fullmatch(name.strip())), None)
    if channel:
        signal = find_channel(names, where, channel)
        return Columns(signal, None if signal == time else time)
    left = [i for i, name in enumerate(names) if i != time and not INDEX.fullmatch(name.strip())]
    left = left or [i for i in range(len(names)) if i != time]
    if not left:
        raise UnusableRecording(f"{where} has the columns {list(names)}; none holds an ECG.")
    return Columns(left[find_channel([names[i] for i in left], where)], time)


def unit_of(name: str) -> str:
    """The unit of voltage in a column's name, such as "ECG [mV]" or "ecg_uV"; else empty."""
    found = _UNIT.fullmatch(name.strip())
    return found[1] if found and known_unit(found[1]) else ""


def channel_on_clock(
    label: str, samples: np.ndarray, seconds: np.ndarray, start: datetime | None, where: str
) -> RawChannel:
    """A column of samples beside one of times, as a channel."""
    even = spread(samples, seconds, where)
    notes = gap_note(even.gaps, even.missing, even.hz)
    return RawChannel(label, even.samples, even.hz, unit_of(label), start, notes=notes)


def no_rate(where: str, names: Sequence[str]) -> UnusableRecording:
    """What to say of a table that does not tell its rate."""
    return UnusableRecording(
        f"{where} tells no rate: none of its columns {list(names)[:40]} is a time "
        "by its name (time, t, seconds, timestamp). Give the rate with --hz."
    )
