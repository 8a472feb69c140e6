"""A round of a search: the points that Optuna draws together from what earlier rounds have shown.

The points are a function of the plan, the seed and the scores: a sampler is made anew for every
round, so neither machines nor timing nor interruptions enter them.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState

from orchestration.keys import key_of
from orchestration.plan import SearchedPlan
from orchestration.searched import AnySearch
from orchestration.space import inside, space


class Told(NamedTuple):
    """What Optuna hears of a trial that has ended."""

    params: Mapping[str, Any]  # the point, as it was drawn
    state: str  # COMPLETE, PRUNED or FAIL
    means: Sequence[float]  # the running mean after each fold


def draw(plan: SearchedPlan, scheme: str, earlier: Sequence[Told]) -> list[dict[str, Any]]:
    """The points of the next round; the first of a search are the plan's own.

    Args:
        earlier: every trial of the rounds before, in the order of their numbers.
    """
    search = plan.search
    assert len(earlier) % search.round == 0, "a round is drawn when those before it have ended"
    study = _study(search, _seed(plan.seed, scheme, len(earlier)))
    study.add_trials([_frozen(told, search) for told in earlier])
    own = [inside(plan.point(method), search) for method in search.methods]
    for point in own[len(earlier) : len(earlier) + search.round]:
        study.enqueue_trial(point)
    return [_ask(study, search) for _ in range(search.round)]


def _seed(seed: int, scheme: str, drawn: int) -> int:
    """Another seed for the sampler of each round: with the same one it would repeat itself."""
    return int(key_of({"seed": seed, "scheme": scheme, "drawn": drawn})[:8], 16)


def _study(search: AnySearch, seed: int) -> optuna.Study:
    """A study in memory whose multivariate TPE keeps the points of one round apart."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=search.startup,
            multivariate=True,
            group=True,
            constant_liar=True,
            seed=seed,
        )
    return optuna.create_study(direction="maximize", sampler=sampler)


def _ask(study: optuna.Study, search: AnySearch) -> dict[str, Any]:
    trial = study.ask()
    space(trial, search)
    return dict(trial.params)


def _frozen(told: Told, search: AnySearch) -> FrozenTrial:
    """The trial as Optuna keeps it; one that was stopped keeps what it had reached."""
    asked = optuna.trial.FixedTrial(dict(told.params))
    space(asked, search)
    state = TrialState[told.state]
    return optuna.trial.create_trial(
        state=state,
        params=dict(told.params),
        distributions=asked.distributions,
        value=told.means[-1] if state == TrialState.COMPLETE else None,
        intermediate_values=dict(enumerate(told.means, start=1)),
    )
