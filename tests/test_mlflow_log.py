"""A real MLflow server on loopback hears each trial and row once; without it a sweep goes on."""

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration import mlflow_log
from orchestration.followed import Followed
from orchestration.formats import as_json
from orchestration.leaderboard import SCORES
from orchestration.live import Live
from orchestration.mlflow_log import TAG, Runs, masked
from tests.pretended import pretended, search_round
from tests.terminal import wait_for

mlflow = pytest.importorskip("mlflow")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of what `mlflow server` serves, with a database of its own.

    That command imports all of MLflow, makes the database, and lets uvicorn do both once more.
    """
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", f"--port={port}", "mlflow.server.fastapi_app:app"],
        cwd=folder,
        env=os.environ
        | mlflow_log.CLIENT_ENV
        | {
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder}/runs.db",
            "_MLFLOW_SERVER_ARTIFACT_ROOT": f"{folder}/artifacts",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    uri = f"http://127.0.0.1:{port}"
    assert wait_for(lambda: answers(uri) or process.poll() is not None, every_s=0.5)
    yield uri
    os.killpg(process.pid, 9)
    process.wait()


def answers(uri: str) -> bool:
    """Whether the server has made its database, which takes it seconds of work."""
    asked = f"{uri}/api/2.0/mlflow/experiments/get?experiment_id=0"
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def runs_of(uri: str, experiment: str) -> dict[str, Any]:
    """Name -> every run of an experiment."""
    client = mlflow.MlflowClient(uri)
    found = client.get_experiment_by_name(experiment)
    return {run.info.run_name: run for run in client.search_runs([found.experiment_id])}


def test_each_trial_that_is_over_is_a_run_once(server: str, tmp_path: Path) -> None:
    sweep, store = pretended(tmp_path)
    first, _, _ = search_round(sweep, store)
    seen = Followed(sweep, store).look()
    for _ in range(2):  # the second one stands for the same command, typed again
        log = Runs(server, sweep.name)
        log.write(seen)
        log.write(seen)
    found = runs_of(server, log.experiment)
    assert len(found) == 2
    run = found[f"W-N-R trial 0001 {seen.trials[0].point}"]
    assert run.data.params["method"] == first.params["method"]
    assert float(run.data.params["alpha"]) == first.params["alpha"]
    assert run.data.metrics == {"score": pytest.approx(0.1), "fold_score": pytest.approx(0.1)}
    history = mlflow.MlflowClient(server).get_metric_history(run.info.run_id, "score")
    assert [(m.step, m.value) for m in history] == [(n, pytest.approx(0.1)) for n in (1, 2)]
    assert sorted(run.info.status for run in found.values()) == ["FAILED", "FINISHED"]


def test_a_run_that_was_cut_off_is_written_anew(server: str, tmp_path: Path) -> None:
    sweep, store = pretended(tmp_path)
    search_round(sweep, store)
    log, client = Runs(server, f"{sweep.name} cut off"), mlflow.MlflowClient(server)
    experiment = client.create_experiment(log.experiment)
    seen = Followed(sweep, store).look()
    tag = f"{seen.trials[0].study}/0001"
    cut = client.create_run(experiment, tags={TAG: tag}).info.run_id
    theirs = client.create_run(experiment, run_name="somebody's own").info.run_id
    log.write(seen)
    found = runs_of(server, log.experiment)
    assert [run.info.run_id for run in found.values() if run.data.tags.get(TAG) == tag] != [cut]
    assert len(found) == 3
    assert found["somebody's own"].info.run_id == theirs


def test_a_row_of_the_leaderboard_has_its_test_scores(server: str, tmp_path: Path) -> None:
    sweep, store = pretended(tmp_path)
    row = {"scheme": "W-N-R", "row": "SD+CL", "point": "SD+CL", "folds": 2, "failed": ""}
    scored = row | {f"{name}_mean": 0.5 for name in SCORES}
    failed = row | {"row": "AT+CL", "folds": 0, "failed": "NaN"}
    store.files.write(f"sweeps/{sweep.name}/leaderboard.json", as_json([scored, failed]))
    log = Runs(server, f"{sweep.name} rows")
    log.write_rows(sweep.name, store)
    log.write_rows(sweep.name, store)
    (run,) = runs_of(server, log.experiment).values()
    assert run.info.run_name == "W-N-R SD+CL"
    assert run.data.metrics["test_weighted_f1"] == 0.5


def test_a_url_is_told_without_its_secrets() -> None:
    assert masked("see http://me:p/w@d@host:5000/x?token=t now") == "see http://host:5000/x now"
    assert masked("sqlite:////folder/runs.db") == "sqlite:////folder/runs.db"


def test_a_server_out_of_reach_is_one_line_without_its_password(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sweep, store = pretended(tmp_path)
    search_round(sweep, store)
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        uri = f"http://someone:pass-word@127.0.0.1:{taken.getsockname()[1]}"
        with Live(store) as live:
            live.follow(sweep, uri)
    said = capfd.readouterr()
    warnings = [line for line in said.err.splitlines() if "MLflow" in line]
    assert len(warnings) == 1
    assert f"MLflow at {masked(uri)}" in warnings[0]
    assert "pass-word" not in said.out + said.err
    assert store.files.names(f"tensorboard/{sweep.name}/trials")


def test_without_the_package_a_line_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    sweep, store = pretended(tmp_path)
    search_round(sweep, store)
    with Live(store) as live:
        live.follow(sweep, "http://127.0.0.1:1")
    assert "pip install mlflow-skinny" in capsys.readouterr().err
