"""Real searches: the same study however wide, however often interrupted, however many trials."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ray

from kd_core.fit import Training
from orchestration.experiment import phases_of
from orchestration.plan import Plan, Runtime, Search
from orchestration.search import best_of, search
from orchestration.store import Store
from orchestration.study import Drawn, Ended, FoldScore, Study
from orchestration.sweeps import Sweep, make_sweep
from tests.small import small_plan, small_sweep
from tests.terminal import ROOT, wait_for

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.usefixtures("ray_session")]

SCHEME = "W-N-R"


def plan_of(**changes: Any) -> Plan:
    """Four trials in rounds of two; TPE draws the second one."""
    plan = small_plan(training=Training(epochs=2, batch=4))
    search = Search(trials=4, round=2, startup=2, layers=("bottleneck",))
    return replace(plan, search=replace(search, **changes))


def files(store: Store) -> dict[str, bytes]:
    """Every file of a store's studies; one that is still being written is none yet."""
    paths = sorted(Path(store.root).glob("studies/*/[!.]*"))
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def whole(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The study of a search that nothing interrupted, two trials at a time."""
    sweep, store = small_sweep(nights, tmp_path_factory.mktemp("whole"), plan_of(concurrent=2))
    found = search(sweep, SCHEME, store)
    assert best_of(found, 2) == found[0]
    assert sorted(trial.number for trial in found) == [1, 2, 3, 4]
    assert len(files(store)) == 9
    assert store.files.names("tune") == []  # what Ray notes of a search goes with it
    return files(store)


def test_a_trial_at_a_time_finds_the_same(
    whole: dict[str, bytes], nights: Path, tmp_path: Path
) -> None:
    sweep, store = small_sweep(nights, tmp_path, plan_of(concurrent=1))
    search(sweep, SCHEME, store)
    assert files(store) == whole


def test_a_search_for_more_trials_keeps_the_first_ones(
    whole: dict[str, bytes], nights: Path, tmp_path: Path
) -> None:
    sweep, store = small_sweep(nights, tmp_path, plan_of(trials=1))
    (first,) = search(sweep, SCHEME, store)
    built = store.phase_keys()
    assert len(files(store)) == 3
    assert files(store).items() <= whole.items()
    more = make_sweep(plan_of(), sweep.windows, sweep.subjects)
    assert first in search(more, SCHEME, store)
    assert files(store) == whole
    assert built < store.phase_keys()


def drive(root: str, windows: str, nights: str, address: str) -> None:
    """The search, in a process that can be killed."""
    from datasets.parquet import subjects_in

    ray.init(address=address, log_to_driver=False)
    search(make_sweep(plan_of(), windows, subjects_in(Path(nights))), SCHEME, Store(root))


@pytest.fixture
def driver(nights: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Sweep, Store]]:
    """A process that searches on the session's Ray."""
    sweep, store = small_sweep(nights, tmp_path, plan_of())
    address = ray.get_runtime_context().gcs_address
    values = [store.root, sweep.windows, str(nights), address]
    code = f"from tests.test_search_runs import drive; drive(*{values!r})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    yield process, sweep, store
    process.kill()
    process.wait()


def test_a_search_that_is_killed_goes_on_with_the_same_points(
    whole: dict[str, bytes], driver: tuple[subprocess.Popen[bytes], Sweep, Store]
) -> None:
    process, sweep, store = driver
    written = 6  # the first round, and the first trial of the second one is under way
    assert wait_for(lambda: len(files(store)) >= written or process.poll() is not None)
    assert process.poll() is None, "the search ended before it could be killed"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = files(store)
    assert written <= len(before) < len(whole)
    assert before.items() <= whole.items()
    search(sweep, SCHEME, store)
    assert files(store) == whole


def test_a_search_that_has_ended_runs_nothing(
    whole: dict[str, bytes], nights: Path, tmp_path: Path
) -> None:
    sweep, store = small_sweep(nights, tmp_path, plan_of())
    for name, content in whole.items():
        store.files.write(f"studies/{name}", content)
    assert len(search(sweep, SCHEME, store)) == 4
    assert not store.phase_keys()
    assert not store.files.exists("tune")


def champion(drawn: Drawn, sweep: Sweep) -> Ended:
    """A trial that no other can match."""
    folds = tuple(
        FoldScore(score=1.0, subjects=dict.fromkeys(fold.validation, 1.0)) for fold in sweep.folds
    )
    return Ended(number=drawn.number, state="COMPLETE", folds=folds, reason="")


@pytest.mark.parametrize(
    ("runtime", "trials"),
    [(Runtime(groups=2, gpus=0.0), 4), (Runtime(groups=1, workers=2, gpus=0.0), 3)],
    ids=["in the trial's process", "in a worker group"],
)
def test_a_trial_that_is_beaten_after_one_fold_trains_no_other(
    runtime: Runtime, trials: int, nights: Path, tmp_path: Path
) -> None:
    methods = ("SD+CL", "AT+CL", "AT+SD+CL")
    plan = plan_of(methods=methods, trials=trials, prune_p=0.3)  # of two subjects p >= 1/4
    sweep, store = small_sweep(nights, tmp_path, replace(plan, runtime=runtime))
    study = Study(sweep, SCHEME, store)
    for drawn in study.unfinished(4):
        study.end(champion(drawn, sweep))
    first, second, *beaten = search(sweep, SCHEME, store)
    assert [first.number, second.number] == [1, 2]
    for trial in beaten:
        assert trial.folds_done == 1
        assert trial.reason == "beaten by trial 1: p=0.25, 2 subjects"
        assert trial.score
        done, left = sweep.over_folds(SCHEME, trial.point)
        assert store.has_phase(phases_of(done)[-1].key)
        assert not store.has_phase(phases_of(left)[-1].key)
    assert best_of([first, second, *beaten], 2) == first


def test_a_point_that_diverges_fails_alone(nights: Path, tmp_path: Path) -> None:
    plan = plan_of(trials=2, methods=("SD+CL", "ECG baseline"))
    sweep, store = small_sweep(nights, tmp_path, plan)
    _, last = sweep.over_folds(SCHEME, plan.point("SD+CL"))
    store.keep_failure(phases_of(last)[-1].key, "final: the loss became NaN")
    fine, failed = sorted(search(sweep, SCHEME, store), key=lambda trial: trial.reason)
    assert (failed.point.method, failed.folds_done, failed.score) == ("SD+CL", 1, None)
    assert failed.reason == "final: the loss became NaN"
    assert (fine.point.method, fine.folds_done, fine.reason) == ("ECG baseline", 2, "")
    assert best_of([failed, fine], 2) == fine


def test_a_search_in_which_every_point_diverges_ends_without_a_best(
    nights: Path, tmp_path: Path
) -> None:
    plan = plan_of(trials=1, methods=("ECG baseline",))
    plan = replace(plan, training=Training(epochs=1, batch=4, learning_rate=1e30))
    sweep, store = small_sweep(nights, tmp_path, plan)
    found = search(sweep, SCHEME, store)
    assert "NaN or infinite" in found[0].reason
    assert best_of(found, 2) is None
    assert search(sweep, SCHEME, store) == found


def test_a_trial_that_cannot_be_run_is_tried_again_by_the_next_search(
    whole: dict[str, bytes], nights: Path, tmp_path: Path
) -> None:
    plan = plan_of()
    once = replace(plan, runtime=replace(plan.runtime, retries=0))
    sweep, store = small_sweep(nights, tmp_path, once)
    blocked = Path(store.root, "phases")
    blocked.write_text("a file, where a folder must be for anything to be published")
    lost = search(sweep, SCHEME, store)
    assert [(trial.number, trial.score) for trial in lost] == [(1, None), (2, None)]
    assert all("Error" in trial.reason for trial in lost), lost
    blocked.unlink()
    search(replace(sweep, plan=plan), SCHEME, store)
    assert files(store) == whole
