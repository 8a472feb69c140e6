"""Two ways to do the same thing, in turns, in one process: their medians, ratio and difference.

Both sides do one round that is not counted, then at least five, each after the other, so that
what else the machine does meets both. What they give is compared: a way that is faster because
it does something else fails.
"""

import gc
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.tables import table

ROUNDS = 5
ALLOCATOR = {  # what every worker of a sweep has, see orchestration.cluster.WORKER_ENV
    "MALLOC_MMAP_THRESHOLD_": "8589934592",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "268435456",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Way(NamedTuple):
    """One way to do it."""

    name: str
    do: Callable[[], Any]
    """What it gives is compared."""
    ready: Callable[[], Any] = lambda: None
    """What must have been done before, each time; it is not timed."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What came of two ways."""

    what: str
    ours: str
    other: str
    ours_s: float
    """Median of the rounds."""
    other_s: float
    ratio: float
    """How many times as fast ours is, by the medians."""
    ratios: tuple[float, float]
    """The lowest and the highest of a round."""
    asked: float
    """What the ratio should be at least."""
    agreement: str
    """How far apart the results are, and how far they may be."""

    @property
    def row(self) -> dict[str, object]:
        """For a table."""
        low, high = self.ratios
        return {
            "what": self.what,
            "ours": f"{self.ours}: {seconds(self.ours_s)}",
            "other": f"{self.other}: {seconds(self.other_s)}",
            "times as fast": f"**{self.ratio:.3g}** ({low:.3g} to {high:.3g})",
            "goal": f"{self.asked:g}, {'met' if self.ratio >= self.asked else '**missed**'}",
            "agreement": self.agreement,
        }


def compare(
    what: str,
    ours: Way,
    other: Way,
    asked: float,
    agree: Callable[[Any, Any], str],
    rounds: int = ROUNDS,
) -> Compared:
    """Run both in turns.

    Args:
        asked: how many times as fast ours should be.
        agree: what both gave -> in words how far apart that is; it raises where that is too far.
    """
    agreement = agree(*(_result(way) for way in (ours, other)))
    times: dict[str, list[float]] = {"ours": [], "other": []}
    for number in range(rounds):
        ways = {"ours": ours, "other": other}
        for side in sorted(ways, reverse=bool(number % 2)):  # neither is always the first
            times[side].append(_timed(ways[side]))
    ratios = [b / a for a, b in zip(times["ours"], times["other"], strict=True)]
    a, b = (statistics.median(times[side]) for side in ("ours", "other"))
    return Compared(
        what=what,
        ours=ours.name,
        other=other.name,
        ours_s=a,
        other_s=b,
        ratio=b / a,
        ratios=(min(ratios), max(ratios)),
        asked=asked,
        agreement=agreement,
    )


def within(found: float, allowed: float, unit: str) -> str:
    """A difference in words; an error where it is larger than allowed."""
    if not found <= allowed:
        raise SystemExit(f"the results differ by {found:.3g} {unit}; at most {allowed:g} may be.")
    return f"{found:.3g} {unit} (at most {allowed:g})"


def with_settings(module: str) -> None:
    """Start this benchmark anew with one thread and the allocator that workers have."""
    wanted = ALLOCATOR | ONE_THREAD
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        words = [sys.executable, "-m", module, *sys.argv[1:]]
        os.execve(sys.executable, words, os.environ | wanted)


def put_results(results: Sequence[Compared], out: str) -> None:
    """Print the table, and write the results where a file is named: one JSON object a line."""
    print(f"{machine()}\n\n{table([result.row for result in results])}", flush=True)
    if out:
        Path(out).write_text("".join(json.dumps(asdict(r)) + "\n" for r in results))


def machine() -> str:
    """What it ran on."""
    load = os.getloadavg()[0]
    return (
        f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"load {load:.1f} at the end."
    )


def seconds(value: float) -> str:
    """A time with a fitting unit."""
    return f"{value:.3g} s" if value >= 1 else f"{1e3 * value:.3g} ms"


def _result(way: Way) -> Any:
    way.ready()
    return way.do()


def _timed(way: Way) -> float:
    way.ready()
    gc.collect()
    gc.disable()
    began = time.perf_counter()
    try:
        way.do()
        return time.perf_counter() - began
    finally:
        gc.enable()


def _processor() -> str:
    names = [line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
