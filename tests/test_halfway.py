"""A phase that was cut off goes on from its last epoch and ends as if nothing had happened."""

from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load

from kd_core.fit import EpochReport, Training
from orchestration import halfway
from orchestration.build import build
from orchestration.experiment import Phase
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
