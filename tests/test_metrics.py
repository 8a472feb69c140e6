"""What a running phase shows: gauges with its tags, a line an epoch, from rank 0 alone."""

from collections.abc import Iterator

import pytest

from kd_core.fit import EpochReport
from orchestration import metrics
from orchestration.experiment import Phase, phases_of
from tests.test_experiment import experiment

EPOCH = EpochReport(
    3, {"loss": 0.5, "ce": 0.25, "kd": 1.5}, {"kappa": 0.125, "weighted_f1": 0.75}, 0.75, True, 9.0
)


class Dial:
    """Stands for Ray's Gauge and keeps what it is set to."""

    shown: dict[str, tuple[float, dict[str, str]]]

    def __init__(self, name: str, description: str, tag_keys: tuple[str, ...]) -> None:
        self.name, self.tag_keys = name, tag_keys

    def set(self, value: float, tags: dict[str, str]) -> None:
        assert set(tags) == set(self.tag_keys)
        Dial.shown[self.name] = (value, tags)


@pytest.fixture(autouse=True)
def dials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(metrics, "Gauge", Dial)
    monkeypatch.setattr(Dial, "shown", {}, raising=False)
    metrics._gauge.cache_clear()
    yield
    metrics._gauge.cache_clear()


@pytest.fixture
def phase() -> Phase:
    return phases_of(experiment())[-1]


def test_each_epoch_sets_gauges_tagged_with_the_phase(phase: Phase) -> None:
    metrics.watch(phase)(EPOCH)
    values = {name: value for name, (value, _) in Dial.shown.items()}
    assert values == {
        "sleep_loss": 0.5, "sleep_ce": 0.25, "sleep_kd": 1.5,
        "sleep_kappa": 0.125, "sleep_weighted_f1": 0.75, "sleep_epoch": 3.0,
    }  # fmt: skip
    tags = {"phase": str(phase), "key": phase.key, "scheme": "W-N-R", "fold": "0"}
    assert all(shown == tags for _, shown in Dial.shown.values())


def test_each_epoch_is_one_line(phase: Phase, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="orchestration.metrics")
    listen = metrics.watch(phase)
    listen(EPOCH)
    listen(EPOCH._replace(epoch=4, validation={}, best=False))
    assert [record.getMessage() for record in caplog.records] == [
        f"{phase}: epoch=3 loss=0.500 weighted_f1=0.750 kappa=0.125 best",
        f"{phase}: epoch=4 loss=0.500",
    ]


def test_the_other_ranks_are_silent(
    phase: Phase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="orchestration.metrics")
    monkeypatch.setattr(metrics, "rank", lambda: 1)
    metrics.watch(phase)(EPOCH)
    assert Dial.shown == {}
    assert caplog.records == []
