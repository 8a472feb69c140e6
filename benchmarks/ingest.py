"""Ingest of generated cohorts of growing size: is the time linear, is the memory flat?

    python -m benchmarks.ingest --folder DIR [--nights 20 200 2000] [--pages 8] [--out FILE]

Each cohort is generated in DIR if it is not there, and measured in a process of its own. Nights
are short, so that what is measured is what a night costs beyond its samples: the task, the
footers, the rows on the driver. Then everything else on the driver that grows with the cohort is
timed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmarks.processes import anonymous_bytes, peaks
from benchmarks.tables import put, table

if TYPE_CHECKING:  # Ray is imported in the process that measures
    from orchestration.ingest import Ingest

MB = 1e6
POINTS = 100  # of the search whose phases are named
WHOLE_NIGHT = (140, 90, 470, 130, 170)  # segments of each stage: the short nights lack some
Given = TypeVar("Given")


def main() -> None:
    """Measure each cohort, then print the table."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.ingest")
    words.add_argument("--folder", type=Path, required=True, help="where cohorts may lie")
    words.add_argument("--nights", type=int, nargs="+", default=[20, 200, 2000])
    words.add_argument("--pages", type=int, default=8, help="scored 30 s pages a night")
    words.add_argument("--out", default="", help="file for the table")
    words.add_argument("--one", action="store_true", help="measure in this process; prints JSON")
    given = words.parse_args()
    if given.one:
        print(json.dumps(measured(given.folder, given.nights[0], given.pages)))
        return
    cohorts = [_apart(given.folder, nights, given.pages) for nights in given.nights]
    put(
        "\n\n".join(table([part[i] for part in cohorts]) for i in range(len(cohorts[0]))),
        given.out,
    )


def measured(folder: Path, nights: int, pages: int) -> list[dict[str, object]]:
    """Seconds and memory of one cohort: its ingest, and the driver's work on it."""
    from datasets.synthetic import write_synthetic_mass

    recordings = folder / f"nights-{nights}-{pages}"
    write_synthetic_mass(recordings, nights, pages=pages, seed=1)
    with tempfile.TemporaryDirectory(dir=folder) as storage:
        return _measured(recordings, storage, nights)


def _measured(recordings: Path, storage: str, nights: int) -> list[dict[str, object]]:
    import ray

    from datasets.mass import find_recordings
    from orchestration.cluster import connect
    from orchestration.ingest import ingest
    from orchestration.plan import Runtime
    from orchestration.store import Store

    refs, find_s = timed(lambda: find_recordings(recordings))
    store = Store.open(storage)
    connect(Runtime(dashboard=False))
    ingest(refs[:8], Store.open(f"{storage}/warm"))  # starts workers, imports what they need
    before, driver_s = anonymous_bytes(), time.process_time()
    with peaks() as first_bytes:
        first, first_s = timed(lambda: ingest(refs, store))
    driver_s = time.process_time() - driver_s
    again, again_s = timed(lambda: ingest(refs, store))
    assert len(first.subjects) == len(again.subjects) == nights
    ingested: dict[str, object] = {
        "nights": nights,
        "ingest s": first_s,
        "ms a night": 1e3 * first_s / nights,
        "of that the driver's CPU": 1e3 * driver_s / nights,
        "again s": again_s,
        "again, ms a night": 1e3 * again_s / nights,
        "driver MB": first_bytes["driver"] / MB,
        "driver grew MB": (first_bytes["driver"] - before) / MB,
        "largest worker MB": first_bytes["worker"] / MB,
        "raylet MB": first_bytes["raylet"] / MB,
        "gcs_server MB": first_bytes["gcs_server"] / MB,
    }
    ray.shutdown()
    return [ingested, {"nights": nights, "find ms": 1e3 * find_s, **_on_driver(first)}]


def _on_driver(nights: "Ingest") -> dict[str, object]:
    """What the driver does with a cohort before and between trainings, in milliseconds."""
    from dataclasses import replace

    from orchestration.experiment import phases_of
    from orchestration.plans import default
    from orchestration.sweeps import make_sweep

    plan = replace(default(), folds=10)
    scheme = plan.schemes[0]
    whole = [replace(subject, stages=WHOLE_NIGHT) for subject in nights.subjects]
    sweep, sweep_s = timed(lambda: make_sweep(plan, nights.windows, whole))
    _, name_s = timed(lambda: sweep.name)
    points = [replace(plan.point("AT+SD+CL"), alpha=i / POINTS) for i in range(POINTS)]
    keys, keys_s = timed(
        lambda: {
            phase.key
            for point in points
            for experiment in sweep.over_folds(scheme, point)
            for phase in phases_of(experiment)
        }
    )
    return {
        "make_sweep ms": 1e3 * sweep_s,
        "name ms": 1e3 * name_s,
        f"keys of {POINTS} points ms": 1e3 * keys_s,
        "ms a key": 1e3 * keys_s / (3 * len(sweep.folds) * POINTS),
        "distinct keys": len(keys),
    }


def timed(work: Callable[[], Given]) -> tuple[Given, float]:
    """What some work gives, and the seconds it took."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def _apart(folder: Path, nights: int, pages: int) -> list[dict[str, object]]:
    """One cohort, measured in a process of its own."""
    flags = ["--folder", str(folder), "--nights", str(nights), "--pages", str(pages), "--one"]
    command = [sys.executable, "-m", "benchmarks.ingest", *flags]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    rows: list[dict[str, object]] = json.loads(said.splitlines()[-1])
    return rows


if __name__ == "__main__":
    main()
