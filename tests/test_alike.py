"""A fold's three networks compared: what is stored is what whole matrices say, made by hand."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine
from torch import nn

from datasets.windows import ScaledNight
from kd_core import checkpoint
from kd_core.models import MODELS, build_model, tap_lengths
from orchestration import alike
from orchestration.chosen import Chosen, ChosenFold
from orchestration.evidence.compared import Found, Trio, is_compared, read_likeness, trio_of
from orchestration.evidence.likeness import ALL, GAINED, LOST, ROLES
from orchestration.nights import open_nights
from orchestration.opinions import pieces, shared_layers
from orchestration.store import Store
from orchestration.sweeps import Sweep
from tests.small import small_plan, small_sweep

SCHEME = "W-N-R"
TINY = MODELS["tiny"](3)
METHODS = ("EEG baseline", "ECG baseline", "SD+CL")
VIEWS = ("teacher_view", "student_view", "student_view")
IN_PROCESS = SimpleNamespace(  # Ray, as far as `compare` asks it
    remote=lambda **resources: lambda task: SimpleNamespace(remote=task), get=list
)


@pytest.fixture(scope="module")
def made(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sweep, Store]:
    """A sweep, and a store that has a network for each method; none is trained."""
    sweep, store = small_sweep(nights, tmp_path_factory.mktemp("storage"), small_plan())
    for seed, method in enumerate(METHODS):
        store.publish(
            method, partial(checkpoint.save, spec=TINY, model=opinionated(seed), extra={})
        )
    return sweep, store


def opinionated(seed: int) -> nn.Module:
    """A network that names more than one class, and not those that another seed's does."""
    model = build_model(TINY, seed=seed)
    state = model.state_dict()
    state["classifier.weight"].mul_(20.0)  # in place: it is the network's own
    state["classifier.bias"].add_(torch.tensor([0.05, 0.0, -0.05]) * (seed - 1))
    return model


@pytest.fixture(scope="module")
def rows(made: tuple[Sweep, Store]) -> list[Chosen]:
    """One fold of both baselines and of a student."""
    test = made[0].folds[0].test
    return [
        Chosen(
            scheme=SCHEME,
            row=method,
            view=view,
            point=method,
            folds=(ChosenFold(fold=0, key=method, test=test, validation={"score": 0.5}),),
        )
        for method, view in zip(METHODS, VIEWS, strict=True)
    ]


@pytest.fixture(scope="module")
def found(made: tuple[Sweep, Store], rows: list[Chosen]) -> Found:
    """What is read of what `compare` wrote."""
    assert read_likeness(rows, SCHEME, made[1]) is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "ray", IN_PROCESS)
        alike.compare(made[0], Trio(*rows), made[1])
    found = read_likeness(rows, SCHEME, made[1])
    assert found is not None
    return found


class Whole(NamedTuple):
    """All test segments at once: what no worker ever holds."""

    place: list[tuple[str, int]]  # (n,), subject and segment
    labels: np.ndarray  # (n,)
    said: dict[str, np.ndarray]  # role -> probabilities (n, K)
    bottleneck: dict[str, np.ndarray]  # role -> (n, C, 1)
    fine: dict[str, np.ndarray]  # role -> encoder4 (n, C, L)


@pytest.fixture(scope="module")
def whole(made: tuple[Sweep, Store]) -> Whole:
    sweep, store = made
    sources = {name: sweep.sources[name] for name in sorted(sweep.folds[0].test)}
    nights = open_nights(store, sweep.windows, sources, SCHEME, sweep.plan.scaling)
    said, deep, fine = {}, {}, {}
    for role, method in zip(ROLES, METHODS, strict=True):
        with store.phase(method) as folder:
            model = checkpoint.load(folder).model
        signals = [night.eeg if role == "teacher" else night.ecg for night in nights]
        seen = [segment for s in signals for segment in segments_of(model, s, sweep.plan.segments)]
        said[role], deep[role], fine[role] = (np.stack(side) for side in zip(*seen, strict=True))
    place = [(night.subject, int(segment)) for night in nights for segment in night.segment]
    return Whole(place, np.concatenate([night.labels for night in nights]), said, deep, fine)


def segments_of(model: Any, signal: np.ndarray, T: int) -> list[tuple[np.ndarray, ...]]:
    """(K,), then (C, L) of both taps: whole windows, and a last one that ends with the night."""
    found: list[tuple[np.ndarray, ...]] = []
    for end in [*range(T, len(signal), T), len(signal)]:
        window = torch.from_numpy(signal[end - T : end].astype(np.float32)).reshape(1, 1, -1)
        with torch.no_grad():
            outputs = model(window, taps=("bottleneck", "encoder4"))
        deep, fine = (
            outputs.taps[name][0].unflatten(1, (T, -1)).movedim(1, 0).numpy()
            for name in ("bottleneck", "encoder4")
        )
        said = outputs.logits[0].softmax(0).T.numpy()
        found += list(zip(said, deep, fine, strict=True))[len(found) - end :]
    return found


def cases(whole: Whole) -> dict[str, np.ndarray]:
    was, now = (whole.said[r].argmax(1) == whole.labels for r in ("baseline", "student"))
    return {GAINED: now & ~was, LOST: was & ~now, ALL: np.full(len(was), True)}


