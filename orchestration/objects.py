"""A prefix of an object store as a place for files; see `orchestration.files` for the calls.

Endpoint and credentials come from the environment, as the store's own tools take them: never from
the URL, which is printed and stored.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

import fsspec
import pyarrow.fs

from orchestration.aside import temporary_folder

PACKAGES = {"s3": "s3fs", "gs": "gcsfs"}  # scheme -> what pip must install
EXISTS, CONFLICT = 412, 409  # HTTP: the object is there; another request for it is under way
WAITS_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)  # before a PUT that met a conflict is sent again


class ObjectFiles:
    """A prefix of a bucket. One PUT shows an object whole; one with a condition creates it once.

    Raises:
        ValueError: a URL of a kind that is not known, or with credentials in it.
    """

    def __init__(self, root: str) -> None:
        self.root = _checked(root).rstrip("/")
        try:
            self.fs, self.prefix = fsspec.core.url_to_fs(self.root, use_listings_cache=False)
        except ImportError:
            package = PACKAGES[self.root.split("://")[0]]
            raise ValueError(
                f"Storage {self.root} needs a package: pip install {package}."
            ) from None

    def read(self, path: str) -> bytes:
        """A file's content."""
        content: bytes = self.fs.cat_file(self._at(path))
        return content

    def write(self, path: str, content: bytes) -> None:
        """One PUT."""
        self.fs.pipe_file(self._at(path), content)

    def create(self, path: str, content: bytes) -> bool:
        """One PUT on the condition that there is no such object."""
        waits_s = iter(WAITS_S)
        while True:
            try:
                self.fs.pipe_file(self._at(path), content, mode="create")
                return True
            except OSError as error:
                status = EXISTS if isinstance(error, FileExistsError) else _status(error)
                if status == EXISTS:  # a PUT may be repeated after its answer was lost
                    return holds(self, path, content)
                wait_s = next(waits_s, None)
                if status != CONFLICT or wait_s is None:
                    raise
            time.sleep(wait_s)

    @contextmanager
    def writing(self, path: str) -> Iterator[Path]:
        """A temporary file that is then uploaded."""
        with temporary_folder() as folder:
            local = folder / path.rsplit("/", 1)[-1]
            yield local
            self.fs.put_file(str(local), self._at(path))

    def opened(self, path: str) -> BinaryIO:
        """The object, read in ranges."""
        file: BinaryIO = self.fs.open(self._at(path), "rb", block_size=1 << 16)
        return file

    def exists(self, path: str) -> bool:
        """Whether there is an object, or anything under a prefix."""
        return bool(self.fs.exists(self._at(path)))

    def remove(self, path: str) -> None:
        """Delete an object, or all under a prefix."""
        with suppress(FileNotFoundError):  # another may be removing it too
            if self.fs.exists(self._at(path)):
                self.fs.rm(self._at(path), recursive=True)

    def names(self, folder: str) -> list[str]:
        """What lies directly under a prefix."""
        try:
            listed = self.fs.ls(self._at(folder), detail=False, refresh=True)
        except FileNotFoundError:
            return []
        found = {str(path).rstrip("/").rsplit("/", 1)[-1] for path in listed}
        return sorted(name for name in found if not name.startswith("."))

    @contextmanager
    def reading(self, path: str) -> Iterator[Path]:
        """A download that is removed afterwards."""
        with temporary_folder() as folder:
            local = folder / path.rsplit("/", 1)[-1]
            self.fs.get_file(self._at(path), str(local))
            yield local

    @contextmanager
    def reading_folder(self, path: str) -> Iterator[Path]:
        """Downloads that are removed afterwards."""
        with temporary_folder() as folder:
            for name in self.names(path):
                self.fs.get_file(self._at(f"{path}/{name}"), str(folder / name))
            yield folder

    def for_ray(self, path: str) -> dict[str, Any]:
        """The same bucket, through the same client."""
        handler = pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(self.fs))
        return {"storage_path": self._at(path), "storage_filesystem": handler}

    def tidy(self) -> None:
        """Nothing: an object appears whole."""

    def _at(self, path: str) -> str:
        return f"{self.prefix}/{path}"


class Readable(Protocol):
    """A place that files can be read from."""

    def read(self, path: str) -> bytes:
        """A file's content; FileNotFoundError if there is none."""


def holds(files: Readable, path: str, content: bytes) -> bool:
    """Whether a file has this content; one that is gone again has not."""
    try:
        return files.read(path) == content
    except FileNotFoundError:
        return False


def _status(error: OSError) -> int:
    """The HTTP status that an S3 client's error stands for; 0 if there is none."""
    answer = getattr(error.__cause__, "response", None) or {}
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _checked(url: str) -> str:
    """A URL that names a bucket and no secret."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query:
        raise ValueError(
            f"Storage {parts.scheme}://...{parts.path} carries credentials or options in its URL, "
            "which would end up in logs. Set them in the environment (AWS_ACCESS_KEY_ID, "
            "AWS_ENDPOINT_URL, GOOGLE_APPLICATION_CREDENTIALS) or give the machine a role."
        )
    if parts.scheme not in PACKAGES:
        raise ValueError(
            f"Storage {url} is of kind {parts.scheme!r}; allowed are a folder and "
            f"{', '.join(f'{scheme}://' for scheme in PACKAGES)}."
        )
    return url
