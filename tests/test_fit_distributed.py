"""Two workers with half a batch each train the network that one with the whole batch does."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed as dist
from torch import nn

from kd_core.batch import IGNORED, Batch
from kd_core.distributed import broadcast, gathered
from kd_core.fit import Training, fit
from kd_core.objectives import AttentionTransfer, Classification, Objective, SoftmaxDistillation
from tests.forked import ranks as run_ranks
from tests.toy import CLASSES, ToyNet, toy_batch

WORLD = 2
OBJECTIVES: dict[str, Objective] = {
    "CL": Classification(torch.tensor([0.3, 1.0, 4.0])),
    "SD+CL": SoftmaxDistillation(torch.tensor([0.3, 1.0, 4.0]), alpha=0.5),
    "AT": AttentionTransfer(("encoder1",)),
}
TRAINING = Training(epochs=3, learning_rate=1e-2)


def part(batch: Batch, rank: int, world: int) -> Batch:
    """A rank's windows."""
    eeg, ecg, target, _ = batch
    return Batch(eeg[rank::world], ecg[rank::world], target[rank::world])


def uneven(seed: int) -> Batch:
    """A batch whose halves hold different numbers of scored segments."""
    batch = toy_batch(seed)
    batch.target[::2, 1:] = IGNORED
    return batch


def train(name: str, rank: int, world: int, norm: bool, seed: int = 0) -> dict[str, Any]:
    """What a rank has in the end."""
    model: nn.Module = ToyNet(seed, norm)
    reports = fit(
        model,
        OBJECTIVES[name],
        lambda epoch: [part(uneven(10 * epoch + number), rank, world) for number in range(2)],
        lambda: [toy_batch(99)][rank:],  # the second of two ranks has nothing to validate
        TRAINING,
        view="student_view",
        classes=CLASSES,
        teacher=ToyNet(9, norm),
    )
    rows = [report._replace(seconds=0.0)._asdict() for report in reports]
    return {"reports": rows, "weights": model.state_dict()}


def worker(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder / 'rendezvous'}",
        rank=rank,
        world_size=WORLD,
        timeout=timedelta(seconds=30),
    )
    found: dict[str, Any] = {name: train(name, rank, WORLD, norm=False) for name in OBJECTIVES}
    found["norm"] = train("CL", rank, WORLD, norm=True, seed=rank)
    found["broadcast"] = broadcast({"from": rank})
    found["gathered"] = gathered(rank)
    torch.save(found, folder / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of two processes has found."""
    folder = tmp_path_factory.mktemp("ranks")
    run_ranks(worker, WORLD, folder)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(WORLD)]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_two_workers_train_what_one_does(ranks: list[dict[str, Any]], name: str) -> None:
    alone = train(name, 0, 1, norm=False)
    torch.testing.assert_close(ranks[0][name]["weights"], alone["weights"])
    for together, single in zip(ranks[0][name]["reports"], alone["reports"], strict=True):
        assert together["terms"] == pytest.approx(single["terms"], rel=1e-4)
        assert together["validation"] == pytest.approx(single["validation"], rel=1e-4)


@pytest.mark.parametrize("name", [*OBJECTIVES, "norm"])
def test_every_rank_reports_and_ends_the_same(ranks: list[dict[str, Any]], name: str) -> None:
    one, two = (rank[name] for rank in ranks)
    assert one["reports"] == two["reports"]
    torch.testing.assert_close(one["weights"], two["weights"], rtol=0, atol=0)


def test_ranks_agree_on_what_rank_zero_says(ranks: list[dict[str, Any]]) -> None:
    assert [rank["broadcast"] for rank in ranks] == [{"from": 0}] * WORLD
    assert [rank["gathered"] for rank in ranks] == [[0, 1]] * WORLD


def test_one_worker_agrees_with_itself() -> None:
    assert broadcast("x") == "x"
    assert gathered("x") == ["x"]
