"""Whatever ends a sweep, the same command goes on, and the leaderboard is that of a quiet run."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.store import Store
from tests.terminal import (
    PLAN,
    ROOT,
    Sweep,
    end_all,
    halfway,
    ingested,
    leaderboard,
    processes_of,
    train_workers,
    trials,
    wait_for,
)

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc"),
]


def test_a_sweep_that_is_ended_again_and_again_loses_nothing(
    four_nights: Path, quiet: bytes, bucket: str, ray_folder: str
) -> None:
    def begin() -> Sweep:
        return Sweep(PLAN, four_nights, bucket, ray_folder)

    sweep = begin()  # SIGKILL of the driver during ingest
    assert sweep.comes_to(lambda: 0 < len(ingested(bucket)) < 4, 0.03), sweep.ended().text
    kept = ingested(bucket)
    killed(sweep)

    sweep = begin()  # SIGKILL of the driver during a teacher
    assert sweep.comes_to(lambda: bool(halfway(bucket)), 0.03), sweep.ended().text
    said = killed(sweep)
    before = Store(bucket).phase_keys()
    assert [night for night in kept if f"{night} kept" not in said] == []

    sweep = begin()  # SIGKILL of a Train worker, then of the driver during the search
    assert sweep.comes_to(lambda: Store(bucket).phase_keys() > before), sweep.ended().text
    (worker,) = train_workers(ray_folder)
    os.kill(worker, signal.SIGKILL)
    assert sweep.comes_to(lambda: bool(trials(bucket, ended=True))), sweep.ended().text
    said = killed(sweep)
    phases = re.findall(r"fold \d (?:teacher|final)[^:]*: epoch=1 ", said)
    assert len(phases) == len(set(phases)), "none began again"
    drawn = trials(bucket, ended=False)

    before = Store(bucket).phase_keys()
    sweep = begin()  # SIGTERM to every process, as from a machine that is reclaimed
    assert sweep.comes_to(lambda: Store(bucket).phase_keys() > before), sweep.ended().text
    for pid in [sweep.pid, *processes_of(ray_folder)]:
        os.kill(pid, signal.SIGTERM)
    assert sweep.ended().code != 0  # by its own way out or, if its Ray went first, by Ray's
    assert wait_for(lambda: not processes_of(ray_folder))

    text, code = begin().ended()
    assert code == 0, text
    assert leaderboard(bucket) == quiet
    assert "secret-of-the-tests" not in text
    assert set(drawn) <= set(trials(bucket, ended=False)), "the same study goes on"
    assert len(trials(bucket, ended=True)) == 3
    assert Store(bucket).files.names("leases") == []


def killed(sweep: Sweep) -> str:
    """What the driver had said when SIGKILL came; its workers die with it."""
    os.kill(sweep.pid, signal.SIGKILL)
    assert wait_for(lambda: not train_workers(sweep.ray_folder))
    end_all(sweep.ray_folder)  # Ray's own helpers take their time
    text, code = sweep.ended()
    assert code == -signal.SIGKILL, text
    return text


def test_a_driver_that_a_scheduler_ends_says_so_in_a_line(ray_folder: str) -> None:
    script = """
import time
from orchestration.cli import run
from orchestration.cluster import connect
from orchestration.plan import Runtime

def main():
    connect(Runtime(dashboard=False))
    print("ready", flush=True)
    time.sleep(600)

run(main)
"""
    driver = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"RAY_TMPDIR": ray_folder, "RAY_ADDRESS": "local"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert driver.stdout is not None
    assert "ready\n" in iter(driver.stdout.readline, "")
    driver.terminate()
    _, said = driver.communicate(timeout=60)
    assert driver.returncode == 143, said
    assert "terminated; what is finished is kept: the same command goes on\n" in said
    assert wait_for(lambda: not processes_of(ray_folder))
