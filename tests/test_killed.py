"""Whatever ends a sweep, the same command goes on, and the leaderboard is that of a quiet run."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest

from orchestration.store import Store
from tests.terminal import (
    FIXED,
    PLAN,
    ROOT,
    Sweep,
    end_all,
    halfway,
    ingested,
    is_part,
    leaderboard,
    processes_of,
    train_workers,
    trial_workers,
    trials,
    wait_for,
)

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc"),
]


def test_a_sweep_that_is_ended_again_and_again_loses_nothing(
    four_nights: Path, bucket: str, ray_folder: str, request: pytest.FixtureRequest
) -> None:
    def begin() -> Sweep:
        return Sweep(PLAN, four_nights, bucket, ray_folder)

    sweep = begin()  # SIGKILL of the driver during ingest
    assert sweep.comes_to(lambda: 0 < len(ingested(bucket)) < 4, 0.03), sweep.ended().text
    kept = ingested(bucket)
    killed(sweep)

    sweep = begin()  # SIGKILL of the driver during a teacher
    assert sweep.comes_to(lambda: bool(train_workers(ray_folder))), sweep.ended().text
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
    sweep = begin()  # SIGKILL of the process that trains a trial
    assert sweep.comes_to(lambda: bool(trial_workers(ray_folder) and halfway(bucket)), 0.03), (
        sweep.ended().text
    )
    os.kill(trial_workers(ray_folder)[0], signal.SIGKILL)
    # then SIGTERM to every process, as from a machine that is reclaimed
    assert sweep.comes_to(lambda: Store(bucket).phase_keys() > before), sweep.ended().text
    for pid in [sweep.pid, *processes_of(ray_folder)]:
        os.kill(pid, signal.SIGTERM)
    assert sweep.ended().code != 0  # by its own way out or, if its Ray went first, by Ray's
    assert wait_for(lambda: not processes_of(ray_folder))

    text, code = begin().ended()
    assert code == 0, text
    assert leaderboard(bucket) == request.getfixturevalue("quiet")  # made meanwhile, or now
    assert "secret-of-the-tests" not in text
    assert not secrets_in(bucket, ray_folder)
    assert set(drawn) <= set(trials(bucket, ended=False)), "the same study goes on"
    assert len(trials(bucket, ended=True)) == 3
    assert Store(bucket).files.names("leases") == []


def secrets_in(bucket: str, ray_folder: str) -> list[str]:
    """Objects and Ray's logs in which the bucket's keys stand."""
    keys = [os.environ[f"AWS_{name}"].encode() for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")]
    s3 = fsspec.filesystem("s3", skip_instance_cache=True)
    contents = {name: s3.cat_file(name) for name in s3.find(bucket)}
    logs = [path for path in Path(ray_folder).rglob("*") if path.is_file()]
    contents |= {str(path): path.read_bytes() for path in logs}
    assert len(contents) > len(logs) > 0
    return [name for name, content in contents.items() if any(key in content for key in keys)]


def test_a_storage_that_refuses_phases_costs_no_training(
    four_nights: Path, quiet: bytes, tmp_path: Path, ray_folder: str
) -> None:
    """As a disk that is full; the phase that is in training is kept until there is room."""
    storage, phases = str(tmp_path), tmp_path / "phases"
    sweep = Sweep(FIXED, four_nights, storage, ray_folder)
    assert sweep.comes_to(lambda: bool(halfway(storage)), 0.03), sweep.ended().text
    phases.touch()  # where the folder would be: nothing can be published
    text, code = sweep.ended()
    assert code == 2, text
    own = [line for line in text.splitlines() if "(RayTrainWorker" not in line]  # may come later
    assert re.fullmatch(r"error: .*Not a directory: '.*/phases/.*", own[-1])
    assert halfway(storage)
    phases.unlink()
    said, code = Sweep(FIXED, four_nights, storage, ray_folder).ended()
    assert code == 0, said
    assert "W-N-R fold 0 teacher CL: epoch=1 " not in said, "it went on from what was kept"
    assert is_part(leaderboard(storage), quiet)


def test_two_sweeps_at_once_share_one_storage_and_train_nothing_twice(
    four_nights: Path, quiet: bytes, bucket: str, ray_folder: str, other_ray_folder: str
) -> None:
    folders = (ray_folder, other_ray_folder)
    both = [Sweep(FIXED, four_nights, bucket, folder, SLEEP_RUN=folder) for folder in folders]
    said = [sweep.ended() for sweep in both]
    assert [code for _, code in said] == [0, 0], said
    began = re.findall(r"W-N-R fold \d [^:]*: epoch=1 ", "".join(text for text, _ in said))
    assert len(began) == len(set(began)) == 4, "a teacher and a student of each fold"
    built = [int(n) for text, _ in said for n in re.findall(r"Phases: (\d+) built", text)]
    assert len(built) == 2
    assert sum(built) == len(Store(bucket).phase_keys())
    assert is_part(leaderboard(bucket), quiet)
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
