"""Ray Data: recordings -> Parquet, night by night, one manifest row each.

A night that cannot be used is a row with its reason; the others go on. A night that is there with
the same source is left alone, so running it again does only what is missing.
"""

import hashlib
import json
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import datasets
from datasets.parquet import LAYOUT, Subject, read_subject, write_night
from datasets.recording import RecordingRef, UnusableRecording
from datasets.segments import SEGMENT_S, cut_segments
from datasets.signals import RATE_HZ
from datasets.sources import SOURCES
from orchestration.each import each_on_ray
from orchestration.formats import as_csv
from orchestration.keys import key_of
from orchestration.staging.denoiser import DenoisedBy
from orchestration.store import Store

COLUMNS = ("subject", "subset", "person", "status", "segments", "eeg", "ecg", "reason", "signals")
HEAD_BYTES = 1 << 20


class Ingest(NamedTuple):
    """What an ingest leaves: the folder's key and the subjects that can be used."""

    windows: str
    subjects: tuple[Subject, ...]
    rows: tuple[dict[str, Any], ...]  # one a recording, columns COLUMNS
    manifest: str  # where the rows are
    denoiser: DenoisedBy | None = None  # what the ECG of all nights went through

    @property
    def refused(self) -> list[dict[str, Any]]:
        """The rows of the nights that cannot be used."""
        return [row for row in self.rows if row["status"] == "refused"]

    def summary(self) -> str:
        """How many nights can be used, how many cannot, and where the reasons are."""
        return (
            f"{len(self.subjects)} nights can be used, {len(self.refused)} refused; "
            f"all in {self.manifest}"
        )


def ingest(refs: Sequence[RecordingRef], store: Store) -> Ingest:
    """Have every usable night of some recordings of one source in the store.

    Raises:
        ValueError: none of them can be used.
    """
    windows = windows_key(refs[0].source)
    rows: list[dict[str, Any]] = []
    nights = [asdict(ref) for ref in refs]
    for row in each_on_ray(nights, ingest_night, windows=windows, root=store.root):
        rows.append(row)
        print(f"  night {len(rows)}/{len(refs)}: {line_of(row)}", flush=True)
    return found(windows, rows, store)


def found(
    windows: str,
    rows: Sequence[dict[str, Any]],
    store: Store,
    denoiser: DenoisedBy | None = None,
) -> Ingest:
    """What manifest rows come to; they are written beside the nights.

    Raises:
        ValueError: none of them is of a night that can be used.
    """
    rows = sorted(rows, key=lambda row: str(row["subject"]))
    manifest = f"windows/{windows}/ingest.csv"
    store.files.write(manifest, as_csv([{name: row[name] for name in COLUMNS} for row in rows]))
    subjects = tuple(_subject(row) for row in rows if row["status"] != "refused")
    if not subjects:
        raise ValueError(
            f"None of the {len(rows)} recordings can be used; the first: "
            f"{rows[0]['reason']} All reasons are in {store.root}/{manifest}."
        )
    return Ingest(windows, subjects, tuple(rows), f"{store.root}/{manifest}", denoiser)


def windows_key(source: str) -> str:
    """The name of the folder that holds a source's nights as this version would write them."""
    return key_of({"source": source, "hz": RATE_HZ, "segment_s": SEGMENT_S, "layout": LAYOUT})


def ingest_night(row: dict[str, Any], windows: str, root: str) -> dict[str, Any]:
    """Read, cut and write one night; its manifest row.

    What is wrong with a recording is the row's reason; what is wrong with the storage is raised.
    """
    ref, store = RecordingRef(**row), Store(root)
    path = f"windows/{windows}/{ref.subject}.parquet"
    done = {"subject": ref.subject, "subset": ref.subset, "person": ref.person}
    done |= {"signals": ref.signals, "reason": "", "footer": ""}
    there = night_there(path, store)
    try:
        source_hash = _source_hash(ref)
    except OSError as error:
        if there is not None:
            raise unreachable(ref.subject, error) from None
        return refused(done, error)
    try:
        kept = there is not None and there.source_hash == source_hash
        night = None if kept else cut_segments(SOURCES[ref.source].read(ref))
    except (UnusableRecording, ValueError, OSError) as error:
        return refused(done, error)
    if night:
        with store.files.writing(path) as local:  # a full disk is no fault of the night
            write_night(local, night, source_hash, library_versions())
            there = read_subject(local)
    assert there is not None
    return done | {
        "status": "kept" if kept else "written",
        "segments": sum(there.stages),
        "eeg": there.eeg_channel,
        "ecg": there.ecg_channel,
        "footer": json.dumps(asdict(there)),
    }


def refused(row: dict[str, Any], error: Exception) -> dict[str, Any]:
    """The manifest row of a night that cannot be used, and why."""
    gone = {"status": "refused", "segments": 0, "eeg": "", "ecg": "", "footer": ""}
    return row | gone | {"reason": " ".join(str(error).split())}


def unreachable(name: str, error: OSError) -> OSError:
    """What to raise where the storage has a night or patient, but a task cannot read its source.

    To refuse it, as one that cannot be used, would divide the others into other folds, and train
    every phase anew.
    """
    return OSError(
        f"{name} is in the storage, but its recording cannot be read on {socket.gethostname()}: "
        f"{error}. Make it readable there, or take it out of the folder for good."
    )


def library_versions() -> dict[str, str]:
    """The programs that make a night, by name."""
    libraries = {name: version(name) for name in ("soxr", "numpy", "pyarrow")}
    return {"ecg-sleep-distillation": datasets.__version__, **libraries}


def line_of(row: dict[str, Any]) -> str:
    """A manifest row for people."""
    name = f"{row['subset']} {row['subject']}"
    if row["status"] == "refused":
        return f"{name} refused: {row['reason']}"
    return f"{name} {row['status']}, {row['segments']} segments, {row['eeg']}, {row['ecg']}"


def night_there(path: str, store: Store) -> Subject | None:
    """The night that is in the store already, from its footer; None if there is none to use."""
    with suppress(ValueError, FileNotFoundError), store.files.opened(path) as file:
        return read_subject(file)  # a file that is no night is written anew
    return None


def _subject(row: dict[str, Any]) -> Subject:
    """The night of a manifest row that can be used."""
    footer = json.loads(row["footer"])
    return Subject(**footer | {"stages": tuple(footer["stages"])})


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
