"""TensorBoard's own reader finds every epoch once and every trial's hyperparameters."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from kd_core.fit import EpochReport, FitState
from orchestration.events import Events
from orchestration.experiment import Phase
from orchestration.followed import Followed
from orchestration.halfway import Halfway
from orchestration.leases import Lease
from orchestration.store import Store
from orchestration.sweeps import Sweep
from tests.pretended import fixed_phases, pretended, publish, search_round


def read(store: Store, sweep: Sweep, part: str, run: str, to: Path) -> EventAccumulator:
    """What TensorBoard reads of a run, its files fetched to a folder."""
    folder = f"tensorboard/{sweep.name}/{part}/{run}"
    for name in store.files.names(folder):
        (to / name).write_bytes(store.files.read(f"{folder}/{name}"))
    return EventAccumulator(str(to)).Reload()


def scalars(found: EventAccumulator, tag: str) -> list[Any]:
    return [(event.step, event.value) for event in found.Scalars(tag)]


def test_a_finished_phase_shows_its_terms_and_scores(place: str, tmp_path: Path) -> None:
    sweep, store = pretended(place)
    publish(fixed_phases(sweep)[0], store)
    Events(sweep.name, store).write(Followed(sweep, store).look())
    (run,) = store.files.names(f"tensorboard/{sweep.name}/phases")
    found = read(store, sweep, "phases", run, tmp_path)
    assert run.startswith("W-N-R_fold_0_teacher_")
    assert found.Tags()["scalars"] == ["train/loss", "train/ce", "validation/kappa"]
    assert scalars(found, "train/loss") == [(1, 0.5), (2, 0.125)]
    assert scalars(found, "validation/kappa") == [(2, 0.75)]
    first, second = found.Scalars("train/ce")
    assert second.wall_time - first.wall_time == pytest.approx(4.0, abs=1e-3)


def test_a_trial_shows_its_hyperparameters_and_scores(place: str, tmp_path: Path) -> None:
    sweep, store = pretended(place)
    first, failed, _ = search_round(sweep, store)
    Events(sweep.name, store).write(Followed(sweep, store).look())
    runs = store.files.names(f"tensorboard/{sweep.name}/trials")
    assert runs == [f"W-N-R-{trial.number:04d}" for trial in (first, failed)]
    found = read(store, sweep, "trials", runs[0], tmp_path)
    metadata = found.SummaryMetadata("_hparams_/session_start_info").plugin_data
    shown = HParamsPluginData.FromString(metadata.content).session_start_info.hparams
    assert shown["method"].string_value == first.params["method"]
    assert shown["alpha"].number_value == first.params["alpha"]
    assert scalars(found, "score") == [(1, pytest.approx(0.1)), (2, pytest.approx(0.1))]


def test_a_second_look_by_whomever_writes_nothing(place: str) -> None:
    sweep, store = pretended(place)
    publish(fixed_phases(sweep)[0], store)
    search_round(sweep, store)
    seen = Followed(sweep, store).look()
    Events(sweep.name, store).write(seen)
    before = dict(files(store, f"tensorboard/{sweep.name}"))
    assert len(before) == 3
    Events(sweep.name, store).write(seen)
    assert dict(files(store, f"tensorboard/{sweep.name}")) == before


def files(store: Store, folder: str) -> Iterator[tuple[str, bytes]]:
    for part in ("phases", "trials"):
        for run in store.files.names(f"{folder}/{part}"):
            for name in store.files.names(f"{folder}/{part}/{run}"):
                path = f"{folder}/{part}/{run}/{name}"
                yield path, store.files.read(path)


def keep(phase: Phase, store: Store, epochs: int) -> None:
    """Leave the phase halfway, as its worker does after so many epochs."""
    done = [
        EpochReport(n, {"loss": 1 / n}, {"kappa": 0.5} if n == 2 else {}, 0.5, True, 1.0)
        for n in range(1, epochs + 1)
    ]
    state = FitState()
    state.weights = {"kernel": torch.zeros(1000)}
    Halfway(store.files, f"halfway/{phase.key}.pt").keep(state, done)


def test_epochs_of_a_phase_in_training_appear_and_are_not_repeated(tmp_path: Path) -> None:
    sweep, store = pretended(tmp_path / "storage")
    phase, events = fixed_phases(sweep)[0], Events(sweep.name, store)
    followed, lease = Followed(sweep, store), Lease(store.files, phase.key)
    assert lease.try_acquire()
    events.write(followed.look())  # nothing is kept yet
    for epochs in (1, 3):
        keep(phase, store, epochs)
        events.write(followed.look())
    curve = [{"epoch": n, "seconds": 1.0, "loss": 1 / n} for n in range(1, 5)]
    publish(phase, store, curve)
    lease.release()
    Events(sweep.name, store).write(followed.look())
    (run,) = store.files.names(f"tensorboard/{sweep.name}/phases")
    names = store.files.names(f"tensorboard/{sweep.name}/phases/{run}")
    assert [name.rsplit(".", 1)[1] for name in names] == ["0001-0001", "0002-0003", "0004-0004"]
    found = read(store, sweep, "phases", run, tmp_path)
    assert scalars(found, "train/loss") == [(n, pytest.approx(1 / n)) for n in range(1, 5)]
    assert scalars(found, "validation/kappa") == [(2, 0.5)]
