"""Ray Data: recordings -> Parquet, one task a night, one manifest row each.

A night that cannot be used is a row with its reason; the others go on. A night that is there with
the same source is left alone, so running it again does only what is missing.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import ray.data

import datasets
from datasets.parquet import LAYOUT, Subject, read_subject, subjects_in, write_night
from datasets.recording import RecordingRef, UnusableRecording
from datasets.segments import SEGMENT_S, cut_segments
from datasets.signals import RATE_HZ
from datasets.sources import SOURCES
from orchestration.keys import key_of
from orchestration.store import Store, write_csv

COLUMNS = ("subject", "subset", "person", "status", "segments", "eeg", "ecg", "reason", "signals")
HEAD_BYTES = 1 << 20


class Ingest(NamedTuple):
    """What an ingest leaves: the folder's key and the subjects that can be used."""

    windows: str
    subjects: tuple[Subject, ...]
    rows: tuple[dict[str, Any], ...]  # one a recording, columns COLUMNS

    @property
    def refused(self) -> list[dict[str, Any]]:
        """The rows of the nights that cannot be used."""
        return [row for row in self.rows if row["status"] == "refused"]

    def summary(self, store: Store) -> str:
        """How many nights can be used, how many cannot, and where the reasons are."""
        return (
            f"{len(self.subjects)} nights can be used, {len(self.refused)} refused; "
            f"all in {store.windows(self.windows) / 'ingest.csv'}"
        )


def ingest(refs: Sequence[RecordingRef], store: Store) -> Ingest:
    """Have every usable night of some recordings of one source in the store.

    Raises:
        ValueError: none of them can be used.
    """
    windows = windows_key(refs[0].source)
    folder = store.windows(windows)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for row in _on_ray(refs, folder):
        rows.append(row)
        print(f"  night {len(rows)}/{len(refs)}: {_line(row)}", flush=True)
    rows.sort(key=lambda row: str(row["subject"]))
    write_csv(folder / "ingest.csv", [{name: row[name] for name in COLUMNS} for row in rows])
    usable = {row["subject"] for row in rows if row["status"] != "refused"}
    if not usable:
        raise ValueError(
            f"None of the {len(rows)} recordings can be used; the first: "
            f"{rows[0]['reason']} All reasons are in {folder / 'ingest.csv'}."
        )
    subjects = tuple(s for s in subjects_in(folder) if s.name in usable)
    return Ingest(windows, subjects, tuple(rows))


def windows_key(source: str) -> str:
    """The name of the folder that holds a source's nights as this version would write them."""
    return key_of({"source": source, "hz": RATE_HZ, "segment_s": SEGMENT_S, "layout": LAYOUT})


def ingest_night(row: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Read, cut and write one night; its manifest row.

    What is wrong with a recording is the row's reason; what is wrong with the storage is raised.
    """
    ref = RecordingRef(**row)
    path = folder / f"{ref.subject}.parquet"
    done = {"subject": ref.subject, "subset": ref.subset, "person": ref.person}
    done |= {"signals": ref.signals, "reason": ""}
    try:
        source_hash = _source_hash(ref)
        kept = _kept(path, source_hash)
        night = None if kept else cut_segments(SOURCES[ref.source].read(ref))
    except (UnusableRecording, ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        return done | {"status": "refused", "segments": 0, "eeg": "", "ecg": "", "reason": reason}
    if night:
        write_night(path, night, source_hash, _versions())  # a full disk is no fault of the night
    written = read_subject(path)
    return done | {
        "status": "kept" if kept else "written",
        "segments": sum(written.stages),
        "eeg": written.eeg_channel,
        "ecg": written.ecg_channel,
    }


def _on_ray(refs: Sequence[RecordingRef], folder: Path) -> Iterator[dict[str, Any]]:
    """Manifest rows in the order the nights are done, each from a task of its own."""
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # its plan, and that it draws no bars
    ray.data.DataContext.get_current().enable_progress_bars = False
    tasks = ray.data.from_items([asdict(ref) for ref in refs], override_num_blocks=len(refs))
    rows = tasks.map(ingest_night, fn_kwargs={"folder": folder}, num_cpus=1)
    yield from rows.iter_rows()


def _kept(path: Path, source_hash: str) -> bool:
    """Whether the night is there already, whole and made from the same source."""
    with suppress(ValueError):  # a file that is no night is written anew
        return path.is_file() and read_subject(path).source_hash == source_hash
    return False


def _source_hash(ref: RecordingRef) -> str:
    """Names what a night was made from: both files' sizes and ends, and the person.

    A night's 350 MB are not read whole: a recording is written once, never edited in its middle.
    """
    digest = hashlib.sha256(ref.person.encode())
    for name in filter(None, (ref.signals, ref.annotations)):
        path = Path(name)
        size = path.stat().st_size
        digest.update(f"{path.name}:{size}".encode())
        with open(path, "rb") as file:
            digest.update(file.read(HEAD_BYTES))
            file.seek(max(0, size - HEAD_BYTES))
            digest.update(file.read())
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    libraries = {name: version(name) for name in ("pyedflib", "soxr", "numpy", "pyarrow")}
    return {"ecg-sleep-distillation": datasets.__version__, **libraries}


def _line(row: dict[str, Any]) -> str:
    name = f"{row['subset']} {row['subject']}"
    if row["status"] == "refused":
        return f"{name} refused: {row['reason']}"
    return f"{name} {row['status']}, {row['segments']} segments, {row['eeg']}, {row['ecg']}"
