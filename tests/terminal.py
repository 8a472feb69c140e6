"""Sweeps as a person types them: processes with a Ray of their own, watched from outside."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from orchestration.store import Store

ROOT = Path(__file__).resolve().parents[1]
PLAN = """--plan smoke --training.epochs 12 --runtime.groups 1 --runtime.no-dashboard
    --methods SD+CL --search.methods SD+CL --search.trials 3 --search.round 2 --search.prune-p 0"""
FIXED = f"{PLAN} --search.trials 0"  # the rows of its table that need no search
LOOK_S = 0.1
PATIENCE_S = 300.0  # for what takes seconds on a machine that does nothing else


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    text: str
    code: int


class Sweep:
    """A sweep, typed in a terminal of its own.

    Args:
        ray_folder: of its Ray; every process of the sweep has it in its environment.
        env: what else its environment holds.
    """

    def __init__(
        self, words: str, recordings: Path, storage: str, ray_folder: str, **env: str
    ) -> None:
        self.ray_folder = ray_folder
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "orchestration.sweep", *shlex.split(words)),
                *(f"--recordings={recordings}", f"--storage={storage}"),
            ],
            cwd=ROOT,
            env=os.environ | {"RAY_TMPDIR": ray_folder, "RAY_ADDRESS": "local"} | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.pid = self.process.pid

    def comes_to(self, what: Callable[[], bool], every_s: float = LOOK_S) -> bool:
        """Whether something comes true before the sweep ends."""
        return wait_for(lambda: what() or self.process.poll() is not None, every_s) and what()

    def ended(self) -> Said:
        """What it has said and how it ended, once it has."""
        text, _ = self.process.communicate(timeout=PATIENCE_S)
        return Said(text, self.process.returncode)


def wait_for(what: Callable[[], bool], every_s: float = LOOK_S) -> bool:
    """Whether it came true in good time; looked at so often."""
    end = time.monotonic() + PATIENCE_S
    while not what() and time.monotonic() < end:
        time.sleep(every_s)
    return what()


def processes_of(ray_folder: str) -> dict[int, str]:
    """Every process that was started with this RAY_TMPDIR, and its command line."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if f"RAY_TMPDIR={ray_folder}\0".encode() in (place / "environ").read_bytes():
                words = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(place.name)] = words
        except OSError:  # it has ended, or is somebody else's
            continue
    return found


def train_workers(ray_folder: str) -> list[int]:
    """The processes in which fixed phases are trained."""
    return [pid for pid, words in processes_of(ray_folder).items() if "RayTrainWorker" in words]


def trial_workers(ray_folder: str) -> list[int]:
    """The processes in which trials train their phases."""
    return [pid for pid, words in processes_of(ray_folder).items() if "ImplicitFunc" in words]


def end_all(ray_folder: str) -> None:
    """Kill what a sweep that was killed has left."""
    for pid in processes_of(ray_folder):
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(pid, signal.SIGKILL)


def leaderboard(storage: str) -> bytes:
    """The one finished sweep's table, to the last digit."""
    store = Store.existing(storage)
    (name,) = store.files.names("sweeps")
    return store.files.read(f"sweeps/{name}/leaderboard.csv")


def is_part(table: bytes, whole: bytes) -> bool:
    """Whether a table's rows are rows of another, to the last digit."""
    return len(table.splitlines()) > 1 and set(table.splitlines()) <= set(whole.splitlines())


def ingested(storage: str) -> list[str]:
    """Nights that are in a storage."""
    files = Store(storage).files
    found = [name for key in files.names("windows") for name in files.names(f"windows/{key}")]
    return sorted(Path(name).stem for name in found if name.endswith(".parquet"))


def halfway(storage: str) -> list[str]:
    """Phases that are in training, and how far they are is kept."""
    return Store(storage).files.names("halfway")


def trials(storage: str, ended: bool) -> list[str]:
    """Trials of a storage that were drawn, or that have ended."""
    files = Store(storage).files
    found = [name for key in files.names("studies") for name in files.names(f"studies/{key}")]
    end = "-ended.json" if ended else "[0-9].json"
    return sorted(name for name in found if fnmatch(name, f"[0-9]*{end}"))
