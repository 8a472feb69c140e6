"""Files that were dropped together as one record: which to open, and what they call each other."""

import re
from collections.abc import Mapping
from pathlib import Path

from orchestration.staging.web.uploads import shown_name

LONGEST_HEADER = 1024**2  # bytes of a WFDB header
GAP = "~"  # WFDB's name for a segment that was not recorded


def main_file(files: Mapping[str, Path]) -> Path:
    """The file to open of those that make a record; WFDB headers are made to name ours.

    Args:
        files: name as the person gave it -> where it lies.

    Raises:
        ValueError: they do not make one record.
    """
    headers = {name: path for name, path in files.items() if path.suffix == ".hea"}
    if not headers:
        if len(files) == 1:
            return next(iter(files.values()))
        raise ValueError("Several files make one record only where a WFDB header (.hea) is one.")
    texts = {name: _header(name, path) for name, path in headers.items()}
    masters = [name for name, text in texts.items() if _first_line(name, text)[1]]
    if len(headers) > 1 and len(masters) != 1:
        raise ValueError(
            f"{len(headers)} headers (.hea) came together, {len(masters)} of which list segments; "
            "one must. Drop the files of one record at a time."
        )
    known = {name.casefold(): path for name, path in files.items()}
    for name, path in headers.items():
        path.write_text(renamed(texts[name], known), encoding="latin-1")
    return headers[masters[0] if masters else next(iter(headers))]


def renamed(header: str, files: Mapping[str, Path]) -> str:
    """A WFDB header whose files are called as they lie on our disk.

    It opens nothing else on this computer: a file that did not come with it is an error.

    Args:
        files: given name in lower case -> where it lies.
    Source: PhysioNet, header(5): the record line, then a line for each signal or segment.
    """
    lines, master = [], None
    for line in header.splitlines():
        word, *rest = line.split(maxsplit=1)[:2] or [""]
        if word and not word.startswith("#"):
            if master is None:
                master = "/" in word
                word = "record" + word[word.find("/") :] * master
            elif word != GAP:
                word = _ours(word, files, master)
        lines.append(" ".join([word, *rest]))
    return "\n".join(lines) + "\n"


def _ours(word: str, files: Mapping[str, Path], segment: bool) -> str:
    """Name on our disk of a signal's file, or of a segment's header without its suffix."""
    wanted = f"{word}.hea" if segment else word
    path = files.get(wanted.casefold())
    if path is None:
        raise ValueError(
            f"The header names the file {shown_name(wanted)!r}, which did not come with it. "
            "Drop the .hea and all its files together."
        )
    return path.stem if segment else path.name


def _header(name: str, path: Path) -> str:
    if path.stat().st_size > LONGEST_HEADER:
        raise ValueError(f"{name} is too long for a WFDB header; is it another kind of file?")
    return path.read_text(encoding="latin-1")


def _first_line(name: str, header: str) -> tuple[str, str]:
    """The record's name, and how many segments it has: "/2", or nothing."""
    words = (line.split()[0] for line in header.splitlines() if line.strip())
    found = re.fullmatch(r"([\w-]+)(/\d+)?", next((w for w in words if w[0] != "#"), ""))
    if not found:
        raise ValueError(f"{shown_name(name)} is no WFDB header: it begins with no record's name.")
    return found[1], found[2] or ""
