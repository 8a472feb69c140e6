"""One trial: a point over all folds, until it is complete, beaten or has diverged."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ray import tune
from ray.tune.integration.ray_train import TuneReportCallback

from orchestration.build import Outcome, walk
from orchestration.experiment import AnyExperiment, phases_of
from orchestration.metrics import watch
from orchestration.race import Scores, chance, over, pairs_of, scores_of
from orchestration.ran import note
from orchestration.space import point_in
from orchestration.store import Store
from orchestration.study import Ended, Study, fold_scores
from orchestration.sweeps import AnySweep
from orchestration.training import train


def run_trial(config: Mapping[str, Any], sweep: AnySweep, scheme: str, root: str) -> None:
    """Run the point, in a Ray Train worker group of its own or in this process, and record it.

    A trial is never stopped from outside: it ends by itself, so that no worker group is orphaned.
    What is raised here is nothing that the point is to blame for, and is not recorded.

    Args:
        config: the point's values, its "number", and the number of its "rival" or None.
    """
    began = time.time()
    store, runtime = Store(root), sweep.plan.runtime
    study = Study(sweep, scheme, store)
    experiments = sweep.over_folds(scheme, point_in(config, sweep.plan))
    rival = _rival(study, config)
    stop = partial(over, rival=rival, prune_p=sweep.plan.search.prune_p)
    if runtime.trials_in_group and not _at_hand(experiments, store):
        name = tune.get_context().get_trial_id()  # the sampler may draw one point twice
        outcomes = train(experiments, runtime, root, name, [TuneReportCallback()], stop)
    else:
        outcomes = walk(experiments, store, watch, tune.report, stop=stop)
    who = f"trial {config['rival']}" if config["rival"] else f"the {sweep.plan.baseline}"
    state, reason = _end(outcomes, len(experiments), rival, who)
    number, folds = config["number"], fold_scores(outcomes)
    study.end(Ended(number=number, state=state, folds=folds, reason=reason))
    note(study, number, began)


def _rival(study: Study, config: Mapping[str, Any]) -> Scores:
    """What the rival's subjects scored; nothing if there is no rival."""
    if config["rival"] is None:
        return []
    return [fold.subjects for fold in study.rivals(config["number"])[config["rival"]].folds]


def _at_hand(experiments: Sequence[AnyExperiment], store: Store) -> bool:
    """Whether nothing is left to train, up to a phase that diverged once and would again."""
    for experiment in experiments:
        phases = phases_of(experiment)
        if any(store.failure(phase.key) for phase in phases):
            return True
        if not store.has_phase(phases[-1].key):
            return False
    return True


def _end(outcomes: Sequence[Outcome], folds: int, rival: Scores, who: str) -> tuple[str, str]:
    """The trial's state, and why it is not complete."""
    if outcomes[-1].failed:
        return "FAIL", outcomes[-1].failed
    if len(outcomes) == folds:
        return "COMPLETE", ""
    pairs = pairs_of(scores_of(outcomes), rival)
    return "PRUNED", f"beaten by {who}: p={chance(pairs):.3g}, {len(pairs)} subjects"
