"""What the page shows of a staged recording and lets one download: files, tables, sentences."""

import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from orchestration.evidence.sleep_statistics import title_of
from orchestration.staging.outputs import safe_name
from orchestration.staging.staged import StagedEcg
from orchestration.staging.summary import duration

NOT_FOUND = "–"
COUNTS = ("transitions", "awakenings")


@dataclass(frozen=True)
class Results:
    """A saved night."""

    files: Mapping[str, Path]
    """Name -> path of each file that may be downloaded, and of no other."""
    told: Mapping[str, Any]
    """What the page shows, JSON-able."""


def results_of(staged: StagedEcg, folder: Path) -> Results:
    """Save a night into an empty folder, which only its owner can read, and tell of it."""
    folder.mkdir(mode=0o700)
    staged.save(folder)
    files = {p.name: p for p in sorted(folder.iterdir()) if p.is_file() and not p.is_symlink()}
    archive = folder / f"{safe_name(staged.name)}.zip"
    with zipfile.ZipFile(archive, "x", zipfile.ZIP_DEFLATED) as writer:
        for name, path in files.items():
            writer.write(path, name)
    drawings = [name for name in files if name.endswith(".svg")]
    told = {
        "facts": _facts(staged),
        "statistics": [[title_of(n), _number(n, x)] for n, x in staged.statistics().items()],
        "notes": list(staged.notes),
        "forced": list(staged.forced),
        "drawing": drawings[0] if drawings else None,
        "archive": archive.name,
        "files": [[name, path.stat().st_size] for name, path in files.items()],
    }
    return Results({**files, archive.name: archive}, told)


def _facts(staged: StagedEcg) -> list[list[str]]:
    """What was staged, as rows of a title and a value."""
    labels = staged.labels
    unscored = int((labels < 0).sum())
    start = f"{staged.start:%Y-%m-%d %H:%M:%S}" if staged.start else "not told by the file"
    bad = 100 * staged.quality.shares["unusable"]
    return [
        ["Channel", f"{staged.channel}, {staged.hz:g} samples a second"],
        ["Start", start],
        ["Length", duration(staged.seconds)],
        ["Labels", f"{len(labels)} of {staged.output_s} s, {unscored} of them unscored"],
        ["Signal that cannot be used", f"{bad:.1f} %"],
        ["Lights off to lights on", _lights(staged)],
    ]


def _lights(staged: StagedEcg) -> str:
    """Between which times the statistics lie."""
    if not any(staged.lights_told):
        return "not given: the whole recording"
    off, on = staged.lights
    if staged.start is None:
        return f"{duration(off)} to {duration(on)} from the start"
    first, last = (staged.start + timedelta(seconds=second) for second in (off, on))
    return f"{first:%H:%M:%S} to {last:%H:%M:%S}"


def _number(name: str, value: float) -> str:
    if not math.isfinite(value):
        return NOT_FOUND
    return f"{value:.0f}" if name in COUNTS else f"{value:.1f}"
