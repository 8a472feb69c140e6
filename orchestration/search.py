"""Ray Tune + Optuna: which method, alpha, temperature and layer set stage best from ECG.

A trial is one point over all folds; it learns from scores on *validation* subjects, and test
subjects are never opened here. Trials are drawn in rounds and kept in a study, so what comes out
depends on neither machines nor timing nor interruptions.
"""

import logging
import math
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from ray import tune
from ray.tune.search import Searcher

from orchestration.experiment import Point
from orchestration.plan import SearchedPlan
from orchestration.progress import TrialLines
from orchestration.ran import Ran, runs_of
from orchestration.space import point_in
from orchestration.store import Store
from orchestration.study import Drawn, Ended, Study
from orchestration.sweeps import AnySweep
from orchestration.trial import run_trial


class Trial(NamedTuple):
    """A point and how it did on validation subjects."""

    number: int
    point: Point
    folds_done: int
    score: float | None  # mean over the folds done; None if it failed
    reason: str  # why it did not finish every fold, else ""
    ran: Sequence[Ran] = ()  # when and where
    scores: Sequence[float] = ()  # of each fold done, in order


def search(sweep: AnySweep, scheme: str, store: Store) -> list[Trial]:
    """Every trial of one scheme, the best first; goes on where it was interrupted.

    A trial that could not be run (its workers were lost too often, the storage was out of reach)
    is given with its reason, but is not in the study: no further round is drawn without it, and
    the next search tries it again.
    """
    study, trials = Study(sweep, scheme, store), sweep.plan.search.trials
    errors = _run(study, sweep, store) if study.unfinished(trials) else {}
    ended, ran = study.ended(), runs_of(study)
    found = (
        _trial(drawn, ended.get(n), errors.get(n, ""), ran.get(n, ()), sweep.plan)
        for n, drawn in study.drawn().items()
        if n <= trials
    )
    return sorted(found, key=_rank)


def best_of(trials: Sequence[Trial], folds: int) -> Trial | None:
    """The trial with the best mean validation score among those that finished every fold."""
    complete = [t for t in trials if t.folds_done == folds and t.score is not None]
    return min(complete, key=_rank, default=None)


class Rounds(Searcher):  # type: ignore[misc]  # Ray ships no types
    """Hands Tune the study's trials, those of a round only when the round before has ended."""

    def __init__(self, study: Study, trials: int) -> None:
        super().__init__()
        self.study, self.trials = study, trials
        self.waiting: list[Drawn] = []  # drawn, and not yet with Tune
        self.running: set[str] = set()  # Tune's names of those that it has
        self.tried: set[int] = set()  # numbers of all that it was given

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The configuration of the next trial; None while a round is unfinished."""
        if not self.waiting and not self.running:
            self.waiting = self.study.unfinished(self.trials)
            if any(trial.number in self.tried for trial in self.waiting):
                self.waiting = []  # it could not be run, and the next round needs its score
        if not self.waiting:
            return None if self.running else str(Searcher.FINISHED)
        trial = self.waiting.pop(0)
        self.running.add(trial_id)
        self.tried.add(trial.number)
        return {**trial.params, "number": trial.number, "rival": trial.rival}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """The trial has ended and is in the study, or could not be run and is not."""
        self.running.discard(trial_id)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the study is what a search is taken up from."""


def _run(study: Study, sweep: AnySweep, store: Store) -> dict[int, str]:
    """Have Tune run what the study lacks; number -> why a trial could not be run.

    The Tune experiment is new at every start: what went before is in the study, and what Tune
    itself has noted is of no use once all of its trials have ended.
    """
    logging.getLogger("ray.tune.analysis").setLevel(logging.ERROR)  # of log files, which are off
    name = f"{study.key}-{uuid.uuid4().hex[:8]}"
    results = _tuner(name, study, sweep, store).fit()
    errors = {r.config["number"]: _last_line(r.error) for r in results if r.error}
    if not errors:
        store.files.remove(f"tune/{name}")
    return errors


def _tuner(name: str, study: Study, sweep: AnySweep, store: Store) -> tune.Tuner:
    runtime, trials = sweep.plan.runtime, sweep.plan.search.trials
    trainable = partial(run_trial, sweep=sweep, scheme=study.scheme, root=store.root)
    return tune.Tuner(
        tune.with_resources(trainable, _resources(sweep.plan)),
        tune_config=tune.TuneConfig(
            search_alg=Rounds(study, trials),
            num_samples=trials,
            max_concurrent_trials=sweep.plan.search.concurrent or runtime.groups,
            reuse_actors=not runtime.trials_in_group,
        ),
        run_config=tune.RunConfig(
            name=name,
            **store.files.for_ray("tune"),
            failure_config=tune.FailureConfig(max_failures=runtime.retries),
            callbacks=[TrialLines(study, len(sweep.folds))],
            verbose=0,
        ),
    )


def _resources(plan: SearchedPlan) -> Any:
    """What a trial itself holds: nothing if its worker group holds it, else one worker's share."""
    if plan.runtime.trials_in_group:
        return {"memory": 1}  # one byte: Tune accepts no empty request, and a CPU would deadlock
    return {"CPU": plan.runtime.cpus, "GPU": plan.runtime.gpus}


def _rank(trial: Trial) -> tuple[float, float, int]:
    """Sorts by folds done, then by score; equal ones in the order in which they were drawn."""
    score = -math.inf if trial.score is None else trial.score
    return -trial.folds_done, -score, trial.number


def _trial(
    drawn: Drawn, ended: Ended | None, error: str, ran: Sequence[Ran], plan: SearchedPlan
) -> Trial:
    point = point_in(drawn.params, plan)
    if ended is None:
        return Trial(drawn.number, point, 0, None, error or "not run yet", ran)
    score = ended.means[-1] if ended.folds and ended.state != "FAIL" else None
    scores = [fold.score for fold in ended.folds]
    return Trial(drawn.number, point, len(scores), score, ended.reason, ran, scores)


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]
