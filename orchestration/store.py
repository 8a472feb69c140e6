"""The store: one folder or bucket that holds all that is made, and is the only memory there is.

    windows/<key>/   a Parquet file a night; ingest.csv: what became of each; behind.json: of what
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
    failures/, leases/     why a phase could not be trained; who is at work on what
    clean/, noise/, denoised/, stress/     of denoisers, see `denoising`

Nothing in it executes when it is read: weights are safetensors, the rest JSON, CSV or Parquet.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from orchestration.aside import temporary_folder
from orchestration.files import open_files
from orchestration.formats import as_json
from orchestration.spent import Build

Fill = Callable[[Path], Mapping[str, float] | None]  # writes a phase's files; what it took
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

    def build_of(self, key: str) -> Build:
        """Who trained a complete phase, and what it took."""
        marker = self._marker(key)
        return Build(str(marker["by"]), marker["spent"])

    def read_phase(self, key: str, name: str) -> bytes:
        """One file of a complete phase.

        Raises:
            ValueError: it is not the file that was published.
        """
        marker = self._marker(key)
        read = partial(self.files.read, f"{marker['folder']}/{name}")
        return self._verified(marker, name, read)

    @contextmanager
    def phase(self, key: str) -> Iterator[Path]:
        """A local folder with a complete phase's files, proved to be those that were published."""
        marker = self._marker(key)
        with self.files.reading_folder(marker["folder"]) as folder:
            for name in marker["sha256"]:
                self._verified(marker, name, (folder / name).read_bytes)
            yield folder

    def publish(self, key: str, fill: Fill) -> bool:
        """Show a phase whole or not at all: `fill` writes its files, then one marker names them.

        The marker is created, never replaced: of two publishers the first wins, and the other's
        files go. Whether it was this one.
        """
        folder = f"phases/{key}/{uuid.uuid4().hex[:8]}"
        try:
            digests, spent = self._fill(folder, fill)
        except BaseException:
            self.files.remove(folder)
            raise
        marker = {"folder": folder, "sha256": digests, "by": this_run(), "spent": spent}
        try:
            self.files.create(f"phases/{key}.json", as_json(marker))
        except Exception:  # perhaps only the answer was lost: the folder may be the phase's
            if not self.has_phase(key):
                raise  # the next publisher removes it
        kept = self._marker(key)["folder"]
        for attempt in self.files.names(f"phases/{key}"):  # ours if it lost; of runs killed
            if f"phases/{key}/{attempt}" != kept:
                self.files.remove(f"phases/{key}/{attempt}")
        return bool(kept == folder)

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
        content = self.files.read(path := f"phases/{key}.json")
        try:
            marker: dict[str, Any] = {"spent": {}} | json.loads(content)
            return {name: marker[name] for name in ("folder", "sha256", "by", "spent")}
        except (ValueError, KeyError, TypeError):
            raise ValueError(
                f"{self.root}/{path} is empty or cut: it does not say which files the phase is. "
                "Remove it and type the same command again."
            ) from None

    def _verified(self, marker: dict[str, Any], name: str, read: Callable[[], bytes]) -> bytes:
        content, found, published = b"", "is missing", marker["sha256"][name]
        with suppress(FileNotFoundError):
            content = read()
            found = f"has sha256 {hashlib.sha256(content).hexdigest()}"
        if found != f"has sha256 {published}":
            raise ValueError(
                f"{self.root}/{marker['folder']}/{name} {found}, but was published with "
                f"{published}: it was removed, changed or cut. Remove the phase from phases, "
                "scores, denoised and stress, and type the same command again."
            )
        return content

    def _fill(self, folder: str, fill: Fill) -> tuple[dict[str, str], dict[str, float]]:
        """Have a new folder filled; the digests of its files by name, and what `fill` gives."""
        digests = {}
        with temporary_folder() as local:
            spent = dict(fill(local) or {})
            for path in sorted(local.iterdir()):
                content = path.read_bytes()
                digests[path.name] = hashlib.sha256(content).hexdigest()
                self.files.write(f"{folder}/{path.name}", content)
        return digests, spent


def this_run() -> str:
    """The command that this process works for; set once, and handed to every worker."""
    return os.environ.setdefault(RUN, uuid.uuid4().hex[:8])
