"""The files of a staged recording: tables, EDF+ hypnogram, picture, summary.

Each is written aside and renamed, so that a file that exists is complete; the summary comes last.
"""

import hashlib
import logging
import os
import re
import secrets
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from orchestration.formats import as_json
from orchestration.staging.hypnogram_edf import write_hypnogram
from orchestration.staging.staged import StagedEcg
from orchestration.staging.summary import model_of, summary
from orchestration.staging.tables import as_events_tsv, as_hypnogram_csv, events_sidecar

LONGEST = 100  # letters of a name
KEPT = 80  # of a name that is longer
RESERVED = {  # names of devices in Windows, whatever follows a dot
    *("CON", "PRN", "AUX", "NUL"),
    *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10)),
}
NO_PICTURE = "There is no picture: matplotlib is not installed. pip install matplotlib"

log = logging.getLogger(__name__)


def save(staged: StagedEcg, folder: Path) -> tuple[Path, ...]:
    """Write NAME_hypnogram.csv, .edf, .png, .svg, NAME_events.tsv, .json and NAME_summary.json.

    Raises:
        OSError: the folder cannot be written to, or is full; what was written is complete.
    """
    try:
        return _save(staged, folder)
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"{folder} cannot be written to ({reason}). Make room, or choose another folder."
        raise OSError(error.errno, message) from error


def _save(staged: StagedEcg, folder: Path) -> tuple[Path, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    pictures, notes = _pictures(staged)
    files: dict[str, Callable[[Path], object]] = {
        "hypnogram.csv": _bytes(as_hypnogram_csv(staged)),
        "events.tsv": _bytes(as_events_tsv(staged)),
        "events.json": _bytes(as_json(events_sidecar(staged, model_of(staged.model)))),
        "hypnogram.edf": partial(write_hypnogram, staged=staged),
        **{name: _bytes(data) for name, data in pictures.items()},
        "summary.json": _bytes(as_json(summary(staged, notes))),
    }
    name = safe_name(staged.name)
    return tuple(write_whole(folder / f"{name}_{what}", write) for what, write in files.items())


def safe_name(name: str) -> str:
    """A file name of letters, digits, ".", "-" and "_" that no system and no folder minds.

    Accents are dropped and other characters are "_". Where a letter of another script is lost, or
    the end of a long name, a digest follows that keeps names apart. What is safe stays as it is.
    """
    plain = unicodedata.normalize("NFKD", name)
    marked = "".join(letter for letter in plain if not unicodedata.combining(letter))
    lost = any(letter.isalnum() and not letter.isascii() for letter in marked)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", marked).lstrip(".-").rstrip("._") or "recording"
    if lost or len(safe) > LONGEST:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        safe = f"{safe[:KEPT]}-{digest}"
    return f"_{safe}" if safe.split(".")[0].upper() in RESERVED else safe


def _pictures(staged: StagedEcg) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The drawing as files, or why there is none."""
    try:
        from orchestration.staging.figure import pictures

        drawn = pictures(staged)
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        log.warning(NO_PICTURE)
        return {}, (NO_PICTURE,)
    return {f"hypnogram.{kind}": data for kind, data in drawn.items()}, ()


def _bytes(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def write_whole(path: Path, write: Callable[[Path], object]) -> Path:
    """Let a file be written under another name; it gets its own when it is complete."""
    aside = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        write(aside)
        os.replace(aside, path)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise
    return path
