"""Ray Tune + Optuna: which method, alpha, temperature and layer set stage best from ECG.

A trial is one point over all folds. It reports after each fold the mean score on *validation*
subjects, so that poor points stop early; test subjects are never opened here.
"""

import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import optuna
from ray import tune
from ray.tune.integration.ray_train import TuneReportCallback
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

from orchestration.build import walk
from orchestration.experiment import Experiment, Point, phases_of
from orchestration.metrics import watch
from orchestration.plan import Plan
from orchestration.progress import TrialLines
from orchestration.space import inside, point_in, space
from orchestration.store import Store
from orchestration.sweeps import Sweep
from orchestration.training import train


class Trial(NamedTuple):
    """A point and how it did on validation subjects."""

    point: Point
    folds_done: int
    score: float | None  # mean over the folds done; None if not one was
    reason: str  # why it failed, else ""


def search(sweep: Sweep, scheme: str, store: Store) -> list[Trial]:
    """Every trial of one scheme, the best first; goes on where it was interrupted.

    A search that is taken up again keeps its trials and Optuna's study; which trials a fold is
    compared with when it decides about stopping starts anew.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    path = store.root / "tune" / f"{sweep.name}-{scheme}"
    trainable = tune.with_resources(
        partial(run_trial, sweep=sweep, scheme=scheme, store=store.root), _resources(sweep.plan)
    )
    if tune.Tuner.can_restore(str(path)):
        tuner = tune.Tuner.restore(str(path), trainable, resume_errored=True)
    else:
        shutil.rmtree(path, ignore_errors=True)  # died before its first snapshot: nothing is in it
        tuner = _tuner(trainable, sweep, scheme, path)
    return sorted((_trial(result, sweep.plan) for result in tuner.fit()), key=_rank)


def best_of(trials: Sequence[Trial], folds: int) -> Trial | None:
    """The trial with the best mean validation score among those that finished every fold."""
    complete = [t for t in trials if t.folds_done == folds and t.score is not None]
    return min(complete, key=_rank, default=None)


def run_trial(config: Mapping[str, Any], sweep: Sweep, scheme: str, store: Path) -> None:
    """One point over all folds, in a Ray Train worker group of its own or in this process.

    Raises:
        RuntimeError: a phase diverged; Optuna is told that the trial failed.
    """
    experiments = sweep.over_folds(scheme, point_in(config, sweep.plan))
    _raise_known_failure(experiments, Store(store))
    if sweep.plan.runtime.trials_in_group:
        name = tune.get_context().get_trial_id()  # the sampler may draw one point twice
        callbacks = [TuneReportCallback()]
        outcomes = train(experiments, sweep.plan.runtime, store, name, callbacks, True)
    else:
        outcomes = walk(experiments, Store(store), watch, tune.report, stop_at_failure=True)
    if outcomes[-1].failed:
        raise RuntimeError(outcomes[-1].failed)


def _raise_known_failure(experiments: Sequence[Experiment], store: Store) -> None:
    """A phase that diverged once does so again: no second try, and no worker group for it."""
    for experiment in experiments:
        for phase in phases_of(experiment):
            if reason := store.failure(phase.key):
                raise RuntimeError(reason)


class FoldOptuna(OptunaSearch):  # type: ignore[misc]  # Ray ships no types
    """Tells Optuna that a point stopped before its last fold was pruned, and what it had reached.

    Ray's own class tells COMPLETE with the partial value, which TPE then takes for the whole.
    """

    folds = 1

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Report the last result as an intermediate value if folds are missing."""
        if result and not error and result.get("folds_done", 0) < self.folds:
            self.on_trial_result(trial_id, result)
            result = None
        super().on_trial_complete(trial_id, result, error)


def _tuner(trainable: Callable[..., Any], sweep: Sweep, scheme: str, path: Path) -> tune.Tuner:
    plan, folds = sweep.plan, len(sweep.folds)
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=_searcher(plan, folds),
            scheduler=_scheduler(plan, folds),
            num_samples=plan.search.trials,
            max_concurrent_trials=plan.search.concurrent or plan.runtime.groups,
            reuse_actors=not plan.runtime.trials_in_group,
        ),
        run_config=tune.RunConfig(
            name=path.name,
            storage_path=str(path.parent),
            failure_config=tune.FailureConfig(max_failures=plan.runtime.retries),
            callbacks=[TrialLines(scheme, plan.search.trials, folds)],
            verbose=0,
        ),
    )


def _searcher(plan: Plan, folds: int) -> FoldOptuna:
    """Multivariate TPE that begins with the plan's own points, as far as the space holds them."""
    searcher = FoldOptuna(
        partial(space, search=plan.search),
        metric="score",
        mode="max",
        points_to_evaluate=[inside(plan.point(m), plan.search) for m in plan.search.methods],
        sampler=optuna.samplers.TPESampler(
            n_startup_trials=plan.search.startup,
            multivariate=True,
            group=True,
            constant_liar=True,
            seed=plan.seed,
        ),
    )
    searcher.folds = folds
    return searcher


def _scheduler(plan: Plan, folds: int) -> ASHAScheduler:
    """Halves the field at each rung of folds; a trial is compared with those that got as far."""
    return ASHAScheduler(
        time_attr="folds_done",
        metric="score",
        mode="max",
        max_t=folds,
        grace_period=min(plan.search.grace, folds),
        reduction_factor=2,
    )


def _resources(plan: Plan) -> Any:
    """What a trial itself holds: nothing if its worker group holds it, else one worker's share."""
    if plan.runtime.trials_in_group:
        return {"memory": 1}  # one byte: Tune accepts no empty request, and a CPU would deadlock
    return {"CPU": plan.runtime.cpus, "GPU": plan.runtime.gpus}


def _rank(trial: Trial) -> tuple[float, float, str]:
    """Sorts by folds done, then by score; equal ones by name, so that a resumed search agrees."""
    score = -1.0 if trial.score is None else trial.score
    return -trial.folds_done, -score, str(trial.point)


def _trial(result: Any, plan: Plan) -> Trial:
    metrics = result.metrics or {}
    reason = str(result.error).strip().splitlines()[-1] if result.error else ""
    return Trial(
        point_in(result.config, plan), metrics.get("folds_done", 0), metrics.get("score"), reason
    )
