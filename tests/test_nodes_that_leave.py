"""Nodes that leave while a sweep runs on them."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.nodes import Nodes
from tests.terminal import (
    FIXED,
    PLAN,
    Sweep,
    halfway,
    ingested,
    is_part,
    leaderboard,
    train_workers,
)

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc"),
]


@pytest.fixture
def nodes(ray_folder: str) -> Iterator[Nodes]:
    """A cluster that has a head only."""
    soon = {"RAY_health_check_period_ms": "500"}  # between looks at a node; five must fail
    cluster = Nodes(ray_folder, os.environ | soon)
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


@contextmanager
def two_halfway(ray_folder: str, storage: str) -> Iterator[Callable[[], bool]]:
    """Tells whether two phases are halfway at once; a worker that is so alone is held till then.

    On a busy machine one may else be through before the other's process has begun.
    """
    held: set[int] = set()

    def both() -> bool:
        workers, kept = train_workers(ray_folder), halfway(storage)
        if len(workers) == len(kept) == 1 and not held:
            held.update(workers)
            os.kill(workers[0], signal.SIGSTOP)
        return len(workers) == len(kept) == 2

    try:
        yield both
    finally:
        for pid in held:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_nodes_that_leave_in_ingest_and_in_a_phase_are_made_up_for(
    four_nights: Path, quiet: bytes, tmp_path: Path, ray_folder: str, nodes: Nodes
) -> None:
    """Two runs share Ray's logical GPU of a node in halves; real ones are tested under `gpu`."""
    raylets = [int(nodes.ask("add 2 1")) for _ in range(2)]
    storage, plan = str(tmp_path), PLAN.replace("--runtime.groups 1", "--runtime.retries 4")
    sweep = Sweep(
        f"{plan} --runtime.gpus 0.5", four_nights, storage, ray_folder, RAY_ADDRESS=nodes.address
    )
    assert sweep.comes_to(lambda: 0 < len(ingested(storage)) < 4, 0.03), sweep.ended().text
    nodes.ask("kill 1")

    with two_halfway(ray_folder, storage) as both_at_work:
        assert sweep.comes_to(both_at_work), sweep.ended().text
        assert raylets_of(train_workers(ray_folder)) == {raylets[0]}, "one GPU holds two halves"
    nodes.ask("add 2 1")
    nodes.ask("kill 0")
    text, code = sweep.ended()
    assert code == 0, text
    assert "groups         4" in text
    assert leaderboard(storage) == quiet


def test_phases_spread_over_nodes_and_one_that_leaves_for_good_is_done_without(
    four_nights: Path, quiet: bytes, bucket: str, ray_folder: str, nodes: Nodes
) -> None:
    """The other node is full for a while, so what was lost has to wait for its place."""
    raylets = {int(nodes.ask("add 1 0")) for _ in range(2)}
    plan = FIXED.replace("--runtime.groups 1", "--runtime.groups 2")
    sweep = Sweep(plan, four_nights, bucket, ray_folder, RAY_ADDRESS=nodes.address)

    with two_halfway(ray_folder, bucket) as both_at_work:

        def spread() -> bool:
            return both_at_work() and raylets_of(train_workers(ray_folder)) == raylets

        assert sweep.comes_to(spread), sweep.ended().text
    nodes.ask("kill 1")
    text, code = sweep.ended()
    assert code == 0, text
    assert is_part(leaderboard(bucket), quiet)
