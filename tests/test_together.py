"""Two that build the same phases in one storage at once train each of them once."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from datasets.parquet import subjects_in
from orchestration.ingest import windows_key
from orchestration.store import Store
from orchestration.sweeps import make_sweep
from tests.small import small_plan
from tests.terminal import ROOT

METHODS = ("SD+CL", "AT+CL", "AT+SD+CL")


@pytest.mark.slow
def test_two_that_want_the_same_phases_share_the_work(nights: Path, place: str) -> None:
    store, windows = Store.open(place), windows_key("mass")
    for path in sorted(nights.glob("*.parquet")):
        store.files.write(f"windows/{windows}/{path.name}", path.read_bytes())
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.test_together", place, str(nights), *methods],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for methods in (METHODS, METHODS[::-1])
    ]
    said = [one.communicate(timeout=300)[0].splitlines() for one in both]
    assert [one.returncode for one in both] == [0, 0]
    epochs = Counter(line for lines in said for line in lines)
    assert len(epochs) == 2 * 2 * (1 + 1 + 3), "two epochs, two folds, each phase of the methods"
    assert set(epochs.values()) == {1}
    assert all(len(store.files.names(f"phases/{key}")) == 1 for key in store.phase_keys())
    assert store.files.names("leases") == []


def main(place: str, nights: Path, methods: list[str]) -> None:
    """Build the methods on every fold; print each epoch that is trained here."""
    from kd_core.fit import EpochReport, Training
    from orchestration.build import walk
    from orchestration.experiment import Phase

    plan = small_plan(training=Training(epochs=2, batch=4))
    sweep = make_sweep(plan, windows_key("mass"), subjects_in(nights))
    experiments = [e for m in methods for e in sweep.over_folds("W-N-R", plan.point(m))]

    def watch(phase: Phase):  # type: ignore[no-untyped-def]
        def hear(epoch: EpochReport) -> None:
            print(phase.key, epoch.epoch, flush=True)

        return hear

    outcomes = walk(experiments, Store(place), watch, lambda metrics: None)
    assert not any(outcome.failed for outcome in outcomes)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
