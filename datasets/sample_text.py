"""Text files of samples: CSV, TSV and columns parted by white space.

A path in, a RawChannel out. The delimiter, the names of the columns and decimal commas are told
from the first lines; the file is then parsed in pieces, in numpy.
"""

import io
import math
import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets.ecg_units import RawChannel
from datasets.gaps import check_length
from datasets.recording import UnusableRecording
from datasets.sample_layout import MISSING, TextLayout, is_number, read_layout
from datasets.sample_tables import channel_on_clock, find_columns, no_rate, unit_of
from datasets.sample_times import (
    CLOCK,
    clock_time,
    number_seconds,
    over_midnight,
    text_seconds,
)

_PIECE = 2**22  # characters parsed at a time
_LINE = 2**20  # characters; our choice, of the longest line


class Parsed(NamedTuple):
    """The wanted columns of some lines."""

    samples: np.ndarray
    """(m,) float32."""
    seconds: np.ndarray
    """(m,) float64; empty where no times are wanted."""


def text_labels(path: Path) -> tuple[str, ...]:
    """Names of the columns."""
    return read_layout(path).names


def read_text_channel(path: Path, channel: str, hz: float | None) -> RawChannel:
    """One column of a text file; without a rate a column of times must tell it."""
    layout = read_layout(path)
    columns = find_columns(layout.names, path.name, channel)
    label = layout.names[columns.signal]
    time = columns.time if hz is None else None
    if hz is None and time is None:
        raise no_rate(path.name, layout.names)
    wanted = [columns.signal] if time is None else [columns.signal, time]
    pieces = list(_parsed(path, layout, wanted, hz))
    if not pieces:
        raise UnusableRecording(f"{path.name} holds no rows of samples.")
    samples = np.concatenate([piece.samples for piece in pieces])
    start = None if columns.time is None else clock_time(layout.first[columns.time])
    if time is None:
        assert hz is not None
        return RawChannel(label, samples, hz, unit_of(label), start)
    seconds = np.concatenate([piece.seconds for piece in pieces])
    if CLOCK.fullmatch(layout.first[time]):
        seconds = over_midnight(seconds)
    else:
        seconds = number_seconds(seconds, layout.names[time])
    return channel_on_clock(label, samples, seconds, start, path.name)


def _parsed(
    path: Path, layout: TextLayout, wanted: Sequence[int], hz: float | None
) -> Iterator[Parsed]:
    """The wanted columns, piece by piece."""
    dtype = [("samples", "f4")]
    if len(wanted) > 1:
        dtype += [("seconds", "f8" if is_number(layout.first[wanted[1]]) else "U40")]
    rows = 0
    for text in _pieces(path, layout):
        table = _table(path, layout, text, wanted, np.dtype(dtype), rows)
        rows += len(table)
        if hz is not None:
            check_length(rows, hz, path.name)
        seconds = table["seconds"] if len(wanted) > 1 else np.empty(0)
        if seconds.dtype.kind == "U":
            seconds = text_seconds(seconds, path.name)
        yield Parsed(np.ascontiguousarray(table["samples"]), np.ascontiguousarray(seconds))


def _pieces(path: Path, layout: TextLayout) -> Iterator[str]:
    """Whole lines of samples, some at a time; a last line that was cut off is left out."""
    with open(path, encoding=layout.encoding, errors="replace") as file:
        for _ in range(layout.skip):
            _bounded(path, file.readline(_LINE))
        while text := file.read(_PIECE) + _bounded(path, file.readline(_LINE)):
            head, _, last = text.rpartition("\n")
            if _bounded(path, last) and len(layout.cells(last)) < len(layout.names):
                text = head
            if text.strip():
                yield text.replace(",", ".") if layout.decimal_comma else text


def _bounded(path: Path, line: str) -> str:
    """A line, if it is no longer than rows of samples are."""
    if len(line) >= _LINE:
        raise UnusableRecording(
            f"{path.name} has a line of {_LINE} characters or more; a line holds the samples of "
            "one moment. Write each moment on a line of its own."
        )
    return line


def _table(
    path: Path, layout: TextLayout, text: str, wanted: Sequence[int], dtype: np.dtype, rows: int
) -> np.ndarray:
    """Some lines' wanted columns, (m,) of a structured type; empty cells only slow it down."""
    numbers = wanted if dtype[-1].kind == "f" else wanted[:1]
    parse = partial(np.loadtxt, delimiter=layout.delimiter, usecols=wanted, ndmin=1)
    parse = partial(parse, dtype=dtype, comments=None, quotechar='"')
    try:
        return np.asarray(parse(io.StringIO(text)))
    except ValueError:
        pass  # an empty cell, perhaps
    try:
        return np.asarray(parse(io.StringIO(text), converters=dict.fromkeys(numbers, _number)))
    except ValueError as error:
        where = re.search(r"at row ([0-9]+)", str(error))
        row = rows + (int(where[1]) if where else 0) + 1
        reason = " ".join(str(error.__cause__ or error).split())[:120]
        raise UnusableRecording(
            f"{path.name} has no number where one belongs, in row {row} of its samples or soon "
            f"behind it: {reason}. Correct or remove the row."
        ) from None


def _number(cell: str) -> float:
    """A cell as loadtxt would have it, or NaN where it says that there is none."""
    plain = cell.strip().strip('"').lower()
    if plain in MISSING:
        return math.nan
    if not is_number(plain):
        raise ValueError(f"{cell[:30]!r} is no number")
    return float(plain)
