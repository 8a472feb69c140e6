"""Time-stamped annotation lists: the bytes in which EDF+ keeps its annotations.

A list reads `+onset[\\x15duration]\\x14text\\x14[text\\x14...]\\x00`. The same bytes fill the
signal "EDF Annotations" of an EDF+ file and, with no header, a stand-alone annotation file (SAF).
Source: EDF+ specification, section 2.2.
"""

from typing import NamedTuple


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
    return [note for tal in data.split(b"\x00") if tal.strip() for note in _parse_tal(tal)]


def _parse_tal(tal: bytes) -> list[Annotation]:
    time, *texts = tal.split(b"\x14")
    onset, _, duration = time.partition(b"\x15")
    try:
        onset_s = float(onset)
        duration_s = float(duration) if duration else None
    except ValueError:
        raise ValueError(
            f"an annotation starts with {bytes(time[:20])!r}; it must start like b'+30.5'"
        ) from None
    spoken = [text.decode("utf-8", "replace").strip() for text in texts if text.strip()]
    return [Annotation(onset_s, duration_s, text) for text in spoken or [""]]
