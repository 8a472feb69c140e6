"""Ray Train: two workers train one phase together; two runs share a GPU."""

from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from datasets.mass import find_recordings
from datasets.parquet import subjects_in
from orchestration.experiment import Point, phases_of
from orchestration.ingest import ingest_night, windows_key
from orchestration.plan import Plan, Runtime
from orchestration.store import Store
from orchestration.sweeps import Sweep, make_sweep
from orchestration.training import train, train_all
from tests.small import small_plan

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.usefixtures("ray_session")]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store.open(tmp_path_factory.mktemp("storage"))


def make(plan: Plan, cohort: Path, store: Store) -> Sweep:
    """A sweep on the cohort's usable nights, ingested without Ray."""

    windows = windows_key("mass")
    for ref in find_recordings(cohort):
        ingest_night(asdict(ref), windows, store.root)
    return make_sweep(plan, windows, subjects_in(Path(store.root, "windows", windows)))


def test_two_workers_train_the_phases_of_a_method_together(cohort: Path, store: Store) -> None:
    plan = small_plan(runtime=Runtime(workers=2, gpus=0.0))
    experiment = make(plan, cohort, store).over_folds("W-N-R", Point(method="AT+SD+CL"))[0]
    (outcome,) = train([experiment], plan.runtime, store.root)
    assert (outcome.built, outcome.failed) == (3, "")
    assert all(store.has_phase(phase.key) for phase in phases_of(experiment))
    assert 0.0 <= outcome.validation["score"] <= 1.0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_two_runs_share_a_gpu_and_train_on_it(cohort: Path, store: Store) -> None:
    plan = small_plan(runtime=Runtime(groups=2, cpus=0.5, gpus=0.5))
    sweep = make(plan, cohort, store)
    experiments = [
        e for m in ("SD+CL", "AT+CL") for e in sweep.over_folds("W-N-R", Point(method=m))
    ]
    outcomes = train_all(experiments, plan.runtime, store)
    assert [outcome.failed for outcome in outcomes] == [""] * 4