@pytest.mark.parametrize("case", [GAINED, LOST, ALL])
def test_likeness_is_that_of_whole_matrices(found: Found, whole: Whole, case: str) -> None:
    among = cases(whole)[case]
    one = next(x for x in found.likeness if (x.layer, x.case) == ("encoder4", case))
    assert one.segments == among.sum() > 20
    for role, side in (("baseline", "before"), ("student", "after")):
        taps = [whole.fine[r][among].astype(np.float64) for r in ("teacher", role)]
        x, y = (tap.mean(2) - tap.mean((0, 2)) for tap in taps)
        expected = np.square(x.T @ y).sum() / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)
        assert one.value("cka", side) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("case", [GAINED, LOST, ALL])
@pytest.mark.parametrize("layer", ["bottleneck", "encoder4"])
def test_cosines_are_those_of_windows_in_a_float64_loop(
    made: tuple[Sweep, Store], found: Found, whole: Whole, case: str, layer: str
) -> None:
    one = next(x for x in found.likeness if (x.layer, x.case) == (layer, case))
    taps, T = (
        {"bottleneck": whole.bottleneck, "encoder4": whole.fine}[layer],
        made[0].plan.segments,
    )
    for role, side in (("baseline", "before"), ("student", "after")):
        cosines = []
        for i in np.flatnonzero(cases(whole)[case]).tolist():
            subject = whole.place[i][0]
            mine = [j for j, place in enumerate(whole.place) if place[0] == subject]
            rank = mine.index(i) // T  # nights are without a gap, and windows lie end to end
            window = mine[rank * T : (rank + 1) * T]
            maps = [
                np.square(taps[r][window].astype(float)).sum(1).ravel() for r in ("teacher", role)
            ]
            if len(maps[0]) > 1:
                cosines.append(1 - cosine(*maps))
        assert len(cosines) > 20
        assert one.value("cosine", side) == pytest.approx(np.mean(cosines), rel=1e-4)


def test_every_shared_layer_has_every_case_in_the_order_of_the_network(found: Found) -> None:
    names = [(row["layer"], row["case"]) for row in found.table]
    assert names == [(tap, case) for tap in TINY.tap_names for case in (GAINED, LOST, ALL)]
    assert {row["row"] for row in found.table} == {"SD+CL"}


@pytest.mark.parametrize("case", [GAINED, LOST])
def test_a_pick_is_the_segment_that_moved_most_with_its_own_features(
    found: Found, whole: Whole, case: str
) -> None:
    rows = np.arange(len(whole.labels))
    before, after = (whole.said[r][rows, whole.labels] for r in ("baseline", "student"))
    i = int(np.where(cases(whole)[case], np.abs(after - before), -1).argmax())
    pick = found.picks[case]
    assert (pick.subject, pick.segment) == whole.place[i]
    assert pick.label == whole.labels[i]
    for role in ROLES:
        assert pick.probabilities[role] == pytest.approx(whole.said[role][i], abs=1e-5)
        segment = np.split(pick.maps[role], pick.of, axis=1)[pick.within]
        assert segment == pytest.approx(whole.bottleneck[role][i], rel=1e-3, abs=1e-4)


def test_what_is_stored_is_not_computed_again_until_a_night_has_changed(
    made: tuple[Sweep, Store], found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    task = SimpleNamespace(remote=lambda *given: asked.append(given))
    monkeypatch.setattr(alike, "ray", SimpleNamespace(remote=lambda **_: lambda _: task, get=list))
    alike.compare(made[0], found.trio, made[1])
    assert asked == []
    (fold,) = alike.tasks_of(made[0], found.trio)
    changed = dict.fromkeys(fold.nights, "of another recording")
    assert not is_compared(fold.keys, changed, made[1])


def test_what_is_read_again_is_the_same_and_arrays_come_without_pickle(
    made: tuple[Sweep, Store], rows: list[Chosen], found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, words = np.load, []

    def heard(file: Any, **given: Any) -> Any:
        words.append(given)
        return load(file, **given)

    monkeypatch.setattr(np, "load", heard)
    again = read_likeness(rows, SCHEME, made[1])
    assert again is not None
    assert again.likeness == found.likeness
    assert words == [{"allow_pickle": False}]


def test_the_student_is_the_distilled_row_that_validation_subjects_prefer(
    rows: list[Chosen],
) -> None:
    trio = trio_of(rows, SCHEME)
    assert trio is not None
    assert [row.row for row in trio] == list(METHODS)
    assert trio_of(rows[:2], SCHEME) is None
    assert trio_of(rows[1:], SCHEME) is None


def test_only_layers_of_equal_length_are_compared() -> None:
    tiny, context = (tap_lengths(MODELS[name](3)) for name in ("tiny", "context"))
    assert shared_layers([tiny, tiny]) == list(tiny)
    assert shared_layers([context, tiny]) == [t for t in context if context[t] == tiny[t]]


def test_unscored_segments_are_in_no_piece(made: tuple[Sweep, Store]) -> None:
    sweep, store = made
    name, source = next(iter(sweep.sources.items()))
    (night,) = open_nights(store, sweep.windows, {name: source}, SCHEME, "night")
    labels = np.where(np.arange(len(night.labels)) % 3 == 1, -1, night.labels)
    some = ScaledNight(name, night.eeg, night.ecg, labels, night.segment)
    models = {"teacher": build_model(TINY, seed=0).eval()}
    found = list(pieces(some, models, ["encoder1"], segments=7, batch=2, bf16=False))
    scored = labels >= 0
    assert np.concatenate([p.segment for p in found]).tolist() == night.segment[scored].tolist()
    assert np.concatenate([p.labels for p in found]).tolist() == labels[scored].tolist()
