"""Writes a cohort that looks like MASS, for tests and for trying the whole way without MASS.

    python -m datasets.synthetic DIR --subjects N [--pages P] [--seed S] [--plain] [--unusable]

Nothing in it is real. A Markov chain draws the stages of a night, with cycles. The EEG is noise
in five bands whose levels follow the stage, clearly. The ECG is a train of PQRST shapes whose
rate, breathing arrhythmia and slow sway follow the stage less clearly, behind what differs from
person to person and from minute to minute. On a few pages in a hundred the scorer writes another
stage than the body had. So an EEG teacher is good and an ECG student is worse and well above
chance; how much worse says nothing about people. The files have MASS's names and MASS's traps,
dealt out over the subjects in a fixed order (`synthetic_layouts.py`), so that eight hold all.

The folder appears whole or not at all: DIR/cohort.csv has a row a night, DIR/spec.json what was
asked for and the size of every file.
"""

import argparse
import csv
import json
import logging
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from datasets.synthetic_files import write_night
from datasets.synthetic_layouts import NOMINAL_PAGE_S, Layout, layouts_of

VERSION = 1  # raise it when the same arguments draw something else
MIN_PAGES = 4
MAX_SUBJECTS = 9999  # subject numbers have four digits
SPEC = "spec.json"
SIGNALS = "PSG.edf"

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """What is asked for; the same Cohort gives the same bytes."""

    subjects: int
    """Usable nights, one a person."""
    pages: int = 120
    """Scored 30 s pages a night; a night of 20 s pages has half as many again."""
    seed: int = 0
    traps: bool = True
    """Whether the files have MASS's traps; else they are as simple as the format allows."""
    unusable: bool = False
    """Whether two more nights follow: one without ECG, one whose file is cut short."""

    def __post_init__(self) -> None:
        if not 1 <= self.subjects <= MAX_SUBJECTS:
            raise ValueError(f"subjects is {self.subjects}; allowed are 1 to {MAX_SUBJECTS}.")
        if self.pages < MIN_PAGES:
            raise ValueError(
                f"pages is {self.pages}; a night needs {MIN_PAGES}, and 60 for all stages."
            )
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; allowed are 0 and above.")


def write_synthetic_mass(
    folder: Path,
    subjects: int,
    *,
    pages: int = Cohort.pages,
    seed: int = Cohort.seed,
    traps: bool = Cohort.traps,
    unusable: bool = Cohort.unusable,
) -> list[Path]:
    """The signal files of a MASS look-alike, by path; those of unusable nights too.

    A folder that already holds the identical cohort is left as it is; any other that is not
    empty is refused.
    """
    cohort = Cohort(subjects=subjects, pages=pages, seed=seed, traps=traps, unusable=unusable)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        _check_identical(folder, cohort)
        log.info("%s holds this cohort already; nothing to do", folder)
    else:
        _write_whole(folder, cohort)
    files = json.loads((folder / SPEC).read_text())["files"]
    return [folder / name for name in files if name.endswith(SIGNALS)]


def _check_identical(folder: Path, cohort: Cohort) -> None:
    """Refuses a folder that holds anything but exactly this cohort."""
    try:
        spec = json.loads((folder / SPEC).read_text())
        found = {"version": spec["version"], "cohort": spec["cohort"]}
        whole = all((folder / n).stat().st_size == size for n, size in spec["files"].items())
    except (OSError, ValueError, LookupError, TypeError):
        found, whole = {}, False
    if not whole or found != _asked(cohort):
        holds = f"another cohort, {found}" if whole else "other files or a broken cohort"
        raise ValueError(
            f"{folder} is not empty and holds {holds}; asked was {_asked(cohort)}. "
            "Give an empty folder, or remove this one."
        )


def _write_whole(folder: Path, cohort: Cohort) -> None:
    """Writes beside the folder and renames, so that what exists is complete."""
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as beside:
        draft = Path(beside) / folder.name
        draft.mkdir()
        _write_cohort(draft, cohort)
        os.replace(draft, folder)


def _write_cohort(folder: Path, cohort: Cohort) -> None:
    """Every night, then the table, then the spec."""
    rows = []
    for index, (subject, layout) in enumerate(_plan(cohort)):
        rng = np.random.default_rng([cohort.seed, index])
        pages = round(cohort.pages * 30 / NOMINAL_PAGE_S[layout.subset])
        write_night(folder, subject, layout, pages, rng)
        log.info("%s  %s  %4d pages  %s", subject, layout.subset, pages, layout.traps)
        rows.append([subject, subject, layout.subset, pages, layout.traps])
    with open(folder / "cohort.csv", "w", newline="") as table:
        csv.writer(table).writerows([["subject", "person", "subset", "pages", "traps"], *rows])
    sizes = {str(p.relative_to(folder)): p.stat().st_size for p in sorted(folder.rglob("*.*"))}
    (folder / SPEC).write_text(json.dumps({**_asked(cohort), "files": sizes}, indent=1))


def _plan(cohort: Cohort) -> Iterator[tuple[str, Layout]]:
    """Subject and layout of each night; subject numbers count within their subset, as in MASS."""
    numbers: Counter[str] = Counter()
    for layout in layouts_of(cohort.subjects, cohort.traps, cohort.unusable):
        numbers[layout.subset] += 1
        yield f"01-{int(layout.subset[2:]):02d}-{numbers[layout.subset]:04d}", layout


def _asked(cohort: Cohort) -> dict[str, object]:
    return {"version": VERSION, "cohort": asdict(cohort)}


class _OneLineParser(argparse.ArgumentParser):
    """An error is one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; --help lists what is allowed\n")


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; defaults are those of Cohort."""
    parser = _OneLineParser(
        prog="python -m datasets.synthetic", description=__doc__.split("\n")[0]
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="new or empty folder")
    parser.add_argument("--subjects", type=int, required=True, help="usable nights")
    parser.add_argument(
        "--pages", type=int, default=Cohort.pages, help="30 s pages a night, %(default)s"
    )
    parser.add_argument("--seed", type=int, default=Cohort.seed, help="%(default)s")
    parser.add_argument("--plain", action="store_true", help="files without MASS's traps")
    parser.add_argument("--unusable", action="store_true", help="two broken nights on top")
    return parser.parse_args(args)


def main(args: Sequence[str] | None = None) -> int:
    """A line a night; 2 and one line on standard error for what cannot be done."""
    asked = parse_args(args)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        write_synthetic_mass(
            asked.folder,
            asked.subjects,
            pages=asked.pages,
            seed=asked.seed,
            traps=not asked.plain,
            unusable=asked.unusable,
        )
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
