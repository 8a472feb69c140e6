"""Two that build the same phases in one storage at once train each of them once."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from datasets.parquet import subjects_in
from kd_core.fit import EpochReport, Training
from orchestration.build import walk
from orchestration.experiment import Phase
from orchestration.ingest import windows_key
from orchestration.store import Store
from orchestration.sweeps import make_sweep
from tests.forked import pool
from tests.small import small_plan

METHODS = ("SD+CL", "AT+CL", "AT+SD+CL")


@pytest.mark.slow
def test_two_that_want_the_same_phases_share_the_work(nights: Path, place: str) -> None:
    store, windows = Store.open(place), windows_key("mass")
    for path in sorted(nights.glob("*.parquet")):
        store.files.write(f"windows/{windows}/{path.name}", path.read_bytes())
    with pool(2) as both:
        given = [(place, nights, methods) for methods in (METHODS, METHODS[::-1])]
        trained = both.starmap_async(train, given, chunksize=1).get(timeout=300)
    epochs = Counter(epoch for one in trained for epoch in one)
    assert len(epochs) == 2 * 2 * (1 + 1 + 3), "two epochs, two folds, each phase of the methods"
    assert set(epochs.values()) == {1}
    assert all(len(store.files.names(f"phases/{key}")) == 1 for key in store.phase_keys())
    assert store.files.names("leases") == []


def train(place: str, nights: Path, methods: Sequence[str]) -> list[tuple[str, int]]:
    """Build the methods on every fold; the phase and the number of each epoch trained here."""
    plan = small_plan(training=Training(epochs=2, batch=4))
    sweep = make_sweep(plan, windows_key("mass"), subjects_in(nights))
    experiments = [e for m in methods for e in sweep.over_folds("W-N-R", plan.point(m))]
    heard: list[tuple[str, int]] = []

    def watch(phase: Phase) -> Callable[[EpochReport], None]:
        return lambda epoch: heard.append((phase.key, epoch.epoch))

    outcomes = walk(experiments, Store(place), watch, lambda metrics: None)
    assert not any(outcome.failed for outcome in outcomes)
    return heard
