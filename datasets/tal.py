"""Time-stamped annotation lists: the bytes in which EDF+ keeps its annotations.

A list reads `+onset[\\x15duration]\\x14text\\x14[text\\x14...]\\x00`. The same bytes fill the
signal "EDF Annotations" of an EDF+ file and, with no header, a stand-alone annotation file (SAF).
Source: EDF+ specification, section 2.2.
"""

import math
import re
from typing import NamedTuple

_LIST = re.compile(rb"[^\x00]+")
_SECONDS = re.compile(rb"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)\s*")  # float() takes b"1_0" and b"nan"


class Annotation(NamedTuple):
    """One text and when it holds."""

    onset_s: float
    """Counted from the start time in the file's header, not from the first sample."""
    duration_s: float | None
    """None where the file gives none."""
    text: str
    """Empty in the lists that only keep the time of a data record."""


def parse_tals(data: bytes) -> list[Annotation]:
    """Every annotation in some bytes, in file order.

    NUL both ends a list and pads what follows it, so records can be joined before parsing.
    """
    tals = (found.group() for found in _LIST.finditer(data))
    return [note for tal in tals if tal.strip() for note in _parse_tal(tal)]


def _parse_tal(tal: bytes) -> list[Annotation]:
    time, *texts = tal.split(b"\x14")
    onset, _, duration = time.partition(b"\x15")
    try:
        onset_s = _seconds(onset)
        duration_s = _seconds(duration) if duration else None
    except ValueError:
        raise ValueError(
            f"an annotation starts with {bytes(time[:20])!r}; it must start like b'+30.5'"
        ) from None
    spoken = [text.decode("utf-8", "replace").strip() for text in texts if text.strip()]
    return [Annotation(onset_s, duration_s, text) for text in spoken or [""]]


def _seconds(text: bytes) -> float:
    seconds = float(text) if _SECONDS.fullmatch(text) else math.nan
    if not math.isfinite(seconds):
        raise ValueError(f"{text[:20]!r} is no number of seconds")
    return seconds
