"""A sweep for MLflow: a run a trial, and at the end one a row of the leaderboard; no Ray.

Only what is over is written, from the storage, by the script that runs the sweep. Each run bears a
tag by which it is found again, so nothing is written twice, however often the sweep is resumed.
"""

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.followed import Seen, SeenTrial
from orchestration.keys import key_of
from orchestration.leaderboard import SCORES
from orchestration.store import Store

PROJECT = "ecg-sleep-distillation"
TAG = "sleep.of"  # what a run was made from: a study's key and a trial's number, or a row
URI = "MLFLOW_TRACKING_URI"  # MLflow's own variable
STATUS = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}  # a trial's state -> run's
CLIENT_ENV = {  # fail within seconds, tell nobody else, print nothing
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # it may hold a password
}
Metrics = Sequence[tuple[str, float, int]]  # name, value, step


def masked(text: str) -> str:
    """A text without what may be secret in the URLs in it: before the host, and after a '?'."""
    return re.sub(r"\?\S*", "", re.sub(r"//\S*@", "//", text))


class Runs:
    """The runs of one sweep, in an experiment of its own."""

    def __init__(self, uri: str, sweep: str) -> None:
        """Take the server's URI; it is not spoken to yet."""
        self.uri, self.experiment = uri, f"{PROJECT} {sweep}"
        self._client: Any = None
        self._id = ""  # of the experiment
        self._there: set[str] = set()  # tags of the runs that are whole

    def write(self, seen: Seen) -> None:
        """Write the trials that are over and not there."""
        for trial in seen.trials:
            if trial.ended:
                self._ensure(
                    f"{trial.study}/{trial.number:04d}",
                    f"{trial.scheme} trial {trial.number:04d} {trial.point}",
                    {"scheme": trial.scheme, **trial.hyperparameters},
                    _scores(trial),
                    STATUS[trial.ended.state],
                )

    def write_rows(self, sweep: str, store: Store) -> None:
        """Write the rows of the sweep's leaderboard that have a result and are not there."""
        for row in json.loads(store.files.read(f"sweeps/{sweep}/leaderboard.json")):
            if row["folds"]:
                self._ensure(
                    f"row {key_of(row)}",
                    f"{row['scheme']} {row['row']}",
                    {name: row[name] for name in ("scheme", "row", "point")},
                    [(f"test_{name}", row[f"{name}_mean"], 0) for name in SCORES],
                    "FINISHED",
                )

    def _ensure(
        self, tag: str, name: str, params: Mapping[str, Any], metrics: Metrics, status: str
    ) -> None:
        """Have a run with this tag that is whole."""
        client, self._client = self._client or self._connected(), None
        if tag not in self._there:
            from mlflow.entities import Metric, Param

            now_ms = int(1000 * time.time())
            run = client.create_run(self._id, run_name=name, tags={TAG: tag}).info.run_id
            client.log_batch(
                run,
                [Metric(key, value, now_ms, step) for key, value, step in metrics],
                [Param(key, str(value)) for key, value in params.items()],
            )
            client.set_terminated(run, status)
            self._there.add(tag)
        self._client = client  # only now: where it was cut off, connecting anew clears up

    def _connected(self) -> Any:
        """A client; the experiment is there, and of our runs those that were cut off are not."""
        os.environ.update(CLIENT_ENV)
        try:
            from mlflow import MlflowClient  # two seconds to import
        except ImportError:
            raise RuntimeError("a package is missing: pip install mlflow-skinny") from None

        client = MlflowClient(self.uri)
        found = client.get_experiment_by_name(self.experiment)
        self._id = found.experiment_id if found else client.create_experiment(self.experiment)
        for run in _ours(client, self._id):
            if run.info.status == "RUNNING":
                client.delete_run(run.info.run_id)
            else:
                self._there.add(run.data.tags[TAG])
        return client


def _ours(client: Any, experiment: str) -> list[Any]:
    """The runs of an experiment that bear our tag."""
    runs, token = [], None
    while token != "":
        page = client.search_runs([experiment], page_token=token)
        runs += [run for run in page if TAG in run.data.tags]
        token = page.token or ""
    return runs


def _scores(trial: SeenTrial) -> Metrics:
    """The score of each fold and the mean so far, the fold's number as the step."""
    assert trial.ended
    means = trial.ended.means
    return [
        (name, value, fold)
        for name, values in (("fold_score", trial.scores), ("score", means))
        for fold, value in enumerate(values, start=1)
    ]
