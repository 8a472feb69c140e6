"""The row without a network: features once a night, learned from training nights alone."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datasets.parquet import Subject, read_night, subjects_in
from datasets.stages import SCHEMES
from orchestration.ingest import windows_key
from orchestration.probabilities import read_staged
from orchestration.simple import measure_night, stage_part
from orchestration.store import Store

WINDOWS = windows_key("mass")


@pytest.fixture(scope="module")
def store(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    root = tmp_path_factory.mktemp("simple")
    shutil.copytree(nights, root / "windows" / WINDOWS)
    store = Store.open(root)
    for subject in subjects_in(nights):
        measure_night(WINDOWS, subject, store.root)
    return store


@pytest.fixture(scope="module")
def subjects(nights: Path) -> tuple[Subject, ...]:
    return subjects_in(nights)


def test_every_scored_segment_of_a_test_night_has_probabilities(
    store: Store, subjects: tuple[Subject, ...], nights: Path
) -> None:
    stage_part("W-N-R", WINDOWS, subjects[:6], subjects[6:], "k" * 16, store.root)
    for subject in subjects[6:]:
        staged = read_staged(store, "k" * 16, subject.name)
        night = read_night(nights / f"{subject.name}.parquet")
        assert staged.labels.tolist() == SCHEMES["W-N-R"].labels(night.stage).tolist()
        assert staged.segment.tolist() == night.segment.tolist()
        assert staged.probabilities.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
        assert (staged.page_s, staged.subset) == (night.page_s, night.subset)


def test_what_is_said_does_not_depend_on_who_else_is_tested(
    store: Store, subjects: tuple[Subject, ...]
) -> None:
    stage_part("W-N-R", WINDOWS, subjects[:6], subjects[6:7], "a" * 16, store.root)
    alone, together = (read_staged(store, k * 16, subjects[6].name) for k in "ak")
    assert np.array_equal(alone.probabilities, together.probabilities)


def test_a_night_is_measured_once(store: Store, subjects: tuple[Subject, ...]) -> None:
    paths = sorted(Path(store.root, "features").rglob("*.parquet"))
    assert len(paths) == len(subjects)
    before = [path.stat().st_mtime_ns for path in paths]
    measure_night(WINDOWS, subjects[0], store.root)
    assert [path.stat().st_mtime_ns for path in paths] == before
    with pytest.raises(ValueError, match="ingested anew since this sweep began"):
        measure_night(WINDOWS, replace(subjects[0], source_hash="another"), store.root)
