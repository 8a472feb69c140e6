"""The store: one folder that holds all that is made, and is the only memory there is.

    windows/<key>/   a Parquet file a night; ingest.csv: what became of every night
    phases/<key>/    spec.json, model.json, model.safetensors, curve.csv, scores.json
    scores/<key>/    a Parquet file a test subject: its class probabilities
    sweeps/<name>/   plan.json, chosen.json, leaderboard.md, .csv, .json
    halfway/         how far a phase in training is
    failures/        why a phase could not be trained

A folder that exists is complete: it is filled under a temporary name and shown by one rename.
"""

import csv
import io
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout


class Store:
    """Folders under one root that every worker can reach (a local or a shared file system)."""

    def __init__(self, root: str | Path) -> None:
        """Take `root` as it is; `Store.open` is for the first one to come."""
        self.root = Path(root).expanduser().resolve()

    @classmethod
    def open(cls, root: str | Path) -> "Store":
        """The store at `root`, created if need be and proved writable.

        Raises:
            ValueError: the folder cannot be created or written to.
        """
        store = cls(root)
        try:
            store.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=store.root):
                pass
        except OSError as error:
            raise ValueError(
                f"Storage {store.root} cannot be written to ({error.strerror}). "
                "Give --storage a folder that you and every worker may write to."
            ) from error
        return store

    @classmethod
    def existing(cls, root: str | Path) -> "Store":
        """The store at `root`, which must hold something already."""
        store = cls(root)
        if not store.root.is_dir():
            raise ValueError(
                f"There is no storage at {store.root}. Give --storage that a sweep wrote."
            )
        return store

    def windows(self, key: str) -> Path:
        """Where the nights of one ingest lie."""
        return self.root / "windows" / key

    def scores(self, key: str) -> Path:
        """Where a phase's probabilities on its test subjects lie."""
        return self.root / "scores" / key

    def sweep(self, name: str) -> Path:
        """Where a sweep keeps its plan and its tables."""
        return self.root / "sweeps" / name

    def phase(self, key: str) -> Path:
        """Where a phase lies once it is complete."""
        return self.root / "phases" / key

    def halfway(self, key: str) -> Path:
        """Where a phase in training keeps how far it is."""
        return self.root / "halfway" / f"{key}.pt"

    def has_phase(self, key: str) -> bool:
        """Whether the phase is complete."""
        return (self.phase(key) / "spec.json").is_file()

    def phase_keys(self) -> set[str]:
        """Keys of all complete phases."""
        return {path.parent.name for path in (self.root / "phases").glob("[!.]*/spec.json")}

    def failure(self, key: str) -> str:
        """Why the phase could not be trained, or "" if nothing is known against it."""
        path = self._failure(key)
        return str(json.loads(path.read_text())["reason"]) if path.is_file() else ""

    def keep_failure(self, key: str, reason: str) -> None:
        """Remember why the phase cannot be trained; delete failures/ to have it tried again."""
        write_json(self._failure(key), {"reason": reason})

    def failures(self) -> dict[str, str]:
        """Phase key -> reason of every phase that could not be trained."""
        paths = sorted((self.root / "failures").glob("*.json"))
        return {path.stem: self.failure(path.stem) for path in paths}

    def _failure(self, key: str) -> Path:
        return self.root / "failures" / f"{key}.json"

    def lock(self, name: str) -> FileLock:
        """A lock that lets go when its owner dies, so that a phase is trained by one run only."""
        path = self.root / "locks" / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(path)

    @contextmanager
    def only_one(self, sweep: str) -> Iterator[None]:
        """Refuse a sweep that is running already: two would write the same search."""
        try:
            with self.lock(f"sweep-{sweep}").acquire(timeout=0):
                yield
        except Timeout:
            raise ValueError(
                f"Sweep {sweep} is running in {self.root} already. Wait for it, or stop it and "
                "type the same command again."
            ) from None

    def publish(self, target: Path, fill: Callable[[Path], None]) -> None:
        """Show the folder `target` whole, or not at all: `fill` writes it under another name.

        The caller holds the lock of what it publishes.
        """
        for orphan in target.parent.glob(f".{target.name}.*"):  # of a run that was killed
            shutil.rmtree(orphan, ignore_errors=True)
        scratch = target.parent / f".{target.name}.{os.getpid()}"
        scratch.mkdir(parents=True)
        try:
            fill(scratch)
            os.rename(scratch, target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def write_json(path: Path, value: Mapping[str, Any] | list[Any]) -> None:
    """Write JSON for people and programs, under a temporary name that is then renamed."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a table whole or not at all; its columns are those of all rows, first come first."""
    text = io.StringIO(newline="")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, fieldnames=columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with whole(path) as scratch:
        scratch.write_text(text)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name to write under; the file appears as `path` when the block ends, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        yield scratch
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
