"""What memory a process and those that it started have held, as the kernel counts it."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

EVERY_S = 0.25  # between two looks at all processes
KIB = 1024


@contextmanager
def peaks() -> Iterator[dict[str, int]]:
    """The largest anonymous memory of one process of each kind, in bytes, filled in at the end.

    Kinds are "driver" (this process), "worker" (one of Ray's that runs Python for us) and the
    names of Ray's own programs. Memory that many processes share is not counted, so that Ray's
    object store is left out.
    """
    found: dict[str, int] = defaultdict(int)
    ended = threading.Event()
    look = threading.Thread(target=_look, args=(found, ended), daemon=True)
    look.start()
    try:
        yield found
    finally:
        ended.set()
        look.join()


def anonymous_bytes(process: int | str = "self") -> int:
    """What a process holds in memory that is no file's."""
    return _status(process, "RssAnon")


def peak_bytes(process: int | str = "self") -> int:
    """The largest memory that a process has held, pages of files included."""
    return _status(process, "VmHWM")


def _look(found: dict[str, int], ended: threading.Event) -> None:
    """Look at this process and all below it until it is over."""
    while not ended.wait(EVERY_S):
        for process, kind in _family().items():
            with suppress(OSError, ValueError):
                found[kind] = max(found[kind], anonymous_bytes(process))


def _family() -> dict[int, str]:
    """Process -> its kind, of this process and all that descend from it."""
    parents, names = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            parents[int(folder.name)] = _status(folder.name, "PPid")
            names[int(folder.name)] = _name(folder)
    own = int(Path("/proc/self").resolve().name)
    family, grown = {own}, True
    while grown:
        below = {process for process, parent in parents.items() if parent in family} - family
        family, grown = family | below, bool(below)
    return {process: "driver" if process == own else names.get(process, "") for process in family}


def _name(folder: Path) -> str:
    """A worker's title begins with "ray::"; the rest go by the program that they run."""
    words = (folder / "cmdline").read_text().split("\0")
    if words[0].startswith("ray::"):
        return "worker"
    return Path(words[0]).name


def _status(process: int | str, field: str) -> int:
    """A field of /proc/<process>/status, sizes in bytes."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            words = line.split()
            return int(words[1]) * (KIB if words[2:] == ["kB"] else 1)
    raise ValueError(f"process {process} has no {field}.")
