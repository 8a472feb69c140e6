"""Small files of every kind with wounds, and what their samples must be: material to fuzz with."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from datasets.recording import UnusableRecording
from datasets.tal import Annotation
from tests.edf_files import Row, write_edf

KINDS = ("EDF+C", "EDF+D", "BDF+C", "BDF+D", "")
RECORDS, PER_RECORD = 5, 30
FIXED = ((0, 8), (168, 16), (184, 8), (192, 44), (236, 8), (244, 8), (252, 4))  # place, width
WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)  # of each signal's fields
NASTY = [
    *("", "-1", "0", "1", "2", "+3", "-0", "7", "99999999", "-9999999", "2147483648"[:8], "1_000"),
    *(
        "nan",
        "NaN",
        "inf",
        "-inf",
        "Infinity",
        "1e308",
        "1e-308",
        "1e999",
        "-1e30",
        "1e-9",
        "0x10",
    ),
    *("1,5", "1.5", ".5", "5.", "1 2", "\x00", "8\x0012", "\n", "\t9", "%s%n", "../../x", "<b>"),
    *(
        "١٢",
        "１",
        "µV",
        "μV",
        "\udcff",
        "EDF+D",
        "EDF+C",
        "ECG",
        "EDF Annotations"[:8],
        "31.02.00",
    ),
]


def made(path: Path, kind: str) -> bytes:
    """A small sound file: an EEG, an ECG, annotations."""
    samples = 400 * np.sin(np.arange(RECORDS * PER_RECORD) / 5)
    rows = [Row("EEG C3", -samples), Row("ECG", samples)]
    notes = [Annotation(2.5, 1.0, "Sleep stage W")]
    write_edf(path, rows, notes, records=RECORDS, record_s=1, kind=kind)
    return path.read_bytes()


def fields(data: bytes) -> list[tuple[int, int]]:
    """Place and width of every header field."""
    count, at, found = 3, 256, list(FIXED)
    for width in WIDTHS:
        found += [(at + i * width, width) for i in range(count)]
        at += count * width
    return found


def put(data: bytes, place: int, width: int, text: str) -> bytes:
    field = text.encode("utf-8", "surrogateescape")[:width].ljust(width)
    return data[:place] + field + data[place + width :]


def field_changed(data: bytes, at: int, rng: np.random.Generator) -> bytes:
    places = fields(data)
    return put(data, *places[rng.integers(len(places))], NASTY[rng.integers(len(NASTY))])


def byte_changed(data: bytes, at: int, rng: np.random.Generator) -> bytes:
    return data[:at] + rng.bytes(1) + data[at + 1 :]


def bit_changed(data: bytes, at: int, rng: np.random.Generator) -> bytes:
    return data[:at] + bytes([data[at] ^ (1 << int(rng.integers(8)))]) + data[at + 1 :]


def cut(data: bytes, at: int, rng: np.random.Generator) -> bytes:
    return data[:at]


def bytes_lost(data: bytes, at: int, rng: np.random.Generator) -> bytes:
    return data[:at] + data[at + int(rng.integers(1, 9)) :]


def bytes_added(data: bytes, at: int, rng: np.random.Generator) -> bytes:
    return data[:at] + rng.bytes(int(rng.integers(1, 9))) + data[at:]


def onset_added(data: bytes, at: int, rng: np.random.Generator) -> bytes:
    return put(data, at, 6, "+9\x14\x14\x00")


WOUNDS = (field_changed, byte_changed, bit_changed, cut, bytes_lost, bytes_added, onset_added)


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """A few random wounds; half of them are in the header."""
    for _ in range(rng.integers(1, 4)):
        if data:
            at = int(rng.integers(min(len(data), 1024) if rng.random() < 0.5 else len(data)))
            data = WOUNDS[rng.integers(len(WOUNDS))](data, at, rng)
    return data


def reason_of(error: UnusableRecording, path: Path) -> None:
    assert "\n" not in str(error)
    assert str(error).startswith(path.name)
    assert len(str(error)) < 5000


def outcome(read: Callable[[Path], Any], path: Path) -> Any:
    """What a reader gives, or None where it says why not."""
    try:
        return read(path)
    except UnusableRecording as error:
        reason_of(error, path)
        return None


def number(field: bytes) -> float:
    text = field.decode("latin-1").strip(" \x00\xa0")
    return float(text) if re.fullmatch(r"[-+0-9.eE]+", text) else np.nan


def expected(data: bytes, label: str) -> tuple[np.ndarray, float, float]:
    """Samples, rate, and what float32 may err: by the specification, read in another way."""
    wide = data.startswith(b"\xff")
    size, count = 3 if wide else 2, int(number(data[252:256]))
    columns, at = [], 256
    for width in WIDTHS:
        columns.append([data[at + i * width : at + (i + 1) * width] for i in range(count)])
        at += count * width
    per_record = [int(number(field)) for field in columns[8]]
    texts = [label.encode("utf-8"), label.encode("latin-1", "replace")]
    index = next(i for i, field in enumerate(columns[0]) if field.strip(b" \x00") in texts)
    low, high, bottom, top = (number(columns[i][index]) for i in (3, 4, 5, 6))
    step, start = size * sum(per_record), size * sum(per_record[:index])
    records, found = (len(data) - at) // step, []
    if number(data[236:244]) >= 1:
        records = min(records, int(number(data[236:244])))
    for record in range(records):
        first = at + record * step + start
        body = data[first : first + size * per_record[index]]
        cells = [body[i : i + size] for i in range(0, len(body), size)]
        found += [int.from_bytes(cell, "little", signed=True) for cell in cells]
    gain = (high - low) / (top - bottom)
    samples = (np.array(found, np.float64) - bottom) * gain + low
    rounding = 5e-7 * max(abs(low), abs(high), *np.abs(samples))
    return samples, per_record[index] / number(data[244:252]), rounding


def wounds(data: bytes) -> Iterator[bytes]:
    """Every numeric field with every nasty number."""
    for place, width in fields(data):
        if width in (4, 8):
            yield from (put(data, place, width, text) for text in NASTY[:26])


def bitten(data: bytes, rng: np.random.Generator, bites: bytes) -> bytes:
    """Some bytes replaced, removed or repeated."""
    cells = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        at = int(rng.integers(len(cells))) if cells else 0
        length = int(rng.integers(0, 4))
        cells[at : at + length] = bytes(rng.choice(list(bites), int(rng.integers(0, 4))))
    return bytes(cells)
