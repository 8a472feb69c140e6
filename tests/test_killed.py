"""Whatever ends a sweep, the same command goes on, and the leaderboard is that of a quiet run."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from datasets.synthetic import write_synthetic_mass
from orchestration.store import Store
from tests.terminal import (
    ROOT,
    Sweep,
    end_all,
    epochs_said,
    halfway,
    ingested,
    leaderboard,
    processes_of,
    train_workers,
    trials,
    wait_for,
)

NIGHTS = 4
PLAN = """--plan smoke --training.epochs 12 --runtime.groups 1 --runtime.no-dashboard
    --methods SD+CL --search.methods SD+CL --search.trials 3 --search.round 2 --search.prune-p 0"""

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
        end_all(name)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    write_synthetic_mass(folder, NIGHTS, pages=40)
    return folder


@pytest.fixture(scope="module")
def quiet(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The leaderboard of a run that nobody disturbed."""
    storage = str(tmp_path_factory.mktemp("quiet"))
    with tempfile.TemporaryDirectory(prefix="r-", dir="/tmp", ignore_cleanup_errors=True) as ray:
        text, code = Sweep(PLAN, recordings, storage, ray).ended()
        end_all(ray)
    assert code == 0, text
    assert Store(storage).files.names("halfway") == []
    assert Store(storage).files.names("leases") == []
    return leaderboard(storage)


def test_a_sweep_that_is_ended_again_and_again_loses_nothing(
    recordings: Path, quiet: bytes, tmp_path: Path, ray_folder: str
) -> None:
    storage = str(tmp_path)

    def begin() -> Sweep:
        return Sweep(PLAN, recordings, storage, ray_folder)

    sweep = begin()  # SIGKILL of the driver during ingest
    assert sweep.comes_to(lambda: 0 < len(ingested(storage)) < NIGHTS), sweep.ended().text
    kept = ingested(storage)
    killed(sweep)

    sweep = begin()  # SIGKILL of the driver during a teacher
    assert sweep.comes_to(lambda: bool(halfway(storage))), sweep.ended().text
    said = killed(sweep)
    assert [night for night in kept if f"{night} kept" not in said] == []

    before = len(Store(storage).phase_keys())
    sweep = begin()  # SIGTERM to every process, as from a machine that is reclaimed
    assert sweep.comes_to(lambda: len(Store(storage).phase_keys()) > before), sweep.ended().text
    for pid in [sweep.pid, *processes_of(ray_folder)]:
        os.kill(pid, signal.SIGTERM)
    assert sweep.ended().code != 0  # by its own way out or, if its Ray went first, by Ray's
    assert wait_for(lambda: not processes_of(ray_folder))

    sweep = begin()  # Ctrl-C in a terminal
    assert sweep.comes_to(lambda: bool(trials(storage, ended=False))), sweep.ended().text
    os.killpg(sweep.pid, signal.SIGINT)
    text, code = sweep.ended()
    assert code == 130, text
    assert text.count("interrupted; what is finished is kept: the same command goes on") == 1, text
    assert "\nTraceback" not in text, text  # of its own; Ray marks the lines of its workers
    assert wait_for(lambda: not processes_of(ray_folder))

    sweep = begin()  # SIGKILL of the driver during the search
    assert sweep.comes_to(lambda: bool(trials(storage, ended=True))), sweep.ended().text
    killed(sweep)
    drawn = trials(storage, ended=False)

    text, code = begin().ended()
    assert code == 0, text
    assert leaderboard(storage) == quiet
    assert set(drawn) < set(trials(storage, ended=False)), "the same study, drawn further"
    assert len(trials(storage, ended=True)) == 3
    assert Store(storage).files.names("leases") == []


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
    connect(Runtime(dashboard=False, trials_in_group=False))
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


def test_in_a_bucket_a_worker_that_is_killed_is_replaced_and_goes_on(
    recordings: Path, quiet: bytes, bucket: str, ray_folder: str
) -> None:
    sweep = Sweep(PLAN, recordings, bucket, ray_folder)
    assert sweep.comes_to(lambda: bool(halfway(bucket))), sweep.ended().text
    (worker,) = train_workers(ray_folder)
    os.kill(worker, signal.SIGKILL)
    text, code = sweep.ended()
    assert code == 0, text
    assert leaderboard(bucket) == quiet
    assert "secret-of-the-tests" not in text
    assert epochs_said(text, "W-N-R fold 0 teacher CL").count(1) == 1, "it did not begin again"


def test_two_sweeps_at_once_train_no_phase_twice(
    recordings: Path, tmp_path: Path, ray_folder: str
) -> None:
    more = PLAN.replace("--methods SD+CL", "--methods SD+CL 'ECG baseline'")
    sweeps = [Sweep(plan, recordings, str(tmp_path), ray_folder) for plan in (PLAN, more)]
    said = [sweep.ended() for sweep in sweeps]
    assert [code for _, code in said] == [0, 0], said
    text = "".join(text for text, _ in said)
    for phase in ("teacher CL", "final SD+CL alpha=0.5 temperature=1", "final CL"):
        for fold in (0, 1):
            assert epochs_said(text, f"W-N-R fold {fold} {phase}") == list(range(1, 13))
    store = Store(str(tmp_path))
    for key in store.phase_keys():
        assert len(store.files.names(f"phases/{key}")) == 1
