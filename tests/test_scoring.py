"""Test subjects: each night is scored once and whole, and nobody else's file is opened for it."""

import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from datasets.parquet import read_night, read_subject
from datasets.stages import SCHEMES
from datasets.windows import load_night
from kd_core import checkpoint
from orchestration.build import build
from orchestration.experiment import Experiment
from orchestration.probabilities import path_of, read_confusion
from orchestration.scoring import score
from orchestration.store import Store
from tests.small import small_plan, small_sweep


class Scored(NamedTuple):
    """An experiment that was scored where only its test subjects' nights lie."""

    experiment: Experiment
    key: str
    store: Store

    def path(self, subject: str) -> Path:
        return Path(self.store.root, path_of(self.key, subject))

    def night(self, subject: str) -> Path:
        return Path(self.store.root, "windows", self.experiment.windows, f"{subject}.parquet")

    def score(self) -> None:
        """Score what is missing of the nights as they are now."""
        test = [read_subject(self.night(subject)) for subject in self.experiment.fold.test]
        score(self.experiment, test, self.store.root)


@pytest.fixture(scope="module")
def done(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    sweep, store = small_sweep(nights, tmp_path_factory.mktemp("storage"), small_plan())
    experiment = sweep.over_folds("W-N-R", sweep.plan.point("ECG baseline"))[0]
    outcome = build(experiment, store, lambda phase: lambda epoch: None)
    windows = Path(store.root, "windows", sweep.windows)
    windows.unlink()  # a link to all nights
    windows.mkdir()
    for subject in experiment.fold.test:
        shutil.copy(nights / f"{subject}.parquet", windows)
    done = Scored(experiment, outcome.key, store)
    done.score()
    return done


def test_every_segment_of_the_test_subjects_has_probabilities_once(done: Scored) -> None:
    names = done.store.files.names(f"scores/{done.key}")
    scores = {name.removesuffix(".parquet") for name in names}
    assert scores == set(done.experiment.fold.test)
    for subject in scores:
        table = pq.read_table(done.path(subject))
        labels = SCHEMES["W-N-R"].labels(read_night(done.night(subject)).stage)
        assert table["label"].to_pylist() == labels.tolist()
        rows = np.stack([table[name].to_numpy() for name in ("W", "N", "R")])
        assert rows.sum(axis=0) == pytest.approx(1.0, abs=1e-5)
        assert rows.min() >= 0.0


def test_a_segment_has_the_probabilities_that_the_network_gives_it(done: Scored) -> None:
    subject, T = done.experiment.fold.test[0], done.experiment.segments
    night = load_night(done.night(subject), SCHEMES["W-N-R"])
    assert np.ptp(night.segment[: 2 * T]) == 2 * T - 1  # no gap in two windows
    windows = torch.from_numpy(night.ecg[: 2 * T]).float().reshape(2, 1, -1)
    with torch.no_grad(), done.store.phase(done.key) as folder:
        logits = checkpoint.load(folder).model.eval()(windows).logits
    expected = logits.softmax(1).movedim(1, 2).flatten(0, 1)  # (2, K, T) -> (2 * T, K)
    table = pq.read_table(done.path(subject)).slice(0, 2 * T)
    stored = np.stack([table[name].to_numpy() for name in ("W", "N", "R")], axis=1)
    assert stored == pytest.approx(expected.numpy(), abs=1e-4)


def test_a_confusion_counts_every_segment_of_the_subject(done: Scored) -> None:
    subject = done.experiment.fold.test[0]
    counts = read_confusion(done.store, done.key, subject).counts
    labels = SCHEMES["W-N-R"].labels(read_night(done.night(subject)).stage)
    assert counts.sum(axis=1).tolist() == np.bincount(labels, minlength=3).tolist()


def test_a_night_ingested_anew_is_scored_again_and_the_others_are_not(done: Scored) -> None:
    changed, *others = done.experiment.fold.test
    before = {s: done.path(s).stat().st_mtime_ns for s in (changed, *others)}
    _ingest_anew(done.night(changed))
    done.score()
    assert done.path(changed).stat().st_mtime_ns > before[changed]
    assert all(done.path(s).stat().st_mtime_ns == before[s] for s in others)
    again = done.path(changed).stat().st_mtime_ns
    done.score()
    assert done.path(changed).stat().st_mtime_ns == again


def _ingest_anew(path: Path) -> None:
    """The same night, as if cut from another recording."""
    table = pq.read_table(path)
    metadata = table.schema.metadata | {b"source_hash": b"of another recording"}
    pq.write_table(table.replace_schema_metadata(metadata), path)
