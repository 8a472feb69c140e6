"""Scaled nights as files of this machine: made once, mapped into memory by all of its processes.

So a fold may be larger than memory, and the kernel keeps as much of it as fits, once for all. A
file is named by what it was made from; where none can be kept, nights are held in memory. A file's
samples are not read to check them: that would be a pass over all of a fold that does not fit. The
folder can be deleted whenever no sweep runs.
"""

import logging
import os
import tempfile
from pathlib import Path

import numpy as np

from datasets.windows import ScaledNight

logger = logging.getLogger(__name__)

FORMAT = 1  # raise it when a scaling changes, or the file
FOLDER = "SLEEP_CACHE"  # environment variable: where the files lie, if not in the temporary folder
ARRAYS = ("eeg", "ecg", "segment", "labels")


def night_folder() -> Path:
    """This machine's folder for nights, private to the user.

    Raises:
        OSError: it cannot be made, or others could put files into it.
    """
    usual = Path(tempfile.gettempdir()) / f"ecg-sleep-{os.getuid()}"
    folder = Path(os.environ.get(FOLDER) or usual)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owners = {folder.lstat().st_uid, folder.stat().st_uid}  # of a link, and of what it leads to
    if owners != {os.getuid()} or folder.stat().st_mode & 0o022:
        raise PermissionError(
            f"{folder} belongs to users {sorted(owners)} or can be written to by others; it must "
            f"be user {os.getuid()}'s alone. Set {FOLDER} to a folder of your own."
        )
    return folder


class NightFiles:
    """The files of this machine; once one could not be written, no other is tried."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        try:
            self.folder = night_folder()
        except OSError as error:
            _warn(error)
        self.writable = self.folder is not None

    def read(self, name: str, subject: str) -> ScaledNight | None:
        """The night of that name, mapped; None if it is not there or damaged."""
        if self.folder is None:
            return None
        path = self.folder / f"{name}-{FORMAT}.npy"
        try:
            return _night(subject, np.load(path, mmap_mode="r", allow_pickle=False))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, IndexError, EOFError) as error:
            logger.warning("%s is damaged (%s); the night is fetched again", path, error)
            return None

    def keep(self, name: str, night: ScaledNight) -> ScaledNight:
        """The same night, mapped from a file of that name if one can be written."""
        if self.folder is None or not self.writable:
            return night
        try:
            _write(self.folder / f"{name}-{FORMAT}.npy", night)
        except OSError as error:
            self.writable = False
            _warn(error)
            return night
        return self.read(name, night.subject) or night


def _warn(error: OSError) -> None:
    logger.warning("nights are held in memory, as they cannot be kept on disk: %s", error)


def _write(path: Path, night: ScaledNight) -> None:
    """One file, there whole or not at all, that only its owner can read."""
    record = _record(night)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            np.save(file, record, allow_pickle=False)
            file.flush()
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def _record(night: ScaledNight) -> np.ndarray:
    """A night as one record, its arrays one after the other."""
    arrays = {name: np.asarray(getattr(night, name)) for name in ARRAYS}
    fields = [(name, array.dtype, array.shape) for name, array in arrays.items()]
    record = np.empty(1, np.dtype(fields))
    for name, array in arrays.items():
        record[name][0] = array
    return record


def _night(subject: str, record: np.ndarray) -> ScaledNight:
    """The night whose record this is; nothing is copied."""
    arrays = {name: np.asarray(record[name][0]) for name in ARRAYS}
    return ScaledNight(subject=subject, **arrays)
