"""What a phase leaves: scores of the whole that the subjects' add up to, logits from a teacher."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from datasets.stages import SCHEMES
from datasets.windows import window_refs
from kd_core import checkpoint
from kd_core.confusion import Confusion
from kd_core.fit import EpochReport
from orchestration.experiment import Phase
from orchestration.store import Store
from tests.phase_runs import SEGMENTS, batches_of, experiment_on, run_phases, store_of

Done = dict[str, tuple[Phase, Path]]
CLASSES = SCHEMES["W-N-R"].classes
SCORES = ("accuracy", "weighted_f1", "macro_f1", "kappa")


@pytest.fixture(scope="module")
def store(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    return store_of(nights, tmp_path_factory.mktemp("storage"))


@pytest.fixture(scope="module")
def heard() -> list[EpochReport]:
    return []


@pytest.fixture(scope="module")
def done(
    nights: Path,
    store: Store,
    heard: list[EpochReport],
    tmp_path_factory: pytest.TempPathFactory,
) -> Done:
    return run_phases(experiment_on(nights), store, tmp_path_factory.mktemp("out"), heard.append)


def scores(done: Done, step: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((done[step][1] / "scores.json").read_text())
    return found


@pytest.mark.parametrize("step", ["teacher", "final"])
def test_the_subjects_confusions_add_up_to_that_of_the_best_epoch(
    done: Done, heard: list[EpochReport], step: str
) -> None:
    found = scores(done, step)
    counts = [np.array(subject["confusion"]) for subject in found["subjects"].values()]
    whole = Confusion(CLASSES, np.sum(counts, axis=0))
    assert whole.scores() == {name: found[name] for name in whole.scores()}
    assert found["score"] == whole.weighted_f1
    reports = {"teacher": heard[:2], "final": heard[4:]}[step]
    best = [report for report in reports if report.best][-1]
    assert (best.epoch, best.score) == (found["epoch"], found["score"])


@pytest.mark.parametrize("step", ["teacher", "final"])
def test_a_subjects_score_is_the_networks_on_that_subject_alone(
    done: Done, store: Store, step: str
) -> None:
    phase, folder = done[step]
    subjects = scores(done, step)["subjects"]
    assert list(subjects) == phase.spec["validation"]
    model = checkpoint.load(folder).model
    for night in batches_of(phase, store, "validation").nights:
        signal = night.eeg if step == "teacher" else night.ecg
        named = np.full(len(night.segment), -1)
        for _, start, length, fresh in window_refs([night], SEGMENTS):
            window = np.zeros((SEGMENTS, signal.shape[1]), np.float32)
            window[:length] = signal[start : start + length]
            with torch.no_grad():
                logits = model(torch.from_numpy(window).reshape(1, 1, -1)).logits[0]
            end = start + length
            named[end - fresh : end] = logits.argmax(0)[length - fresh : length].numpy()
        expected = Confusion.of(CLASSES, night.labels, named)
        found = subjects[night.subject]
        assert np.abs(np.array(found["confusion"]) - expected.counts).sum() <= 2  # a tie, at most
        assert found["score"] == pytest.approx(expected.weighted_f1, abs=0.03)


def test_a_phase_without_classes_has_no_scores_of_subjects(done: Done) -> None:
    found = scores(done, "attention")
    assert set(found) == {"score", "epoch", "loss", "at"}


def test_only_a_teacher_leaves_logits(done: Done) -> None:
    usual = {"spec.json", "scores.json", "curve.csv", "model.json", "model.safetensors"}
    for step, (_, folder) in done.items():
        extra = {"logits.safetensors"} if step == "teacher" else set()
        assert {path.name for path in folder.iterdir()} == usual | extra


def test_a_phase_carries_its_spec_and_a_row_an_epoch(done: Done) -> None:
    for phase, folder in done.values():
        spec = json.loads((folder / "spec.json").read_text())
        assert spec["phase"] == str(phase)
        assert spec["parents"] == phase.parents
        assert {name: spec[name] for name in phase.spec} == json.loads(json.dumps(phase.spec))
        assert (folder / "curve.csv").read_text().count("\n") == 3
