"""A phase that was cut off goes on from its last epoch and ends as if nothing had happened."""

import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from botocore.exceptions import EndpointConnectionError  # type: ignore[import-untyped]
from safetensors.torch import load

from kd_core.fit import EpochReport, FitState, Training
from orchestration import halfway
from orchestration.build import build
from orchestration.experiment import Phase, phases_of
from orchestration.files import LocalFiles, open_files
from orchestration.halfway import Halfway, Lost
from tests.small import small_plan, small_sweep


class Killed(Exception):  # noqa: N818 - it reads as what happened
    """What ends a phase in its middle."""


class Listener:
    """Hears the epochs of the final phase and kills it after one of them."""

    def __init__(self, last: int = 99) -> None:
        self.heard: list[int] = []
        self.last = last

    def __call__(self, phase: Phase) -> Callable[[EpochReport], None]:
        return self.hear

    def hear(self, epoch: EpochReport) -> None:
        self.heard.append(epoch.epoch)
        if epoch.epoch == self.last:
            raise Killed


def test_a_killed_phase_goes_on_and_ends_with_the_same_weights(
    nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halfway, "SHARE", 1e9)
    plan = small_plan(training=Training(epochs=4, batch=4, augment=True))
    weights = []
    for root, listeners in (("whole", [Listener()]), ("cut", [Listener(2), Listener()])):
        sweep, store = small_sweep(nights, tmp_path / root, plan)
        experiment = sweep.over_folds("W-N-R", plan.point("ECG baseline"))[0]
        if len(listeners) == 2:
            with pytest.raises(Killed):
                build(experiment, store, listeners[0])
            assert listeners[0].heard == [1, 2]
        outcome = build(experiment, store, listeners[-1])
        weights.append(load(store.read_phase(outcome.key, "model.safetensors")))
        assert store.read_phase(outcome.key, "curve.csv").count(b"\n") == 5
        assert store.files.names("halfway") == []
        assert store.files.names("leases") == []
    assert listeners[-1].heard == [3, 4]
    assert all(bool((weights[0][name] == weights[1][name]).all()) for name in weights[0])


def damaged() -> dict[str, bytes]:
    """Contents that no Halfway has written."""
    whole, old = io.BytesIO(), io.BytesIO()
    torch.save({"state": FitState().state_dict(), "epochs": []}, whole)
    torch.save({"state": {"epoch": 3}, "epochs": []}, old)
    foreign = io.BytesIO()
    torch.save({"state": FitState().state_dict(), "epochs": [(1, 2)]}, foreign)
    return {
        "empty": b"",
        "cut": whole.getvalue()[:-100],
        "text": b"not a file of torch",
        "number": pickle.dumps(3, protocol=2),
        "old": old.getvalue(),
        "other epochs": foreign.getvalue(),
    }


@pytest.mark.parametrize("damage", damaged())
def test_a_damaged_file_begins_the_phase_anew(
    place: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    files = open_files(place)
    files.write("halfway/k.pt", damaged()[damage])
    state, epochs = Halfway(files, "halfway/k.pt").load()
    assert (state, epochs) == (FitState(), [])
    (said,) = caplog.records
    assert "halfway/k.pt cannot be used" in said.getMessage()
    assert "begins anew" in said.getMessage()


class Planted:
    """What an attacker would have executed by whoever unpickles it."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.proof}",)


@pytest.mark.parametrize("form", ["torch", "pickle"])
def test_a_planted_pickle_is_refused_and_the_phase_begins_anew(
    nights: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, form: str
) -> None:
    proof, content = tmp_path / "executed", io.BytesIO()
    kept = {"state": Planted(proof), "epochs": []}
    torch.save(kept, content) if form == "torch" else pickle.dump(kept, content, protocol=2)
    sweep, store = small_sweep(nights, tmp_path / "storage", small_plan())
    experiment = sweep.over_folds("W-N-R", sweep.plan.point("ECG baseline"))[0]
    (phase,) = phases_of(experiment)
    store.files.write(f"halfway/{phase.key}.pt", content.getvalue())
    listener = Listener()
    assert build(experiment, store, listener).built == 1
    assert listener.heard == [1]
    assert not proof.exists()
    assert "begins anew" in caplog.text
    content.seek(0)
    torch.load(content, weights_only=False) if form == "torch" else pickle.load(content)
    assert proof.exists(), "it would have been executed"


def test_training_goes_on_while_the_storage_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(halfway, "SHARE", 1e9)
    files = open_files(tmp_path)

    def away(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    kept = Halfway(files, "k.pt")
    with monkeypatch.context() as patch:
        patch.setattr(LocalFiles, "write", away)
        kept.keep(FitState(epoch=1), [])
        kept.keep(FitState(epoch=2), [])
    (said,) = caplog.records
    assert "training goes on" in said.getMessage()
    kept.keep(FitState(epoch=3), [])
    assert Halfway(files, "k.pt").load()[0].epoch == 3


def test_who_lost_its_lease_overwrites_nothing(tmp_path: Path) -> None:
    files = open_files(tmp_path)
    Halfway(files, "k.pt").keep(FitState(epoch=9), [])
    with pytest.raises(Lost, match=r"another builder has taken k\.pt over"):
        Halfway(files, "k.pt", lambda: False).keep(FitState(epoch=2), [])
    assert Halfway(files, "k.pt").load()[0].epoch == 9


def test_training_goes_on_while_nobody_can_say_whose_lease_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def away() -> bool:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    Halfway(open_files(tmp_path), "k.pt", away).keep(FitState(epoch=1), [])
    assert "training goes on" in caplog.text
