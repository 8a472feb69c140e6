"""Writes small MASS nights byte by byte: sound ones and, through the arguments, odd ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from datasets.tal import Annotation

RECORD_S = 0.999936  # of MASS: 256 samples make 256.0163850 Hz
HZ = 256 / RECORD_S
FIRST_PAGE_S = 20.918
BDF_KINDS = ("BDF+C", "BDF+D", "24BIT")


class Row(NamedTuple):
    """One signal of a file to write."""

    label: str
    samples: np.ndarray
    unit: str = "uV"
    limit: float = 500.0


def wave(records: int, per_record: int = 256) -> np.ndarray:
    """A signal that never repeats in a night: its value tells the time."""
    return wave_at(np.arange(records * per_record) * (RECORD_S / per_record))


def wave_at(seconds: np.ndarray) -> np.ndarray:
    """What `wave` is at some seconds after the first sample."""
    samples = np.zeros(len(seconds))
    for rate_hz in np.sqrt([0.02, 0.5, 3.0, 11.0]):
        samples += 60 * np.sin((2 * np.pi * rate_hz) * seconds)
    return samples


def mass_rows(records: int) -> list[Row]:
    """Signals as in MASS V2: C3-A2 is one `wave` in uV, the ECG is a hundredth of it in mV."""
    signal = wave(records)
    ear = 30 * np.cos(np.arange(len(signal)) / 9)
    return [
        Row("EEG A2-CLE", ear),
        Row("ECG ECGI", signal / 100, "mV", 5.0),
        Row("EEG C3-CLE", signal + ear),
    ]


def stage_notes(
    stages: str, page_records: int = 30, first_s: float = FIRST_PAGE_S
) -> list[Annotation]:
    """One annotation a page, one letter a stage."""
    page_s = page_records * RECORD_S
    return [
        Annotation(first_s + i * page_s, page_s, f"Sleep stage {stage}")
        for i, stage in enumerate(stages)
    ]


def write_night(
    folder: Path,
    stages: str = "?W123R?",
    *,
    rows: Sequence[Row] | None = None,
    records: int = 240,
    page_records: int = 30,
    name: str = "01-01-0001",
    **psg: Any,
) -> Path:
    """`<name> PSG.edf` and `<name> Base.edf` in a folder; gives the folder."""
    rows = mass_rows(records) if rows is None else rows
    write_edf(folder / f"{name} PSG.edf", rows, records=records, **psg)
    write_edf(folder / f"{name} Base.edf", notes=stage_notes(stages, page_records), record_s=0)
    return folder


def write_edf(
    path: Path,
    rows: Sequence[Row] = (),
    notes: Sequence[Annotation] = (),
    *,
    records: int = 1,
    record_s: float = RECORD_S,
    start: str = "01.01.0022.00.00",
    first_s: float = 0.0,
    kind: str = "EDF+C",
    onsets: Sequence[float] | None = None,
) -> Path:
    """An EDF+ file whose first sample lies `first_s` after its start; notes go in record 0.

    A kind of BDF has 24 bits a sample; `onsets` are the records' own, where there are gaps.
    """
    size = 3 if kind in BDF_KINDS else 2
    onsets = [first_s + i * record_s for i in range(records)] if onsets is None else onsets
    tals = [tal(Annotation(onset, None, "")) for onset in onsets]
    tals[0] += b"".join(map(tal, notes))
    width = -(-max(map(len, tals)) // size)
    keeper = Row(("EDF", "BDF")[size - 2] + " Annotations", np.empty(width * records))
    blocks = [_digital(row, records, size) for row in rows]
    with open(path, "wb") as file:
        file.write(_header([*rows, keeper], start, kind, records, record_s))
        for index in range(records):
            file.write(b"".join(block[index].tobytes() for block in blocks))
            file.write(tals[index].ljust(size * width, b"\x00"))
    return path


def tal(note: Annotation) -> bytes:
    """One time-stamped annotation list."""
    duration = "" if note.duration_s is None else f"\x15{note.duration_s:.5f}"
    return f"{note.onset_s:+.10f}{duration}\x14{note.text}\x14".encode() + b"\x00"


def _header(rows: Sequence[Row], start: str, kind: str, records: int, record_s: float) -> bytes:
    size = str(256 * (len(rows) + 1))
    wide = kind in BDF_KINDS
    bottom, top = ("-8388608", "8388607") if wide else ("-32768", "32767")
    fields = [
        (8, "\xffBIOSEMI" if wide else "0"),
        (80, "X X X X"),
        (80, "Startdate 01-JAN-2000 X X X"),
        (16, start),
    ]
    fields += [(8, size), (44, kind), (8, str(records)), (8, f"{record_s:g}")]
    fields += [(4, str(len(rows)))]
    for width, texts in (
        (16, [row.label for row in rows]),
        (80, [""] * len(rows)),
        (8, [row.unit for row in rows]),
        (8, [f"{-row.limit:g}" for row in rows]),
        (8, [f"{row.limit:g}" for row in rows]),
        (8, [bottom] * len(rows)),
        (8, [top] * len(rows)),
        (80, [""] * len(rows)),
        (8, [str(len(row.samples) // records) for row in rows]),
        (32, [""] * len(rows)),
    ):
        fields += [(width, text) for text in texts]
    return b"".join(_encoded(text).ljust(width) for width, text in fields)


def _encoded(text: str) -> bytes:
    """As most writers do, or as some do what most cannot."""
    return text.encode("utf-8" if "μ" in text else "latin-1")


def _digital(row: Row, records: int, size: int) -> np.ndarray:
    """(records, samples a record, size) uint8."""
    half = 2 ** (8 * size - 1)
    scaled = np.rint((row.samples + row.limit) / (2 * row.limit) * (2 * half - 1) - half)
    digital = np.clip(scaled, -half, half - 1).astype("<i4").reshape(records, -1)
    return np.asarray(digital.view(np.uint8).reshape(records, -1, 4)[..., :size])
