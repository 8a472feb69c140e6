"""Two workers run the phases of a method together: the same student, whoever is asked."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import distributed as dist

from datasets.stages import SCHEMES
from kd_core.confusion import Confusion
from orchestration.store import Store
from tests.forked import ranks
from tests.phase_runs import experiment_on, run_phases, store_of

WORLD = 2


def worker(rank: int, nights: Path, root: Path, folder: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder / 'rendezvous'}",
        rank=rank,
        world_size=WORLD,
        timeout=timedelta(seconds=60),
    )
    heard: list[float] = []
    done = run_phases(
        experiment_on(nights),
        Store(root),
        folder / "out",
        lambda epoch: heard.append(epoch.terms["loss"]),
    )
    (folder / f"{rank}.json").write_text(
        json.dumps(
            {"losses": heard, "folders": {step: str(out) for step, (_, out) in done.items()}}
        )
    )
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_workers_write_one_result_whose_subjects_add_up(nights: Path, tmp_path: Path) -> None:
    store_of(nights, tmp_path / "storage")
    ranks(worker, WORLD, nights, tmp_path / "storage", tmp_path)
    one, two = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(WORLD))
    assert one == two
    folders = {step: Path(out) for step, out in one["folders"].items()}
    for step in ("teacher", "final"):
        scores = json.loads((folders[step] / "scores.json").read_text())
        counts = [np.array(subject["confusion"]) for subject in scores["subjects"].values()]
        whole = Confusion(SCHEMES["W-N-R"].classes, np.sum(counts, axis=0))
        assert whole.weighted_f1 == pytest.approx(scores["score"], abs=0.02)  # ties may fall apart
        assert len(counts) == 2
    logits = load_file(folders["teacher"] / "logits.safetensors")
    assert set(logits) == set(experiment_on(nights).fold.train)
    assert all(
        bool((rows != 0).any(1).all()) for rows in logits.values()
    )  # of both ranks' windows
