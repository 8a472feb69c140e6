"""Which searched parameters decide whether a trial is among the best: by Optuna, as plain numbers.

Conditional PED-ANOVA asks how differently the best trials and all trials spread over a parameter.
Of Optuna's evaluators it alone knows parameters that only some trials have (alpha without
distillation, layers without attention transfer): they count among the trials that have them, so
that what is due to the method is not laid to them. The best trials are those that scored best
over the folds that all did: in a search that races its trials the first one alone.

Source: Watanabe et al., IJCAI 2023, arXiv:2304.10255; conditional: arXiv:2601.20800.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial

from orchestration.chosen import Record
from orchestration.evidence.figures_importances import Importance, Importances
from orchestration.evidence.trials import TrialPoint, compared, trials_of
from orchestration.plan import Search
from orchestration.searched import AnySearch
from orchestration.space import SPACE, space

FEWEST_BEST = 5  # that PED-ANOVA is stable with, by Optuna's documentation
SHARE_BEST = 0.25
SHUFFLES, SEED = 99, 0
LEVEL = 0.95


def importances(record: Record) -> dict[str, Importances]:
    """Scheme -> the importance of each parameter of its search."""
    search = _search(record.plan["search"])
    schemes = dict.fromkeys(trial["scheme"] for trial in record.trials)
    return {scheme: importances_of(trials_of(record, scheme), search) for scheme in schemes}


def importances_of(trials: Sequence[TrialPoint], search: AnySearch) -> Importances:
    """The importance of each parameter that was varied; those that failed are left out."""
    scored = compared(trials).trials
    if len(scored) < 2 * FEWEST_BEST:
        why = f"Importances need {2 * FEWEST_BEST} trials with a score; there are {len(scored)}."
        return Importances((), len(scored), 0, why)
    best = max(FEWEST_BEST, math.ceil(SHARE_BEST * len(scored)))
    frozen = [_frozen(trial, search) for trial in scored]
    return Importances(_measured(frozen, best), len(scored), best)


def _measured(trials: Sequence[FrozenTrial], best: int) -> tuple[Importance, ...]:
    """Each parameter's importance, beside what chance gives: the scores dealt out anew."""
    values = np.array([trial.value for trial in trials], np.float64)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found, rng = _evaluated(trials, values, best), np.random.default_rng(SEED)
    shuffled = [_evaluated(trials, rng.permutation(values), best) for _ in range(SHUFFLES)]
    total = sum(found.values()) or 1.0
    return tuple(
        Importance(
            parameter=name,
            share=value / total,
            chance=float(np.quantile([each[name] for each in shuffled], LEVEL)) / total,
            trials=sum(name in trial.params for trial in trials),
        )
        for name, value in found.items()
    )


def _evaluated(trials: Sequence[FrozenTrial], values: np.ndarray, best: int) -> dict[str, float]:
    """Parameter -> its importance if the trials had these values, the greatest first."""
    study = optuna.create_study(direction="maximize")
    for trial, value in zip(trials, values, strict=True):
        study.add_trial(_told(trial.params, trial.distributions, float(value)))
    varied = {n for t in trials for n, spread in t.distributions.items() if not spread.single()}
    quantile = (best - 0.5) / len(trials)  # Optuna rounds up
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an experimental argument, of parameters few have
        return get_param_importances(
            study,
            evaluator=PedAnovaImportanceEvaluator(target_quantile=quantile),
            params=[name for name in SPACE if name in varied],
            normalize=False,
        )


def _frozen(trial: TrialPoint, search: AnySearch) -> FrozenTrial:
    """The trial as Optuna knows it."""
    known = {name: getattr(trial, name, None) for name in SPACE}
    asked = optuna.trial.FixedTrial({n: value for n, value in known.items() if value is not None})
    space(asked, search)
    return _told(asked.params, asked.distributions, trial.score)


def _told(
    params: Mapping[str, Any], spreads: Mapping[str, Any], value: float | None
) -> FrozenTrial:
    return optuna.trial.create_trial(params=dict(params), distributions=dict(spreads), value=value)


def _search(plan: Mapping[str, Any]) -> Search:
    """The space of a recorded search; its other fields may be those of another version."""
    (low, high), (cold, hot) = plan["alpha"], plan["temperature"]
    return Search(
        methods=tuple(plan["methods"]),
        alpha=(low, high),
        temperature=(cold, hot),
        layers=tuple(plan["layers"]),
    )
