"""Ctrl-C while a sweep trains: it ends, leaves no process, and the same command goes on."""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datasets.synthetic import write_synthetic_mass

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 120.0  # for what takes seconds on a machine that does nothing else
FIXED = 4  # phases before the search: a teacher and a student a fold
PLAN = """--plan smoke --training.epochs 10 --runtime.groups 1 --runtime.no-dashboard
    --methods SD+CL --search.methods SD+CL --search.trials 3 --search.grace 2"""

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc"),
]


@pytest.fixture
def ray_folder() -> Iterator[str]:
    """A folder with a short name for the sweeps' own Ray; who still names it at last is killed."""
    with tempfile.TemporaryDirectory(prefix="r-", dir="/tmp", ignore_cleanup_errors=True) as name:
        yield name
        for pid in processes_of(name):
            os.kill(pid, signal.SIGKILL)


def processes_of(ray_folder: str) -> list[int]:
    """Every process that was started with this RAY_TMPDIR."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if f"RAY_TMPDIR={ray_folder}\0".encode() in (place / "environ").read_bytes():
                found.append(int(place.name))
        except OSError:  # it has ended, or is somebody else's
            continue
    return found


def start(folder: Path, ray_folder: str) -> subprocess.Popen[str]:
    """The sweep, typed in a terminal of its own."""
    words = [
        *shlex.split(PLAN),
        f"--recordings={folder}/recordings",
        f"--storage={folder}/storage",
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.sweep", *words],
        cwd=ROOT,
        env=os.environ | {"RAY_TMPDIR": ray_folder, "RAY_ADDRESS": "local"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(what: Callable[[], bool]) -> bool:
    """Whether it came true in good time."""
    end = time.monotonic() + PATIENCE_S
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    return what()


def phases_in(folder: Path) -> dict[str, int]:
    """When each finished phase was published."""
    specs = (folder / "storage" / "phases").glob("[!.]*/spec.json")
    return {path.parent.name: path.parent.stat().st_mtime_ns for path in specs}


def test_an_interrupted_sweep_goes_on_where_it_stopped(tmp_path: Path, ray_folder: str) -> None:
    write_synthetic_mass(tmp_path / "recordings", 4, pages=40)
    finished: dict[str, int] = {}
    for phases in (1, FIXED + 1):  # while a method trains, and while the search does
        finished = interrupted(tmp_path, ray_folder, phases)
    sweep = start(tmp_path, ray_folder)
    said, _ = sweep.communicate(timeout=PATIENCE_S)
    assert sweep.returncode == 0, said
    assert "| Best found |" in said
    assert finished.items() < phases_in(tmp_path).items()
    (record,) = (tmp_path / "storage" / "sweeps").glob("*/chosen.json")
    assert [trial["folds_done"] for trial in json.loads(record.read_text())["trials"]] == [2, 2, 2]
    assert wait_for(lambda: not processes_of(ray_folder))


def interrupted(folder: Path, ray_folder: str, phases: int) -> dict[str, int]:
    """Start the sweep and interrupt it once it has so many phases; the phases it then has."""
    before, sweep = phases_in(folder), start(folder, ray_folder)
    assert wait_for(lambda: len(phases_in(folder)) >= phases or sweep.poll() is not None)
    os.killpg(sweep.pid, signal.SIGINT)  # as a terminal does
    said, _ = sweep.communicate(timeout=PATIENCE_S)
    assert sweep.returncode == 130, said
    assert said.count("interrupted; what is finished is kept") == 1
    assert "\nTraceback" not in said, said  # of its own; Ray marks the lines of its workers
    assert wait_for(lambda: not processes_of(ray_folder))
    assert before.items() < phases_in(folder).items()
    return phases_in(folder)
