"""What a browser sends lands on the disk block by block: whole, or not at all.

Names that it gives are shown and never used as paths: a file lies under its number.
"""

import errno
import re
import shutil
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from orchestration.staging.summary import shown

LARGEST = 8 * 1024**3  # bytes of one record's files
SPARE = 256 * 1024**2  # bytes that must stay free on the disk
BLOCK = 256 * 1024
MOST_FILES = 64  # of one record
LONGEST_NAME = 120  # letters of a file's name that are shown


class Refusal(Exception):  # noqa: N818 - it is an answer
    """A request that cannot be met, with the status that says so; shown to the person."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Body(Protocol):
    """A request's body."""

    def read1(self, size: int, /) -> bytes:
        """What is there, at most so many bytes; none at the end."""


def shown_name(name: str) -> str:
    """A file's name as it may be shown: without folders, control and direction characters."""
    return shown(re.split(r"[/\\]", name)[-1], LONGEST_NAME) or "recording"


def plain(name: str) -> str:
    """A recording's name for figures and files: letters, digits, space, dot, dash, underscore."""
    return re.sub(r"[^\w. -]+", "_", Path(shown_name(name)).stem).strip(" ._")[:80] or "recording"


def stored(number: int, name: str) -> str:
    """What a file is called on our disk: its number, and the suffix that readers go by."""
    found = re.search(r"\.[A-Za-z0-9]{1,8}$", name)
    return f"file-{number}{found[0].lower() if found else ''}"


def total(sizes: Iterable[int]) -> int:
    """Bytes of a record's files, each of which must be above 0."""
    sizes = list(sizes)
    if not 0 < len(sizes) <= MOST_FILES or min(sizes) < 1:
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            f"A record has 1 to {MOST_FILES} files and none of them is empty. Choose others.",
        )
    return sum(sizes)


def check_room(folder: Path, size: int, expected: int = 0) -> None:
    """Refuse what is too large for us or for the disk, of which others expect a part."""
    if size > LARGEST:
        raise Refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"This recording has {_in_mb(size)}; at most {_in_mb(LARGEST)} are taken. "
            "Cut it, or export the ECG channel alone.",
        )
    free = shutil.disk_usage(folder).free
    if size + expected + SPARE > free:
        raise Refusal(
            HTTPStatus.INSUFFICIENT_STORAGE,
            f"The disk has {_in_mb(free)} free; {_in_mb(size + expected + SPARE)} are needed. "
            "Make room, or start with TMPDIR on a larger disk.",
        )


def receive(body: Body, size: int, path: Path) -> None:
    """Write a body of `size` bytes to a new file; what came of one that broke off is removed."""
    try:
        with path.open("xb") as file:
            left = size
            while left:
                block = body.read1(min(BLOCK, left))
                if not block:
                    raise Refusal(
                        HTTPStatus.BAD_REQUEST,
                        f"The upload broke off after {size - left} of {size} bytes. Try again.",
                    )
                file.write(block)
                left -= len(block)
    except BaseException as error:
        if not isinstance(error, FileExistsError):
            path.unlink(missing_ok=True)
        raise _said(error) from error


def _said(error: BaseException) -> BaseException:
    """What becomes of an error while a body is written."""
    if isinstance(error, TimeoutError):
        return Refusal(HTTPStatus.REQUEST_TIMEOUT, "The upload stood still for too long. Retry.")
    if isinstance(error, ConnectionError):
        return Refusal(HTTPStatus.BAD_REQUEST, "The upload broke off. Try again.")
    if isinstance(error, FileExistsError):
        return Refusal(HTTPStatus.CONFLICT, "This file is already being uploaded.")
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        why = "the disk is full" if full else error.strerror
        return Refusal(HTTPStatus.INSUFFICIENT_STORAGE, f"The upload cannot be kept: {why}.")
    return error


def _in_mb(size: int) -> str:
    return f"{max(1, round(size / 1024**2)):,} MB"
