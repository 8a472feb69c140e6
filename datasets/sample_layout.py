"""How a text file of samples is laid out: its delimiter, its header, its decimal sign.

A path in, a TextLayout out, told from the file's first lines. A row of samples has as many cells
as most rows and a number in one of them; the line above the first is the header.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from datasets.ecg_units import known_unit
from datasets.recording import UnusableRecording

MISSING = ("", "nan", "na", "n/a", "null", "none", "-", "--", "?")  # cells without a sample
_HEAD = 2**16  # bytes that tell the layout
_HEADER_LINES = 100  # above the samples, at the utmost
_SAMPLE = 100  # rows that tell what columns hold
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
_COMMA_NUMBER = re.compile(r"[+-]?[0-9]*,[0-9]+(e[+-]?[0-9]+)?", re.IGNORECASE)
_TWO_NUMBERS = re.compile(r"[0-9.,]+\s+[+-]?[0-9.,]+")
_SECONDS = ("s", "sec", "second", "seconds", "ms", "us", "µs", "hh:mm:ss", "hh:mm:ss.mmm")


class TextLayout(NamedTuple):
    """What a parser must know of a text file."""

    encoding: str
    delimiter: str | None
    """None: white space."""
    decimal_comma: bool
    skip: int
    """Lines above the first row of samples."""
    names: tuple[str, ...]
    """Of the columns: the file's own, or "column 1" and so on."""
    first: tuple[str, ...]
    """Cells of the first row of samples, a decimal comma as a point."""

    def cells(self, line: str) -> list[str]:
        """The cells of a line."""
        return split(line, self.delimiter)


def is_text(head: bytes) -> bool:
    """Whether a file that begins so may be text."""
    return bool(head) and (head.startswith(tuple(_MARKS)) or not re.search(rb"[\x00-\x08]", head))


def read_layout(path: Path) -> TextLayout:
    """The layout of a text file of samples."""
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    if not is_text(head):
        raise UnusableRecording(f"{path.name} is no text: it starts with {head[:8]!r}.")
    encoding = _encoding(head)
    text = head.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if len(head) == _HEAD and len(lines) > 1:
        lines.pop()  # it goes on behind the head
    for delimiter in ("\t", ";", ",", None):
        layout = _layout(lines, encoding, delimiter)
        if layout:
            return layout
    raise UnusableRecording(
        f"{path.name} has no rows of numbers in its first lines; the first is {lines[0][:60]!r}. "
        "Columns are parted by comma, semicolon, tab or white space."
    )


def split(line: str, delimiter: str | None) -> list[str]:
    """Cells of a line, without what quotes them."""
    if delimiter is None:
        return [cell.strip("'\"") for cell in line.split()]
    if '"' in line:
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
        except (csv.Error, StopIteration):
            pass  # a quote that never ends is a letter like others
    return [cell.strip().strip("'") for cell in line.split(delimiter)]


def is_number(cell: str, *, comma: bool = False) -> bool:
    """Whether a cell holds a number, with a point or also with a comma."""
    return bool(_NUMBER.fullmatch(cell) or (comma and _COMMA_NUMBER.fullmatch(cell)))


def _encoding(head: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last letter may be cut
        return "utf-8"
    except UnicodeDecodeError:
        return "latin-1"


def _layout(lines: Sequence[str], encoding: str, delimiter: str | None) -> TextLayout | None:
    """The layout by one delimiter, if most lines have it and numbers between."""
    numbered = [
        (number, split(line, delimiter)) for number, line in enumerate(lines) if line.strip()
    ]
    rows = [row for _, row in numbered]
    width = Counter(map(len, rows[-_SAMPLE:])).most_common(1)[0][0] if rows else 0
    good = [len(row) == width and _is_row(row, delimiter) for row in rows]
    first = next((i for i in range(len(rows)) if all(good[i : i + 3])), len(rows))
    if (width < 2 and delimiter) or first > _HEADER_LINES or first == len(rows):
        return None
    if delimiter == "," and first and len(rows[first - 1]) == 1 and _are_halves(rows[first:]):
        return None
    samples = [row for row, is_good in zip(rows[first:], good[first:], strict=True) if is_good]
    decimal_comma = delimiter != "," and any("," in cell for row in samples for cell in row)
    return TextLayout(
        encoding=encoding,
        delimiter=delimiter,
        decimal_comma=decimal_comma,
        skip=numbered[first][0],
        names=_names(rows[:first], samples[:_SAMPLE]),
        first=tuple(cell.replace(",", ".") if decimal_comma else cell for cell in samples[0]),
    )


def _is_row(row: Sequence[str], delimiter: str | None) -> bool:
    """Whether cells are a row of samples."""
    if delimiter == "," and any(_TWO_NUMBERS.fullmatch(cell) for cell in row):
        return False  # white space parts the columns, and the commas are decimal
    comma = delimiter != ","
    return any(is_number(cell, comma=comma) or cell.lower() in MISSING[1:] for cell in row)


def _are_halves(rows: Sequence[Sequence[str]]) -> bool:
    """Whether two cells are what a decimal comma parts, as under a header of one name."""
    return all(
        len(row) == 2 and all(cell.lstrip("+-").isdecimal() for cell in row) for row in rows
    )


def _names(above: Sequence[Sequence[str]], samples: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Names of the columns from the lines above them, the units' line joined to the names'."""
    width = len(samples[0])
    heads = [row[1:] if row[0] in ("#", "%") else row for row in above[-2:]]
    names = [[cell.lstrip("#% ") for cell in row] for row in heads if len(row) == width]
    if len(names) == 2 and all(known_unit(x) or x.lower() in _SECONDS for x in names[1] if x):
        return tuple(f"{name} [{unit}]" for name, unit in zip(*names, strict=True))
    if heads and len(heads[-1]) == width:
        return tuple(names[-1])
    made = [f"column {number + 1}" for number in range(width)]
    return ("time", *made[1:]) if width > 1 and _rise(samples) else tuple(made)


def _rise(samples: Sequence[Sequence[str]]) -> bool:
    """Whether the first column only ever rises, as times do."""
    firsts = [row[0].replace(",", ".") for row in samples]
    if not all(is_number(cell) for cell in firsts):
        return False
    times = [float(cell) for cell in firsts]
    return len(times) > 2 and all(a < b for a, b in pairwise(times))
