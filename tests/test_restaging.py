"""Nights of 20 s pages staged in two more ways: the same networks, and every page once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from datasets.parquet import Subject, read_night
from datasets.recut import at_pages, is_widened, on_grid
from datasets.stages import SCHEMES
from datasets.windows import ScaledNight, load_night
from kd_core import checkpoint
from kd_core.confusion import Confusion
from orchestration.build import build
from orchestration.chosen import Chosen, ChosenFold
from orchestration.evidence.pages_table import pages_said, pages_table, pages_view
from orchestration.evidence.restaged import (
    WAYS,
    PagedRow,
    compared,
    left_out,
    path_of,
    read_restaged,
    unstaged,
)
from orchestration.evidence.rows import read_rows
from orchestration.experiment import phases_of
from orchestration.probabilities import read_confusion
from orchestration.restaging import count, labels_of, restage, restage_fold
from orchestration.scoring import score
from orchestration.store import Store
from orchestration.sweeps import Sweep
from tests.small import small_plan, small_sweep

SCHEME = SCHEMES["W-N-R"]


class Done(NamedTuple):
    """An ECG baseline of two folds, trained, scored and staged anew."""

    sweep: Sweep
    store: Store
    row: Chosen
    nights: Path

    @property
    def test(self) -> list[tuple[str, Subject]]:
        """Phase key and subject of every test night of 20 s pages."""
        known = {s.name: s for s in self.sweep.subjects}
        pairs = [(fold.key, known[name]) for fold in self.row.folds for name in fold.test]
        return [(key, subject) for key, subject in pairs if is_widened(subject.page_s)]

    def model(self, key: str) -> nn.Module:
        with self.store.phase(key) as folder:
            return checkpoint.load(folder).model

    def night(self, subject: Subject) -> Path:
        return self.nights / f"{subject.name}.parquet"

    def restage(self) -> None:
        known = {s.name: s for s in self.sweep.subjects}
        for fold in self.row.folds:
            asked = unstaged(self.store, fold.key, [known[name] for name in fold.test])
            restage_fold(
                self.sweep.plan, self.sweep.windows, self.row, fold.key, asked, self.store.root
            )


@pytest.fixture(scope="module")
def done(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    plan = small_plan(schemes=("W-N-R",))
    sweep, store = small_sweep(nights, tmp_path_factory.mktemp("storage"), plan)
    experiments = sweep.over_folds("W-N-R", plan.point("ECG baseline"))
    known = {s.name: s for s in sweep.subjects}
    for experiment in experiments:
        build(experiment, store, lambda phase: lambda epoch: None)
        score(experiment, [known[name] for name in experiment.fold.test], store.root)
    folds = tuple(
        ChosenFold(
            fold=e.fold.index, key=phases_of(e)[-1].key, test=e.fold.test, validation={"score": 0}
        )
        for e in experiments
    )
    row = Chosen(scheme="W-N-R", row="ECG baseline", view="student_view", point="CL", folds=folds)
    done = Done(sweep, store, row, nights)
    done.restage()
    return done


def test_some_test_nights_have_pages_of_20_s_and_only_they_are_staged(done: Done) -> None:
    assert done.test
    for fold in done.row.folds:
        mine = {subject.name for key, subject in done.test if key == fold.key}
        found = done.store.files.names(f"pages/{fold.key}")
        assert found == sorted(f"{name}-{way}-1.json" for name in mine for way in WAYS[1:])


def test_the_widened_way_from_the_checkpoint_is_what_is_stored(done: Done) -> None:
    for key, subject in done.test:
        night = load_night(done.night(subject), SCHEME, done.sweep.plan.scaling)
        found = count(done.model(key), night, done.row, done.sweep.plan, 30)
        stored = read_confusion(done.store, key, subject.name)
        assert np.array_equal(found.counts, stored.counts)


@pytest.mark.parametrize(
    ("way", "cut", "label_s"), [("native", at_pages, 20), ("grid", on_grid, 30)]
)
def test_counts_are_those_of_windows_cut_by_hand(
    done: Done, way: str, cut: Callable[..., ScaledNight], label_s: int
) -> None:
    row = _by_way(done)[way]
    T = labels_of(done.sweep.plan.segments, label_s)
    people: dict[str, Confusion] = {}
    for key, subject in done.test:
        night = cut(read_night(done.night(subject)), SCHEME, done.sweep.plan.scaling)
        assert np.ptp(night.segment) == len(night.segment) - 1  # no gap
        said = _by_hand(done.model(key), night, T, label_s)
        found = Confusion.of(SCHEME.classes, night.labels, said)
        people[subject.person] = (
            people.get(subject.person, Confusion.zeros(SCHEME.classes)) + found
        )
    assert {p: counts.tolist() for p, counts in row.people.items()} == {
        p: found.counts.tolist() for p, found in people.items()
    }


def _by_hand(model: nn.Module, night: ScaledNight, T: int, label_s: int) -> np.ndarray:
    """(n,): windows of T labels one after another, the last one moved back to the end."""
    said = np.full(len(night.labels), -1)
    for end in [*range(T, len(said), T), len(said)]:
        window = torch.from_numpy(night.ecg[end - T : end].reshape(1, 1, -1)).float()
        with torch.no_grad():
            labels = model(window, output_s=label_s).logits[0].argmax(0).numpy()
        fresh = said[end - T : end] == -1
        said[end - T : end][fresh] = labels[fresh]
    return said


def _by_way(done: Done) -> dict[str, PagedRow]:
    rows = read_rows([done.row], done.store)
    return {row.way: row for row in read_restaged([done.row], rows, done.store)}


def test_every_scored_page_has_one_label_and_the_grid_as_many_minutes(done: Done) -> None:
    pages = sum(sum(subject.stages) for _, subject in done.test)
    widened, native, grid = (_by_way(done)[way] for way in WAYS)
    assert sum(counts.sum() for counts in native.people.values()) == pages
    assert native.minutes == widened.minutes
    assert 0 <= native.minutes - grid.minutes + 0.1 <= len(done.test) * 0.5


def test_what_is_there_is_not_computed_again_unless_the_night_is_another(done: Done) -> None:
    key, subject = done.test[0]
    assert unstaged(done.store, key, [subject]) == []
    anew = replace(subject, source_hash="of another recording")
    assert unstaged(done.store, key, [anew]) == [(anew, way) for way in WAYS[1:]]
    assert unstaged(done.store, key, [replace(anew, page_s=30.0)]) == []


def test_the_report_has_three_ways_of_the_row_side_by_side(done: Done) -> None:
    rows = list(_by_way(done).values())
    view = pages_view(pages_table(rows), "W-N-R")
    assert [line[0] for line in view.cells] == ["ECG baseline"] * 3
    assert len(pages_said(rows, "W-N-R")) == 3


def test_a_row_that_is_not_wholly_staged_is_left_out(done: Done) -> None:
    (key, subject), files = done.test[0], done.store.files
    path = path_of(key, subject.name, "grid")
    content = files.read(path)
    files.remove(path)
    assert _by_way(done) == {}
    assert left_out([done.row], read_rows([done.row], done.store), [], "W-N-R") == ["ECG baseline"]
    files.write(path, content)
    assert list(_by_way(done)) == list(WAYS)


def test_pages_around_gaps_have_a_label_each(done: Done) -> None:
    key, subject = done.test[0]
    night = at_pages(read_night(done.night(subject)), SCHEME, "night")
    kept = np.delete(np.arange(len(night.labels)), [1, 20, 22])  # a lone page, short stretches
    parts = {name: getattr(night, name)[kept] for name in ("eeg", "ecg", "labels", "segment")}
    found = count(done.model(key), replace(night, **parts), done.row, done.sweep.plan, 20)
    assert found.support.tolist() == np.bincount(parts["labels"], minlength=3).tolist()


@pytest.mark.parametrize(
    ("segments", "label_s", "labels"), [(35, 20, 54), (8, 20, 12), (1, 20, 3), (35, 30, 35)]
)
def test_a_window_holds_whole_labels(segments: int, label_s: int, labels: int) -> None:
    assert labels_of(segments, label_s) == labels


def test_teacher_baseline_and_the_network_to_take_home_are_compared() -> None:
    def row(name: str, view: str, score: float) -> Chosen:
        fold = ChosenFold(fold=0, key=name, test=(), validation={"score": score})
        return Chosen(scheme="W-N-R", row=name, view=view, point="", folds=(fold,))

    rows = [
        row("EEG baseline", "teacher_view", 0.9), row("ECG baseline", "student_view", 0.5),
        row("SD+CL", "student_view", 0.7), row("AT+CL", "student_view", 0.6),
        row("RR intervals", "rr_view", 0.8),
    ]  # fmt: skip
    assert [r.row for r in compared(rows)] == ["EEG baseline", "ECG baseline", "SD+CL"]
    assert [r.row for r in compared([replace(rows[2], folds=())])] == []


@pytest.mark.ray
def test_ray_stages_what_is_missing(done: Done, ray_session: None) -> None:
    key, subject = done.test[0]
    path = path_of(key, subject.name, "native")
    before = done.store.files.read(path)
    done.store.files.remove(path)
    restage(done.sweep, [done.row], done.store)
    assert done.store.files.read(path) == before
