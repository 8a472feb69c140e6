"""All benchmarks, one after another, into one page.

    python -m benchmarks [--out FILE] [--long] [NAME ...]

Those that compare two ways make one table of ratios; the others follow with tables of their own.
Each runs in a process of its own with the same settings. Takes a quiet machine and about half an
hour; with --long what a search costs and what bfloat16 changes too, hours more.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks.side_by_side import ALLOCATOR, ONE_THREAD, Compared, machine
from benchmarks.tables import table

RATIOS = (
    "preprocessing",
    "reading",
    "steps",
    "allocator",
    "staging",
    "own_night",
    "workers",
    "denoising",
)
TABLES = {  # name -> its arguments; {folder} is one that goes afterwards
    "device": ["--sweep", "smoke"],
    "ingest": ["--folder", "{folder}", "--nights", "20", "80", "320"],
    "streaming": ["--folder", "{folder}", "--nights", "6", "24", "96"],
    "scheduler": ["--folder", "{folder}", "--trials", "12"],
    "requests": [],
    "install": ["--peers"],
}
LONG = {
    "racing": ["--folder", "{folder}", "--epochs", "60", "--patience", "8"],
    "precision": ["--folder", "{folder}"],
}
PAGE = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    """Run what is named, or all; write the page; 1 if one failed."""
    words = argparse.ArgumentParser(prog="python -m benchmarks")
    words.add_argument("names", nargs="*", choices=[*RATIOS, *TABLES, *LONG, []])
    words.add_argument("--long", action="store_true", help="those that take hours too")
    words.add_argument("--out", type=Path, default=PAGE, help="file for the page")
    given = words.parse_args()
    names = given.names or [*RATIOS, *TABLES, *(LONG if given.long else ())]
    results, parts, failed = [], [], []
    for name in names:
        text = _run(name)
        if text is None:
            failed.append(name)
        elif name in RATIOS:
            results += [_compared(json.loads(line)) for line in text.splitlines()]
        else:
            parts.append(f"## {name}\n\n{text.strip()}")
    given.out.write_text(_page(results, parts, failed, sys.argv[1:]))
    print(f"{given.out}: {len(results)} ratios, {len(parts)} tables, {len(failed)} failed")
    return bool(failed)


def _run(name: str) -> str | None:
    """What a benchmark writes; None if it failed, which it says itself."""
    print(f"== {name}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        more = [word.format(folder=folder) for word in (TABLES | LONG).get(name, [])]
        words = [sys.executable, "-m", f"benchmarks.{name}", *more, "--out", str(out)]
        done = subprocess.run(words, check=False, env=os.environ | ALLOCATOR | ONE_THREAD)
        return out.read_text() if done.returncode == 0 else None


def _compared(row: dict[str, object]) -> Compared:
    return Compared(**row)  # type: ignore[arg-type]  # as it was written


def _page(
    results: Sequence[Compared], parts: Sequence[str], failed: Sequence[str], words: Sequence[str]
) -> str:
    settings = " ".join(f"{key}={value}" for key, value in (ALLOCATOR | ONE_THREAD).items())
    head = [
        "# Results",
        "    python -m benchmarks " + " ".join(words),
        f"{date.today()}, {machine()} Both ways of a ratio ran in turns, at least five rounds; "
        f"medians, in brackets the lowest and highest ratio of a round. Settings: {settings}.",
    ]
    if failed:
        head.append(f"**Failed: {', '.join(failed)}.**")
    rows = [table([result.row for result in results])] if results else []
    return "\n\n".join([*head, *rows, *parts]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
