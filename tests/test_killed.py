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
from tests.nodes import Nodes
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

    sweep = begin()  # SIGKILL of the driver during the search
    assert sweep.comes_to(lambda: bool(trials(storage, ended=True))), sweep.ended().text
    killed(sweep)
    drawn = trials(storage, ended=False)

    text, code = begin().ended()
    assert code == 0, text
    assert leaderboard(storage) == quiet
    assert set(drawn) <= set(trials(storage, ended=False)), "the same study goes on"
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


@pytest.fixture
def nodes(ray_folder: str) -> Iterator[Nodes]:
    """A cluster that has a head only."""
    cluster = Nodes(ray_folder, dict(os.environ))
    yield cluster
    cluster.end()


def raylets_of(workers: list[int]) -> set[int]:
    """The nodes that processes belong to, by the process ids of their raylets."""
    found = set()
    for pid in workers:
        try:
            found.add(int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]))
        except OSError:  # it has ended meanwhile
            continue
    return found


def test_nodes_that_leave_in_ingest_and_in_a_phase_are_made_up_for(
    recordings: Path, quiet: bytes, tmp_path: Path, ray_folder: str, nodes: Nodes
) -> None:
    raylets = [int(nodes.ask("add 1 0")) for _ in range(2)]
    storage, plan = str(tmp_path), PLAN.replace("--runtime.groups 1", "--runtime.retries 4")
    sweep = Sweep(plan, recordings, storage, ray_folder, RAY_ADDRESS=nodes.address)
    assert sweep.comes_to(lambda: 0 < len(ingested(storage)) < NIGHTS), sweep.ended().text
    nodes.ask("kill 1")
    raylets.append(int(nodes.ask("add 1 0")))

    def both_at_work() -> bool:
        at_work = raylets_of(train_workers(ray_folder))
        return at_work == {raylets[0], raylets[2]} and len(halfway(storage)) == 2

    assert sweep.comes_to(both_at_work), sweep.ended().text
    nodes.ask("kill 0")
    nodes.ask("add 1 0")
    text, code = sweep.ended()
    assert code == 0, text
    assert leaderboard(storage) == quiet


def test_runs_share_gpus_in_halves(
    recordings: Path, tmp_path: Path, ray_folder: str, nodes: Nodes
) -> None:
    """Ray's logical GPUs, one a node; networks that are on real ones are tested under `gpu`."""
    for _ in range(2):
        nodes.ask("add 2 1")
    plan = "--plan smoke --training.epochs 12 --folds 3 --methods 'EEG baseline' --search.trials 0"
    sweep = Sweep(
        f"{plan} --runtime.gpus 0.5",
        recordings,
        str(tmp_path),
        ray_folder,
        RAY_ADDRESS=nodes.address,
    )
    assert sweep.comes_to(lambda: len(train_workers(ray_folder)) == 3), sweep.ended().text
    assert len(raylets_of(train_workers(ray_folder))) == 2, "one GPU holds two of three halves"
    text, code = sweep.ended()
    assert code == 0, text
    assert "gpus           0.5" in text
    assert "groups         4" in text
