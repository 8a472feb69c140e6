"""Building without Ray: phases are trained once, a diverging one is a reason, not an end."""

import os
import resource
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kd_core import checkpoint
from kd_core.fit import EpochReport
from orchestration import aside, halfway, leases
from orchestration.aside import temporary_folder
from orchestration.build import build, scores_of, tidy, walk
from orchestration.experiment import Phase
from orchestration.leases import Lease
from orchestration.night_files import night_folder
from orchestration.store import Store
from orchestration.sweeps import Sweep, make_sweep
from tests.small import small_plan, small_sweep


@pytest.fixture(scope="module")
def made(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sweep, Store]:
    return small_sweep(nights, tmp_path_factory.mktemp("storage"), small_plan())


@pytest.fixture(scope="module")
def sweep(made: tuple[Sweep, Store]) -> Sweep:
    return made[0]


@pytest.fixture(scope="module")
def store(made: tuple[Sweep, Store]) -> Store:
    return made[1]


def test_methods_share_what_they_have_in_common(sweep: Sweep, store: Store) -> None:
    heard: list[str] = []

    def watch(phase: Phase) -> Callable[[EpochReport], None]:
        heard.append(phase.step.phase)
        return lambda epoch: None

    for method in ("EEG baseline", "SD+CL", "AT+CL", "AT+SD+CL", "AT+CL"):
        experiment = sweep.over_folds("W-N-R", sweep.plan.point(method))[0]
        walk([experiment], store, watch, lambda metrics: None)
    assert heard == ["teacher", "final", "attention", "final", "final"]


def test_a_phase_carries_its_spec_scores_curve_and_weights(sweep: Sweep, store: Store) -> None:
    experiment = sweep.over_folds("W-N-R", sweep.plan.point("ECG baseline"))[0]
    outcome = build(experiment, store, lambda phase: lambda epoch: None)
    assert scores_of(outcome.key, store) == outcome.validation
    with store.phase(outcome.key) as folder:
        assert {p.name for p in folder.iterdir()} == {
            "spec.json", "scores.json", "curve.csv", "model.json", "model.safetensors"
        }  # fmt: skip
        assert checkpoint.load(folder).extra["classes"] == ["W", "N", "R"]


def test_the_same_experiment_in_another_store_scores_the_same(
    sweep: Sweep, store: Store, nights: Path, tmp_path: Path
) -> None:
    _, other = small_sweep(nights, tmp_path, sweep.plan)
    experiment = sweep.over_folds("W-N-R", sweep.plan.point("ECG baseline"))[0]
    ours, theirs = (build(experiment, s, lambda p: lambda e: None) for s in (store, other))
    assert ours.validation == theirs.validation


def test_a_loss_that_turns_nan_ends_its_phase_and_the_others_go_on(
    sweep: Sweep, store: Store
) -> None:
    plan = small_plan()
    wild = replace(plan, training=replace(plan.training, learning_rate=1e30))
    points = [make_sweep(p, sweep.windows, sweep.subjects) for p in (wild, plan)]
    experiments = [s.over_folds("W-N-R", plan.point("ECG baseline"))[0] for s in points]
    failed, fine = walk(experiments, store, lambda p: lambda e: None, lambda metrics: None)
    assert "NaN" in failed.failed
    assert fine.failed == ""
    (key,) = store.failed_keys()
    assert store.failure(key) == failed.failed


def test_what_a_killed_builder_left_of_a_finished_phase_goes(
    sweep: Sweep, nights: Path, tmp_path: Path
) -> None:
    _, other = small_sweep(nights, tmp_path, sweep.plan)
    experiment = sweep.over_folds("W-N-R", sweep.plan.point("ECG baseline"))[0]
    done = build(experiment, other, lambda phase: lambda epoch: None).key
    left = ["halfway/{}.pt", "leases/{}.1.json"]
    for name in left:
        other.files.write(name.format(done), b"{}")
        other.files.write(name.format("0" * 16), b"{}")  # of one that is in training
    tidy(other)
    assert other.files.names("halfway") == ["0" * 16 + ".pt"]
    assert other.files.names("leases") == ["0" * 16 + ".1.json"]


def copy_phase(key: str, store: Store, other: Store) -> None:
    """Publish a phase in another store, as its builder there would."""

    def fill(out: Path) -> None:
        with store.phase(key) as folder:
            shutil.copytree(folder, out, dirs_exist_ok=True)

    other.publish(key, fill)


