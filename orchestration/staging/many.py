"""Many recordings, one after another: a line each, and one that fails does not stop the rest.

Files in; the files of each recording out, and `recordings.tsv` with a row for each.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from datasets.ecg_files import READERS, ecg_labels
from orchestration.staging.labels import check_output_s
from orchestration.staging.lights import check_moments
from orchestration.staging.outputs import safe_name
from orchestration.staging.recordings_table import (
    LONGEST_REASON,
    TABLE,
    Outcome,
    earlier_rows,
    write_table,
)
from orchestration.staging.refusals import FORCE, Refused
from orchestration.staging.spec import StagingSpec
from orchestration.staging.stager import Stager
from orchestration.staging.summary import in_a_line, shown

SUFFIXES = tuple(suffix for reader in READERS.values() for suffix in reader.suffixes)
OURS = ("_hypnogram.csv", "_hypnogram.edf", "_events.tsv", TABLE)  # ends of what we write


def found(places: Sequence[str]) -> list[Path]:
    """The files that were named, and the recordings in the folders that were."""
    return list(dict.fromkeys(path for place in places for path in _within(Path(place))))


def stage_all(stager: Stager, paths: Sequence[Path], out: Path, options: Mapping[str, Any]) -> int:
    """Stage every file; print a line for each. Returns how many were not staged."""
    check_output_s(options["output_s"])
    check_moments(options["lights_off"], options["lights_on"])
    earlier = earlier_rows(out)
    print(model_words(stager.spec))
    if stager.denoiser is not None:
        print("every ECG is denoised by {} ({})".format(*stager.denoiser.told))
    outcomes: list[Outcome] = []
    try:
        for number, outcome in enumerate(_staged(stager, paths, out, options), 1):
            outcomes.append(outcome)
            print(f"[{number}/{len(paths)}] {_line(outcome)}", flush=True)
    finally:
        if outcomes:
            write_table(out, earlier, outcomes)
    failed = sum(outcome.staged is None for outcome in outcomes)
    print(f"{len(outcomes) - failed} of {len(paths)} staged; files and {TABLE} in {out}")
    return failed


def model_words(spec: StagingSpec) -> str:
    """Which model stages, and how well it did on people it had not seen."""
    tested = spec.tested
    if not {"kappa", "accuracy", "floor"} <= set(tested):
        return f"{spec.name}: nothing is known of how well it does"
    return (
        f"{spec.name}: on people it had not seen kappa {tested['kappa']:.2f}, accuracy "
        f"{tested['accuracy']:.2f} (always naming the commonest class: {tested['floor']:.2f})"
    )


def _within(place: Path) -> list[Path]:
    """A file itself; of a folder the recordings that lie in it, in order."""
    if not place.is_dir():
        return [place]
    return sorted(path for path in place.iterdir() if _may_be_staged(path)) or [place]


def _may_be_staged(path: Path) -> bool:
    """Whether a file is a recording by its name, not of ours, and holds more than annotations."""
    if path.suffix.lower() not in SUFFIXES or not path.is_file() or path.name.endswith(OURS):
        return False
    try:
        return bool(ecg_labels(path))
    except Exception:
        return True  # what is wrong with it is told when its turn comes


def _staged(
    stager: Stager, paths: Sequence[Path], out: Path, options: Mapping[str, Any]
) -> Iterator[Outcome]:
    """What became of each file, once its files are written."""
    taken: set[str] = set()
    for path in paths:
        begun, name = time.perf_counter(), _own_name(path, taken)
        staged, reason = None, ""
        try:
            if path.is_dir():
                raise ValueError(f"no recording lies in it; looked for {', '.join(SUFFIXES)}")
            staged = replace(stager.stage(path, **options), name=name)
            staged.save(out)
        except Exception as error:  # the others go on, whatever was wrong with this one
            if os.environ.get("SLEEP_TRACEBACK"):
                raise
            staged, reason = None, _reason(error)
        yield Outcome(path, name, staged, reason, time.perf_counter() - begun)


def _reason(error: Exception) -> str:
    if isinstance(error, Refused):
        return " ".join([*error.reasons, FORCE])
    return " ".join(str(error).split()) or type(error).__name__


def _own_name(path: Path, taken: set[str]) -> str:
    """A name for the files of a recording that no other of this run has, in any case."""
    name = stem = safe_name(path.stem)
    number = 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name.casefold())
    return name


def _line(outcome: Outcome) -> str:
    name = shown(outcome.path.name)
    if outcome.staged is None:
        return f"{name}: NOT STAGED: {shown(outcome.reason, LONGEST_REASON)}"
    return f"{name}: {in_a_line(outcome.staged)} ({outcome.seconds:.1f} s)"
