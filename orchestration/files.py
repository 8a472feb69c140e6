"""Files under one root, a local folder or an object store: the same calls for both.

Paths are strings relative to the root, '/' between names. What is written appears whole or not at
all, and of two that create one file exactly one does: the store needs no more than that of a file
system, no locks and no renaming of folders.
"""

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from orchestration.aside import is_old
from orchestration.objects import ObjectFiles, holds

ASIDE = re.compile(r"\..+\.[0-9a-f]{32}")  # names of files that are being written


class Files(Protocol):
    """What the store asks of a place for files."""

    @property
    def root(self) -> str:
        """The folder or URL that paths are relative to."""

    def read(self, path: str) -> bytes:
        """A file's content; FileNotFoundError if there is none."""

    def write(self, path: str, content: bytes) -> None:
        """Write a file whole; an older one is replaced."""

    def create(self, path: str, content: bytes) -> bool:
        """Write a file whole unless there is one; whether the one that is there is ours."""

    def writing(self, path: str) -> AbstractContextManager[Path]:
        """A local name to write to; the file appears whole when the block ends, or not at all."""

    def opened(self, path: str) -> AbstractContextManager[BinaryIO]:
        """The file for reading here and there in it; FileNotFoundError if there is none."""

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder."""

    def remove(self, path: str) -> None:
        """Remove a file or a folder with all that is in it; nothing happens if there is none."""

    def names(self, folder: str) -> list[str]:
        """What lies directly in a folder, sorted; names that begin with a dot are nobody's."""

    def reading(self, path: str) -> AbstractContextManager[Path]:
        """A local file with the content, for as long as the block lasts."""

    def reading_folder(self, path: str) -> AbstractContextManager[Path]:
        """A local folder with the files directly in it, while the block lasts."""

    def tidy(self) -> None:
        """Remove what writers that were killed a day ago have left half-written."""

    def for_ray(self, path: str) -> dict[str, Any]:
        """Where Ray Train and Tune may keep their own files, as arguments of their RunConfig."""


def open_files(root: str | Path) -> Files:
    """The place that a folder's name or a URL means.

    Raises:
        ValueError: a URL of a kind that is not known, or with credentials in it.
    """
    text = str(root)
    if "://" not in text:
        return LocalFiles(str(Path(text).expanduser().resolve()))
    return ObjectFiles(text)


class LocalFiles:
    """A folder of a local or shared file system."""

    def __init__(self, root: str) -> None:
        self.root = root

    def read(self, path: str) -> bytes:
        """A file's content."""
        return self._at(path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        """Write aside, then rename."""
        with self.writing(path) as aside:
            aside.write_bytes(content)

    def create(self, path: str, content: bytes) -> bool:
        """Write aside, then link: unlike a rename, that fails where a file is."""
        with self._aside(path) as aside:
            aside.write_bytes(content)
            _sync(aside)
            try:
                os.link(aside, self._at(path))
            except FileExistsError:
                return holds(self, path, content)  # NFS may repeat a link that was made
            _sync_folder(aside.parent)
        return True

    @contextmanager
    def writing(self, path: str) -> Iterator[Path]:
        """A name beside the file's own, then a rename."""
        with self._aside(path) as aside:
            yield aside
            _sync(aside)
            os.replace(aside, self._at(path))
            _sync_folder(aside.parent)

    def opened(self, path: str) -> BinaryIO:
        """The file."""
        return self._at(path).open("rb")

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder."""
        return self._at(path).exists()

    def remove(self, path: str) -> None:
        """Remove a file or a folder."""
        target = self._at(path)
        if target.is_dir():
            shutil.rmtree(target, ignore_errors=True)
        else:
            target.unlink(missing_ok=True)

    def names(self, folder: str) -> list[str]:
        """What lies directly in a folder."""
        place = self._at(folder)
        listed = os.listdir(place) if place.is_dir() else []
        return sorted(name for name in listed if not name.startswith("."))

    @contextmanager
    def reading(self, path: str) -> Iterator[Path]:
        """The file or folder itself."""
        yield self._at(path)

    reading_folder = reading

    def for_ray(self, path: str) -> dict[str, Any]:
        """A folder that every node must see under this name."""
        return {"storage_path": str(self._at(path))}

    def tidy(self) -> None:
        """Remove old names that `_aside` gave, and no other dot file."""
        for folder, _, names in os.walk(self.root):
            for path in (Path(folder, name) for name in names if ASIDE.fullmatch(name)):
                with suppress(OSError):  # gone meanwhile, or another user's
                    if is_old(path):
                        path.unlink()

    def _at(self, path: str) -> Path:
        return Path(self.root, path)

    @contextmanager
    def _aside(self, path: str) -> Iterator[Path]:
        """A name beside the file's own; what is still there at the end goes."""
        target = self._at(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}")  # as ASIDE says
        try:
            yield aside
        finally:
            aside.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Have a file's content on the disk, or a folder's names: a power cut must not empty them."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    with suppress(OSError):  # some network file systems refuse it for a folder
        _sync(path)
