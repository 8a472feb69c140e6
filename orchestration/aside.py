"""Temporary folders of this machine, and what programs that were killed have left on it.

Who works in a temporary folder locks it, so that a phase that takes days keeps its own; the system
drops the lock when the process ends, however it ends.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from numpy.lib.format import MAGIC_PREFIX

from orchestration.night_files import night_folder

PREFIX = "ecg-sleep-aside-"  # nobody else's folders are called so
OLD_S = 24 * 3600.0  # what nobody has touched for so long may be left over


def is_old(path: Path) -> bool:
    """Whether it has not been changed for a day."""
    return time.time() - path.lstat().st_mtime > OLD_S


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        folder = os.open(name, os.O_RDONLY)
        try:
            with suppress(OSError):  # a file system without locks: then nobody else gets one
                fcntl.flock(folder, fcntl.LOCK_SH)
            yield Path(name)
        finally:
            os.close(folder)


def drop_left_over() -> None:
    """Remove what was left on this machine a day ago: temporary folders, half nights."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # in use, or another user's
            if is_old(folder):
                _drop_unlocked(folder)
    with suppress(OSError):  # no folder for nights
        for path in night_folder().glob(".????????"):
            with suppress(OSError):
                if is_old(path) and _is_night(path):
                    path.unlink()


def _drop_unlocked(folder: Path) -> None:
    """Remove a folder unless somebody works in it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    finally:
        os.close(descriptor)


def _is_night(path: Path) -> bool:
    """Whether a file begins as nights do, so that it is no dot file of a person's."""
    with path.open("rb") as file:
        return file.read(len(MAGIC_PREFIX)) == MAGIC_PREFIX
