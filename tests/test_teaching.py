"""A phase hears its teacher once: what is remembered is what the teacher says live."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from datasets.folds import Fold
from datasets.windows import window_refs
from kd_core import checkpoint
from kd_core.fit import Training
from kd_core.learner import make_learner
from kd_core.models import MODELS, build_model, tap_lengths
from kd_core.models.utime import UTime
from kd_core.objectives import AttentionTransfer, SoftmaxDistillation
from kd_core.objectives.attention import attention_map
from kd_core.taught import load_logits
from orchestration import teaching
from orchestration.batches import Batches
from orchestration.experiment import Phase, Point, phases_of
from orchestration.room import Room
from orchestration.store import Store
from orchestration.teaching import MAP_BUDGET, Lessons, grids_of, lessons_of
from tests.phase_runs import SEGMENTS, batches_of, experiment_on, run_phases, store_of

CPU = torch.device("cpu")
SD = SoftmaxDistillation(torch.ones(3), alpha=0.5, temperature=2.0)


class Trained(NamedTuple):
    """AT+SD+CL, trained phase by phase."""

    store: Store
    phases: dict[str, Phase]
    folders: dict[str, Path]

    def batches(self, part: str, rank: int = 0, ranks: int = 1) -> Batches:
        return batches_of(self.phases["teacher"], self.store, part, rank, ranks)

    def teacher(self) -> nn.Module:
        return checkpoint.load(self.folders["teacher"]).model

    def lessons(self, step: str, objective: Any, rank: int = 0, ranks: int = 1) -> Lessons:
        parts = [self.batches(part, rank, ranks) for part in ("train", "validation")]
        upstream = {"teacher": self.folders["teacher"]}
        return lessons_of(self.phases[step], objective, upstream, parts[0], parts[1], CPU)


@pytest.fixture(scope="module")
def trained(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    root = tmp_path_factory.mktemp("storage")
    store = store_of(nights, root)
    done = run_phases(experiment_on(nights), store, root / "out")
    phases = {step: phase for step, (phase, _) in done.items()}
    return Trained(store, phases, {step: out for step, (_, out) in done.items()})


def deep(trained: Trained) -> AttentionTransfer:
    return AttentionTransfer(tuple(trained.phases["attention"].spec["parameters"]["layers"]))


def live_windows(batches: Batches) -> Iterator[tuple[int, slice, slice, torch.Tensor]]:
    """Night, its rows that are fresh in a window, their places there, and that window of EEG."""
    for night, start, length, fresh in window_refs(batches.nights, SEGMENTS):
        eeg = batches.nights[night].eeg
        window = np.zeros((SEGMENTS, eeg.shape[1]), np.float32)
        window[:length] = eeg[start : start + length]
        end = start + length
        places = slice(length - fresh, length)
        yield night, slice(end - fresh, end), places, torch.from_numpy(window).reshape(1, 1, -1)


def test_stored_logits_are_what_the_teacher_says_of_each_segment_where_it_is_fresh(
    trained: Trained,
) -> None:
    stored, teacher = load_logits(trained.folders["teacher"]), trained.teacher()
    batches = trained.batches("train")
    assert set(stored) == {night.subject for night in batches.nights}
    seen = {night.subject: 0 for night in batches.nights}
    for night, rows, places, window in live_windows(batches):
        subject = batches.nights[night].subject
        with torch.no_grad():
            logits = teacher(window).logits[0, :, places].T  # (K, T) -> (fresh, K)
        assert stored[subject].dtype == torch.float16
        torch.testing.assert_close(stored[subject][rows].float(), logits, rtol=1e-3, atol=1e-3)
        seen[subject] += len(logits)
    assert seen == {night.subject: len(night.segment) for night in batches.nights}
    assert seen == {subject: len(logits) for subject, logits in stored.items()}


def test_maps_are_what_the_teacher_attends_to_in_the_same_window(trained: Trained) -> None:
    objective, teacher = deep(trained), trained.teacher()
    lessons = trained.lessons("attention", objective)
    assert lessons.teacher is None
    passes = [lessons.train.shuffled(0, epoch) for epoch in range(3)]
    for batch in chain(lessons.validation.in_order(), *passes):
        with torch.no_grad():
            live = teacher(batch.teacher_view.float(), taps=objective.taps, logits=False).taps
        assert batch.taught is not None
        for tap in objective.taps:
            kept = attention_map(batch.taught.taps[tap].float())
            torch.testing.assert_close(kept, attention_map(live[tap]), rtol=3e-3, atol=1e-5)


def test_a_student_hears_the_same_loss_of_maps_as_from_the_teacher_live(trained: Trained) -> None:
    objective = deep(trained)
    lessons = trained.lessons("attention", objective)
    student = build_model(MODELS["tiny"](3), seed=0)
    told = make_learner(student, objective, "student_view", None, False)
    live = make_learner(student, objective, "student_view", trained.teacher(), False)
    for batch in chain(lessons.train.shuffled(1, 1), lessons.validation.in_order()):
        with torch.no_grad():
            ours, theirs = told.terms(batch), live.terms(batch._replace(taught=None))
        assert ours["at"].item() == pytest.approx(theirs["at"].item(), rel=1e-3)


def test_a_student_hears_the_same_loss_of_logits_as_from_the_teacher_live(
    trained: Trained,
) -> None:
    train = trained.lessons("final", SD).train
    student = checkpoint.load(trained.folders["final"]).model
    told = make_learner(student, SD, "student_view", None, False)
    live = make_learner(student, SD, "student_view", trained.teacher(), False)
    for batch in train.in_order():  # only fresh segments are scored, and they are the ones stored
        with torch.no_grad():
            ours, theirs = told.terms(batch), live.terms(batch._replace(taught=None))
        for name, value in theirs.items():
            assert ours[name].item() == pytest.approx(value.item(), rel=2e-3)


def test_every_rank_remembers_the_same_and_is_given_its_share(trained: Trained) -> None:
    objective = deep(trained)
    whole = trained.lessons("attention", objective).train.shuffled(0, 1)
    shares = [
        trained.lessons("attention", objective, rank, 2).train.shuffled(0, 1) for rank in (0, 1)
    ]
    for batch, *parts in zip(whole, *shares, strict=False):
        for rank, part in enumerate(parts):
            assert batch.taught is not None
            assert part.taught is not None
            for tap, maps in part.taught.taps.items():
                assert torch.equal(maps, batch.taught.taps[tap][rank::2])


def test_a_phase_whose_maps_lie_in_files_trains_to_the_same_bits(
    trained: Trained, nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    class Crowded(Room):
        def __init__(self) -> None:
            super().__init__(held_bytes=0)

        def take(self, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
            tensor = super().take(shape, dtype)
            taken.append(tensor.nbytes)
            assert self.left_bytes == 0  # nothing is held
            return tensor

    monkeypatch.setattr(teaching, "Room", Crowded)
    mapped = run_phases(experiment_on(nights), trained.store, tmp_path)
    assert len(taken) > 1
    for step in ("attention", "final"):
        held = checkpoint.load(trained.folders[step]).model.state_dict()
        for name, weights in checkpoint.load(mapped[step][1]).model.state_dict().items():
            assert torch.equal(weights, held[name])


def test_distilling_never_builds_its_teacher_and_attention_asks_it_once_a_grid(
    trained: Trained, nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching, "GRIDS", 1)
    asked: list[str] = []
    load = checkpoint.load

    def counted(folder: Path) -> checkpoint.Checkpoint:
        loaded = load(folder)
        name = {trained.folders["teacher"].name: "teacher"}.get(folder.name, "start")
        asked.append(f"load {name}")
        loaded.model.register_forward_hook(lambda *_: asked.append(f"run {name}"))
        return loaded

    monkeypatch.setattr(checkpoint, "load", counted)
    run_phases(experiment_on(nights), trained.store, tmp_path)  # two epochs
    windows = [len(list(trained.batches(part).in_order())) for part in ("train", "validation")]
    assert [what for what in asked if what.endswith("teacher")] == [
        "load teacher",
        *["run teacher"] * sum(windows),
    ]
    assert "load start" in asked


def test_an_attention_phase_runs_its_student_and_teacher_no_deeper_than_its_taps(
    trained: Trained, nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deepest: set[str] = set()
    maps = UTime._maps

    def followed(network: UTime, x: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
        for name, tap in maps(network, x):
            deepest.add(name)
            yield name, tap

    point = Point(method="AT+CL", layers="encoder1")
    experiment = experiment_on(nights, point=point, training=Training(epochs=1, batch=4))
    attention = phases_of(experiment)[1]
    monkeypatch.setattr(UTime, "_maps", followed)
    for budget in (MAP_BUDGET, 0):
        monkeypatch.setattr(teaching, "MAP_BUDGET", budget)
        lessons = trained.lessons("attention", AttentionTransfer(("encoder1",)))
        student = checkpoint.load(trained.folders["final"]).model
        learner = make_learner(
            student, AttentionTransfer(("encoder1",)), "student_view", lessons.teacher, False
        )
        learner.terms(next(lessons.train.shuffled(0, 1)))
        assert (lessons.teacher is None) == (budget > 0)
    assert attention.spec["parameters"]["layers"] == ["encoder1"]
    assert deepest == {"encoder1"}


@pytest.mark.parametrize(
    ("model", "layers", "segments", "grids"),
    [
        ("context", "all", 35, 0),  # two maps at full resolution
        ("context", "encoder", 35, 2),
        ("context", "deep", 35, 4),
        ("context", "all but the two", 35, 1),
        ("context", "decoder", 35, 0),
        ("compact", "all", 35, 2),
        ("compact", "reference", 35, 2),
        ("reference", "encoder", 1, 0),
        ("reference", "bottleneck", 1, 1),
    ],
)
def test_maps_are_remembered_on_as_many_grids_as_memory_allows(
    nights: Path, model: str, layers: str, segments: int, grids: int
) -> None:
    if layers == "all but the two":
        taps = [t for t in tap_lengths(MODELS[model](3)) if t not in ("decoder1", "dense")]
        layers = "+".join(taps)
    experiment = experiment_on(
        nights,
        segments=segments,
        point=Point(method="AT+CL", layers=layers),
        teacher=MODELS[model](3),
        student=MODELS[model](3),
    )
    phase = phases_of(experiment)[1]
    objective = AttentionTransfer(tuple(phase.spec["parameters"]["layers"]))
    assert grids_of(phase, objective) == grids


def test_logits_of_other_nights_are_refused(trained: Trained, nights: Path) -> None:
    experiment = experiment_on(nights)
    fold, names = experiment.fold, list(experiment.data)
    other = experiment_on(
        nights, fold=Fold(0, (names[5], *fold.train[1:]), (names[4],), fold.test)
    )
    phase = phases_of(other)[-1]
    parts = [batches_of(phase, trained.store, part) for part in ("train", "validation")]
    with pytest.raises(ValueError, match=rf"no logits for {names[5]}.*train the teacher again"):
        lessons_of(phase, SD, {"teacher": trained.folders["teacher"]}, parts[0], parts[1], CPU)
