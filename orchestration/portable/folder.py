"""A folder that is there whole or not at all, with the digits of every file in it."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.staging.networks import SUMS, read_sums, sha256
from orchestration.staging.spec import CONFIG


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """A new folder beside `out` to fill; sealed and put in its place if nothing was raised.

    Raises:
        ValueError: `out` is there and holds anything else than an earlier export.
    """
    check_place(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f".{out.name}.{uuid.uuid4().hex}")
    aside.mkdir()
    try:
        yield aside
        seal(aside)
        _put(aside, out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def check_place(out: Path) -> None:
    """A ValueError where a folder cannot be made or an earlier export be replaced."""
    if not out.exists():
        return
    held = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    earlier = {CONFIG, SUMS} <= set(held) and {*read_sums(out), SUMS} >= set(held)
    if (held or not out.is_dir()) and not earlier:
        raise ValueError(
            f"{out} is there already and is no earlier export, or holds files of others. Name "
            "another folder with --out, or move that one away."
        )


def seal(folder: Path) -> None:
    """Write the digits of every file, as `sha256sum -c` reads them."""
    lines = [f"{sha256(path)}  {path.name}\n" for path in sorted(folder.iterdir())]
    (folder / SUMS).write_text("".join(lines))


def _put(aside: Path, out: Path) -> None:
    """Let one folder take the other's place."""
    check_place(out)  # again: making it took a while
    earlier = aside.with_name(f"{aside.name}.earlier")
    if out.exists():
        out.rename(earlier)
    try:
        aside.rename(out)
    except OSError:
        if earlier.exists():
            earlier.rename(out)
        raise
    shutil.rmtree(earlier, ignore_errors=True)
