"""The store: one folder or bucket that holds all that is made, and is the only memory there is.

    windows/<key>/   a Parquet file a night; ingest.csv: what became of every night
    phases/          <key>.json: a phase is complete, and which files with which digests it is;
                     <key>/<attempt>/: spec.json, model.json, model.safetensors, curve.csv, ...
    scores/<key>/    a Parquet file a test subject: its class probabilities
    pages/<key>/     a JSON file a test night of 20 s pages and way to stage it: its counts
    likeness/        a JSON and an .npz file a fold: how alike features are to the teacher's
    runs/<study>/    a JSON file a trial: when and where it ran
    tensorboard/<sweep>/   event files of its phases and trials
    studies/<key>/   a JSON file a trial: what the search drew and what came of it
    sweeps/<name>/   plan.json, chosen.json, leaderboard.md, .csv, .json
    halfway/         how far a phase in training is
    failures/        why a phase could not be trained
    leases/          who is at work on what

Nothing in it executes when it is read: weights are safetensors, the rest JSON, CSV or Parquet.
"""

import hashlib
import json
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestration.files import open_files
from orchestration.formats import as_json

READERS = 16  # small files of a bucket read side by side, each 30 ms away
RUN = "SLEEP_RUN"  # environment variable: which command a process works for


class Store:
    """What lies where under one root that every worker can reach."""

    def __init__(self, root: str | Path) -> None:
        """Take `root` as it is; `Store.open` is for the first one to come."""
        self.files = open_files(root)
        self.root = self.files.root

    @classmethod
    def open(cls, root: str | Path) -> "Store":
        """The store at `root`, created if need be and proved able to do what it must.

        Raises:
            ValueError: it cannot be written to, or creates a file twice.
        """
        store = cls(root)
        probe = f"leases/probe-{uuid.uuid4().hex}"
        try:
            created = [store.files.create(probe, content) for content in (b"first", b"second")]
            store.files.remove(probe)
        except Exception as error:  # an object store's client raises what it likes
            reason = getattr(error, "strerror", None) or error
            raise ValueError(
                f"Storage {store.root} cannot be written to ({reason}). "
                "Give --storage a folder or bucket that you and every worker may write to."
            ) from error
        if created != [True, False]:
            raise ValueError(
                f"Storage {store.root} writes over a file that it was asked to create, so two "
                "workers could not tell who trains a phase. It needs conditional writes (S3's "
                "If-None-Match) or, on a file system, hard links; give --storage another one."
            )
        return store

    @classmethod
    def existing(cls, root: str | Path) -> "Store":
        """The store at `root`, which must hold something already."""
        store = cls(root)
        if not store.files.names(""):
            raise ValueError(
                f"There is no storage at {store.root}. Give --storage that a sweep wrote."
            )
        return store

    @contextmanager
    def night(self, windows: str, subject: str) -> Iterator[Path]:
        """An ingested night's Parquet file."""
        with self.files.reading(f"windows/{windows}/{subject}.parquet") as path:
            yield path

    def has_phase(self, key: str) -> bool:
        """Whether the phase is complete."""
        return self.files.exists(f"phases/{key}.json")

    def phase_keys(self) -> set[str]:
        """Keys of all complete phases."""
        names = self.files.names("phases")
        return {name.removesuffix(".json") for name in names if name.endswith(".json")}

    def built_by(self, key: str) -> str:
        """The run that trained a complete phase."""
        return str(self._marker(key)["by"])

    def read_phase(self, key: str, name: str) -> bytes:
        """One file of a complete phase.

        Raises:
            ValueError: it is not the file that was published.
        """
        marker = self._marker(key)
        return self._verified(marker, name, self.files.read(f"{marker['folder']}/{name}"))

    @contextmanager
    def phase(self, key: str) -> Iterator[Path]:
        """A local folder with a complete phase's files, proved to be those that were published."""
        marker = self._marker(key)
        with self.files.reading_folder(marker["folder"]) as folder:
            for name in marker["sha256"]:
                self._verified(marker, name, (folder / name).read_bytes())
            yield folder

    def publish(self, key: str, fill: Callable[[Path], None]) -> bool:
        """Show a phase whole or not at all: `fill` writes its files, then one marker names them.

        The marker is created, never replaced: of two publishers the first wins, and the other's
        files go. Whether it was this one.
        """
        folder, kept = f"phases/{key}/{uuid.uuid4().hex[:8]}", False
        try:
            digests = self._fill(folder, fill)
            marker = {"folder": folder, "sha256": digests, "by": this_run()}
            kept = self.files.create(f"phases/{key}.json", as_json(marker))
        finally:
            if not kept:
                self.files.remove(folder)
        for attempt in self.files.names(f"phases/{key}"):  # of runs that were killed
            if f"phases/{key}/{attempt}" != self._marker(key)["folder"]:
                self.files.remove(f"phases/{key}/{attempt}")
        return kept

    def keep_failure(self, key: str, reason: str) -> None:
        """Remember why a phase could not be trained."""
        self.files.write(f"failures/{key}.json", as_json({"reason": reason}))

    def failure(self, key: str) -> str:
        """Why a phase could not be trained; "" if nothing is known against it."""
        try:
            return str(json.loads(self.files.read(f"failures/{key}.json"))["reason"])
        except FileNotFoundError:
            return ""

    def failed_keys(self) -> set[str]:
        """Keys of all phases that could not be trained."""
        return {name.removesuffix(".json") for name in self.files.names("failures")}

    def _marker(self, key: str) -> dict[str, Any]:
        marker: dict[str, Any] = json.loads(self.files.read(f"phases/{key}.json"))
        return marker

    def _verified(self, marker: dict[str, Any], name: str, content: bytes) -> bytes:
        if (found := hashlib.sha256(content).hexdigest()) != marker["sha256"][name]:
            raise ValueError(
                f"{self.root}/{marker['folder']}/{name} has sha256 {found}, but was published "
                f"with {marker['sha256'][name]}: it was changed or cut. Remove the folder and "
                "its phase's .json, and type the same command again."
            )
        return content

    def _fill(self, folder: str, fill: Callable[[Path], None]) -> dict[str, str]:
        """Have a new folder filled; the digests of its files by name."""
        digests = {}
        with tempfile.TemporaryDirectory(prefix="sleep-") as local:
            fill(Path(local))
            for path in sorted(Path(local).iterdir()):
                content = path.read_bytes()
                digests[path.name] = hashlib.sha256(content).hexdigest()
                self.files.write(f"{folder}/{path.name}", content)
        return digests


def this_run() -> str:
    """The command that this process works for; set once, and handed to every worker."""
    return os.environ.setdefault(RUN, uuid.uuid4().hex[:8])
