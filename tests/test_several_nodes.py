"""Several nodes: phases spread over them, a node that leaves is made up for by the others."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from datasets.synthetic import write_synthetic_mass
from tests.nodes import Nodes
from tests.terminal import Sweep, end_all, halfway, ingested, leaderboard, train_workers

NIGHTS = 6
PLAN = """--plan smoke --training.epochs 12 --methods SD+CL --search.methods SD+CL
    --search.trials 2 --search.round 2 --runtime.retries 4"""

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc"),
]


@pytest.fixture
def ray_folder() -> Iterator[str]:
    """A folder with a short name for the Ray of a test."""
    with tempfile.TemporaryDirectory(prefix="r-", dir="/tmp", ignore_cleanup_errors=True) as name:
        yield name
        end_all(name)


@pytest.fixture
def nodes(ray_folder: str) -> Iterator[Nodes]:
    """A cluster that has a head only."""
    cluster = Nodes(ray_folder, dict(os.environ))
    yield cluster
    cluster.end()


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    write_synthetic_mass(folder, NIGHTS, pages=40)
    return folder


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
    recordings: Path, tmp_path: Path, ray_folder: str, nodes: Nodes
) -> None:
    raylets = [int(nodes.ask("add 1 0")) for _ in range(2)]
    storage = str(tmp_path / "storage")
    sweep = Sweep(PLAN, recordings, storage, ray_folder, RAY_ADDRESS=nodes.address)
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
    alone = str(tmp_path / "alone")
    text, code = Sweep(f"{PLAN} --runtime.groups 1", recordings, alone, ray_folder).ended()
    assert code == 0, text
    assert leaderboard(storage) == leaderboard(alone)


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