def test_who_lost_its_lease_stops_and_takes_the_others_result(
    sweep: Sweep, nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halfway, "SHARE", 1e9)
    monkeypatch.setattr(leases, "POLL_S", 0.02)
    plan = small_plan(training=replace(sweep.plan.training, epochs=3))
    longer = make_sweep(plan, sweep.windows, sweep.subjects)
    experiment = longer.over_folds("W-N-R", plan.point("ECG baseline"))[0]
    _, quiet = small_sweep(nights, tmp_path / "quiet", plan)
    _, other = small_sweep(nights, tmp_path, plan)
    key = build(experiment, quiet, lambda p: lambda e: None).key
    heir = Lease(other.files, key)
    heard: list[int] = []

    def pause(epoch: EpochReport) -> None:
        heard.append(epoch.epoch)
        if epoch.epoch == 1:  # for so long that the heir has taken it for dead
            with monkeypatch.context() as patch:
                patch.setattr(Lease, "_is_dead", lambda lease, path: True)
                assert heir.try_acquire()
            threading.Timer(0.3, publish).start()

    def publish() -> None:
        copy_phase(key, quiet, other)
        heir.release()

    done = build(experiment, other, lambda phase: pause)
    assert heard == [1]
    assert (done.built, done.reused) == (0, 1)
    assert len(other.files.names(f"phases/{key}")) == 1
    assert other.files.names("leases") == []


def test_only_what_was_published_counts_as_built(
    sweep: Sweep, store: Store, nights: Path, tmp_path: Path
) -> None:
    _, other = small_sweep(nights, tmp_path, sweep.plan)
    experiment = sweep.over_folds("W-N-R", sweep.plan.point("ECG baseline"))[0]
    key = build(experiment, store, lambda p: lambda e: None).key

    def beaten(epoch: EpochReport) -> None:
        copy_phase(key, store, other)

    done = build(experiment, other, lambda phase: beaten)
    assert (done.built, done.reused) == (0, 1)


def test_what_killed_programs_left_on_this_machine_goes_after_a_day(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("SLEEP_CACHE", str(tmp_path / "nights"))
    with temporary_folder() as living:
        dead, young = (tmp_path / f"{aside.PREFIX}{name}" for name in ("dead", "young"))
        other = tmp_path / "sleep-database"
        for folder in (dead, young, other):
            folder.mkdir()
        (dead / "model").write_bytes(b"half")
        half, new, own = (
            night_folder() / name for name in (".abcdefgh", ".a_b0defg", ".zprofile")
        )
        for path, content in ((half, b"\x93NUMPY"), (new, b"\x93NUMPY"), (own, b"a person's")):
            path.write_bytes(content)
        for path in (living, dead, half, own, other):
            os.utime(path, (time.time() - 25 * 3600,) * 2)
        tidy(store)
        assert not dead.exists()
        assert not half.exists()
        assert all(path.exists() for path in (living, young, new, own, other))


def test_a_disk_that_is_full_when_a_phase_is_published_costs_no_training(
    sweep: Sweep, nights: Path, tmp_path: Path
) -> None:
    _, other = small_sweep(nights, tmp_path, sweep.plan)
    plan = small_plan(training=replace(sweep.plan.training, epochs=3))
    longer = make_sweep(plan, sweep.windows, sweep.subjects)
    experiment = longer.over_folds("W-N-R", plan.point("ECG baseline"))[0]
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard: list[int] = []

    def fill_up(epoch: EpochReport) -> None:
        heard.append(epoch.epoch)
        if epoch.epoch == plan.training.epochs:  # the system now refuses files above 4 KiB
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, unlimited[1]))

    try:
        with pytest.raises(OSError, match="File too large"):
            build(experiment, other, lambda phase: fill_up)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert heard == [1, 2, 3]
    assert other.phase_keys() == set()
    assert other.files.names("leases") == []
    done = build(experiment, other, lambda phase: lambda epoch: heard.append(epoch.epoch))
    assert heard.count(1) == 1, "it went on from what was kept"
    _, quiet = small_sweep(nights, tmp_path / "quiet", plan)
    assert done.validation == build(experiment, quiet, lambda p: lambda e: None).validation


def test_too_few_people_and_an_absent_class_say_what_to_do(sweep: Sweep) -> None:
    with pytest.raises(ValueError, match="too few for 9 folds"):
        make_sweep(small_plan(folds=9), sweep.windows, sweep.subjects)
    without = [replace(s, stages=(*s.stages[:4], 0)) for s in sweep.subjects]
    with pytest.raises(ValueError, match=r"no segment of class R.*lower --folds"):
        make_sweep(small_plan(), sweep.windows, without)
