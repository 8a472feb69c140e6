"""The whole way on an embedded Ray: recordings in, leaderboard and best checkpoint out."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from datasets.mass import find_recordings
from kd_core import checkpoint
from orchestration.chosen import BEST, Record
from orchestration.ingest import Ingest, ingest
from orchestration.main_job import run_sweep
from orchestration.pull import pull
from orchestration.report import write_report
from orchestration.store import Store
from orchestration.sweeps import make_sweep
from tests.small import small_plan

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


class Done(NamedTuple):
    """A finished small sweep."""

    record: Record
    nights: Ingest
    store: Store


@pytest.fixture(scope="module")
def done(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    store = Store.open(tmp_path_factory.mktemp("storage"))
    nights = ingest(find_recordings(cohort), store)
    sweep = make_sweep(small_plan(), nights.windows, nights.subjects)
    return Done(run_sweep(sweep, nights, store), nights, store)


def test_the_leaderboard_has_a_row_a_method_and_the_best_found(done: Done) -> None:
    text = write_report(done.record, done.store)
    for row in ("EEG baseline", "ECG baseline", "SD+CL", "AT+CL", "AT+SD+CL", BEST, "Floor"):
        assert f"| {row} |" in text
    rows = json.loads(done.store.files.read(f"sweeps/{done.record.name}/leaderboard.json"))
    assert all(row["folds"] == 2 and row["subjects"] == 8 for row in rows)


def test_every_subject_is_tested_once_in_each_row(done: Done) -> None:
    names = sorted(subject.name for subject in done.nights.subjects)
    for row in done.record.rows:
        assert sorted(name for fold in row.folds for name in fold.test) == names


def test_the_same_sweep_again_trains_nothing(done: Done) -> None:
    sweep = make_sweep(small_plan(), done.nights.windows, done.nights.subjects)
    again = run_sweep(sweep, done.nights, done.store)
    assert again.phases["built"] == 0
    assert again.rows == done.record.rows


def test_another_search_keeps_the_baselines(done: Done) -> None:
    search = replace(small_plan().search, trials=1, methods=("SD+CL",))
    sweep = make_sweep(small_plan(search=search), done.nights.windows, done.nights.subjects)
    assert run_sweep(sweep, done.nights, done.store).phases["built"] == 0


def test_every_phase_was_trained_once_and_none_that_nobody_asked_for(done: Done) -> None:
    folds, layer_sets = 2, {"all", "bottleneck"}  # the plan's own, and what is searched
    students = {row.point for row in done.record.rows if row.view == "student_view"}
    finals = students | {str(trial["point"]) for trial in done.record.trials}
    assert Counter(step_of(done.store, key) for key in done.store.phase_keys()) == {
        "teacher": folds,
        "attention": folds * len(layer_sets),
        "final": folds * len(finals),
    }
    assert done.record.phases == {
        "built": len(done.store.phase_keys()),
        "reused": 0,
        "failed": 0,
    }


def step_of(store: Store, key: str) -> str:
    return str(json.loads(store.read_phase(key, "spec.json"))["step"]["phase"])


def test_more_trials_go_on_with_the_study_and_train_only_what_is_new(done: Done) -> None:
    before = done.store.phase_keys()
    search = replace(small_plan().search, trials=3)
    sweep = make_sweep(small_plan(search=search), done.nights.windows, done.nights.subjects)
    record = run_sweep(sweep, done.nights, done.store)
    new = done.store.phase_keys() - before
    assert [t["point"] for t in by_number(record)[:2]] == [
        t["point"] for t in by_number(done.record)
    ]
    assert record.phases == {"built": len(new), "reused": len(before), "failed": 0}
    assert {step_of(done.store, key) for key in new} <= {"attention", "final"}
    assert len(new) <= 2 * 2  # one point, two folds


def by_number(record: Record) -> list[Mapping[str, Any]]:
    return sorted(record.trials, key=lambda trial: int(trial["number"]))


def test_pull_brings_checkpoints_that_load_without_the_store(done: Done, tmp_path: Path) -> None:
    (best,) = pull(done.store, tmp_path)
    loaded = checkpoint.load(best)
    logits = loaded.model(torch.zeros(1, 1, 2 * 6000)).logits
    assert logits.shape == (1, 3, 2)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert set(manifest["schemes"]["W-N-R"]["checkpoints"]) == {"fold-0", "fold-1", "best"}
    assert len(manifest["schemes"]["W-N-R"]["checkpoints"]["best"]["sha256"]) == 5
