"""How often the storage is asked, for a phase, for an experiment, for a test subject.

In an object store each call is a request of some ten milliseconds, or more than one, so those that
the driver makes one after another add up.

    python -m benchmarks.requests [--nights 200 2000] [--out FILE]

Nothing is trained and Ray is not started; the code between the phases is the product's.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmarks.no_phase import install
from benchmarks.tables import put, table
from datasets.parquet import Subject
from orchestration.files import LocalFiles
from orchestration.plans import default
from orchestration.store import Store
from orchestration.sweeps import Sweep, make_sweep

CALLS = ("read", "write", "create", "exists", "remove", "names")
STAGES = (140, 90, 470, 130, 170)  # segments of each stage in a night
counted: Counter[str] = Counter()


def main() -> None:
    """Count for each number of nights, then print the table."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.requests")
    words.add_argument("--nights", type=int, nargs="+", default=[200, 2000])
    words.add_argument("--folds", type=int, default=10)
    words.add_argument("--out", default="", help="file for the table")
    given = words.parse_args()
    install()
    for name in CALLS:
        _count(name)
    rows = [row for nights in given.nights for row in _rows(nights, given.folds)]
    put(table(rows), given.out)


def fake_sweep(nights: int, folds: int, **changes: Any) -> Sweep:
    """The default plan on nights that are not there."""
    names = [f"01-01-{number:04d}" for number in range(nights)]
    subjects = [
        Subject(name, "SS1", name, f"{number:064x}", STAGES, "C4", "I", 30)
        for number, name in enumerate(names)
    ]
    plan = replace(default(), **{"schemes": ("W-N-R",), "folds": folds, **changes})
    return make_sweep(plan, "0" * 16, subjects)


def _rows(nights: int, folds: int) -> list[dict[str, object]]:
    """Calls and time for a phase, for an experiment that is there, for a test subject's look."""
    from orchestration.build import finished, walk  # once phases train nothing
    from orchestration.probabilities import missing

    sweep = fake_sweep(nights, folds)
    experiments = sweep.over_folds("W-N-R", sweep.plan.point("AT+SD+CL"))
    with tempfile.TemporaryDirectory() as root:
        store = Store.open(root)
        works: dict[str, tuple[int, Callable[[], object]]] = {
            "phase trained": (3 * folds, lambda: walk(experiments, store, _watch, _silent)),
            "experiment found": (folds, lambda: [finished(e, store) for e in experiments]),
            "test subject looked for": (
                nights,
                lambda: missing(store, "0", sweep.subjects),
            ),
        }
        return [_row(nights, what, *work) for what, work in works.items()]


def _row(nights: int, what: str, units: int, work: Callable[[], object]) -> dict[str, object]:
    counted.clear()
    started = time.perf_counter()
    work()
    spent_s = time.perf_counter() - started
    calls = {name: counted[name] / units for name in CALLS}
    head = {"nights": nights, "for each": what, "local ms": 1e3 * spent_s / units}
    return {**head, "calls": sum(calls.values()), **calls}


def _watch(phase: object) -> Callable[[object], None]:
    return _silent


def _silent(report: object) -> None:
    """Nobody listens."""


def _count(name: str) -> None:
    """Count the calls of one kind on local files."""
    call = getattr(LocalFiles, name)

    def counting(self: LocalFiles, *given: Any) -> Any:
        counted[name] += 1
        return call(self, *given)

    setattr(LocalFiles, name, counting)


if __name__ == "__main__":
    main()
