"""What can be checked before Ray starts: versions, storage, recordings, folds, disk. No Ray."""

import platform
import shutil
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from datasets.recording import RecordingRef
from datasets.sources import SOURCES
from orchestration.cohort import Cohort
from orchestration.estimate import first_stop, least_subjects
from orchestration.plan import Plan
from orchestration.staging.denoiser import DenoisedBy
from orchestration.store import Store
from orchestration.sweeps import Sweep, make_sweep

OURS = "ecg-sleep-distillation"
SHOWN = ("torch", "ray", "optuna", "numpy", "pyarrow")  # what must be the same on every node
EXTRAS = ("train", "stage")  # what a sweep and its report need
OK, WARN, FAIL, INFO = "ok", "warn", "FAIL", "info"


class Check(NamedTuple):
    """One line: what was looked at, what was found and, where something is wrong, what to do."""

    state: str  # OK, WARN, FAIL; INFO: nothing that could be wrong
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.state:<4}  {self.name:<10}  {self.text}"


def check_versions(found: Mapping[str, str]) -> Check:
    """This process's Python and libraries against what the project asks for."""
    shown = f"Python {found['Python']}, " + ", ".join(f"{n} {found[n]}" for n in SHOWN)
    try:
        wrong = _unmet()
    except PackageNotFoundError:
        return Check(WARN, "versions", f"{shown}; not compared: {OURS} is not installed here")
    if wrong:
        text = f"{'; '.join(wrong)}. Install the project's: pip install --editable '.[train]'"
        return Check(FAIL, "versions", text)
    return Check(OK, "versions", shown)


def versions() -> dict[str, str]:
    """What is installed here, of what must be the same on every node."""
    return {"Python": platform.python_version()} | {name: _version(name) for name in SHOWN}


def check_storage(root: str) -> tuple[Check, Store | None]:
    """Whether the storage can be written to and creates a file only once."""
    try:
        store = Store.open(root)
    except ValueError as error:
        return Check(FAIL, "storage", str(error)), None
    return Check(OK, "storage", f"{store.root}: writable, creates a file only once"), store


def check_recordings(source: str, folder: Path | None) -> tuple[Check, list[RecordingRef]]:
    """How many recordings there are, and how large."""
    if folder is None:
        return Check(INFO, "recordings", "none given; see --recordings, --nights and --hours"), []
    try:
        refs = SOURCES[source].find(folder)
        names = {name for ref in refs for name in (ref.signals, ref.annotations) if name}
        size = sum(Path(name).stat().st_size for name in names)
    except (ValueError, OSError) as error:
        return Check(FAIL, "recordings", str(error)), []
    return Check(OK, "recordings", f"{len(refs)} in {folder}, {in_bytes(size)}"), refs


def check_nights(cohort: Cohort) -> Check:
    """How many nights can be used, as far as can be told without reading signals."""
    text = (
        f"{len(cohort.subjects)} nights, {cohort.ingested} ingested; "
        f"{cohort.segments:,} segments, {cohort.told_by}"
    )
    if not cohort.subjects:
        first = f": {cohort.refused[0]}" if cohort.refused else ""
        return Check(FAIL, "nights", f"none can be used{first}")
    if cohort.refused:
        refused = f"{len(cohort.refused)} more will be refused, the first: {cohort.refused[0]}"
        return Check(WARN, "nights", f"{text}; {refused}")
    return Check(OK, "nights", text)


def check_folds(
    plan: Plan, windows: str, cohort: Cohort, denoiser: DenoisedBy | None = None
) -> tuple[Check, Sweep | None]:
    """Whether every fold can be trained, selected and tested."""
    try:
        sweep = make_sweep(plan, windows, cohort.subjects, denoiser)
    except ValueError as error:
        return Check(FAIL, "folds", str(error)), None
    parts = zip(
        *((len(f.train), len(f.validation), len(f.test)) for f in sweep.folds), strict=True
    )
    train, validation, test = (_between(sizes) for sizes in parts)
    text = f"{len(sweep.folds)}: {train} nights train, {validation} choose, {test} test"
    return Check(OK, "folds", text), sweep


def check_search(sweep: Sweep) -> Check:
    """How the search is cut into rounds, whether racing can stop trials, whether slots idle."""
    search, groups = sweep.plan.search, sweep.plan.runtime.groups
    if not search.trials:
        return Check(INFO, "search", "off")
    text = f"{search.trials} trials a scheme, {search.round} a round; {_racing(sweep)}"
    side = min(search.concurrent or groups, groups)
    if side > search.round:
        idle = f"{groups} training runs fit, so {groups - search.round} idle while it searches"
        return Check(WARN, "search", f"{text}; {idle}: raise --search.round, or start less")
    return Check(OK, "search", text)


def check_disk(store: Store | None, parts: Mapping[str, int]) -> Check:
    """Whether what the sweep will leave has room in the storage."""
    needed = sum(parts.values())
    text = " + ".join(f"{name} {in_bytes(size)}" for name, size in parts.items())
    if store is None or "://" in store.root:
        return Check(INFO, "disk", f"{text} in the storage")
    free = shutil.disk_usage(store.root).free
    text = f"{text} in the storage, which has {in_bytes(free)} free"
    if free < needed:
        return Check(FAIL, "disk", f"{text}. Make room, or give another --storage.")
    return Check(OK, "disk", text)


def in_bytes(size: float) -> str:
    """A size for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.3g} TB"


def _racing(sweep: Sweep) -> str:
    """When a trial that is beaten can stop."""
    if not sweep.plan.search.prune_p:
        return "none is stopped, as search.prune_p is 0"
    stop, nights = first_stop(sweep), f"{least_subjects(sweep.plan.search):g} nights that choose"
    if stop is None:
        return f"none can be stopped early: that takes {nights} before the last fold"
    return f"one that is beaten can stop after {stop} of {len(sweep.folds)} folds ({nights})"


def _unmet() -> list[str]:
    """What the project asks for and does not find, each as a sentence."""
    ours = distribution(OURS)
    python, asked = platform.python_version(), ours.metadata["Requires-Python"]
    wrong = []
    if python not in SpecifierSet(asked or ""):
        wrong.append(f"Python {python} is found, {asked} is asked for")
    for requirement in map(Requirement, ours.requires or ()):
        if not any(_asked_by(requirement, extra) for extra in EXTRAS):
            continue
        found = _version(requirement.name)
        if found == "missing" or not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} {found} is found, {requirement} is asked for")
    return wrong


def _asked_by(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _between(sizes: tuple[int, ...]) -> str:
    low, high = min(sizes), max(sizes)
    return f"{low}" if low == high else f"{low} to {high}"
