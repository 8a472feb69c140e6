"""The search space asks for what a method uses; its choices become points and back."""

from dataclasses import replace
from typing import Any

import optuna
import pytest

from kd_core.methods import STAGING
from orchestration.experiment import Point
from orchestration.plan import Search
from orchestration.space import inside, point_in, space
from tests.small import small_plan

SEARCH = Search(methods=tuple(m for m in STAGING if m != "EEG baseline"))
VALUES: dict[str, Any] = {"alpha": 0.3, "temperature": 2.5, "layers": "encoder"}
ASKED: dict[str, set[str]] = {
    "ECG baseline": set(),
    "SD+CL": {"alpha", "temperature"},
    "AT+CL": {"layers"},
    "AT+SD+CL": {"alpha", "temperature", "layers"},
}


@pytest.mark.parametrize("method", SEARCH.methods)
def test_only_what_the_method_uses_is_asked_for(method: str) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.enqueue_trial({"method": method} | VALUES)
    trial = study.ask()
    space(trial, SEARCH)
    assert set(trial.params) == {"method"} | ASKED[method]
    assert trial.params.items() <= ({"method": method} | VALUES).items()


def test_what_the_sampler_draws_lies_within_the_plans_bounds() -> None:
    search = replace(SEARCH, alpha=(0.4, 0.5), temperature=(2.0, 3.0), layers=("encoder", "deep"))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(30):
        trial = study.ask()
        space(trial, search)
        assert 0.4 <= trial.params.get("alpha", 0.4) <= 0.5
        assert 2.0 <= trial.params.get("temperature", 2.0) <= 3.0
        assert trial.params.get("layers", "deep") in search.layers


def test_what_lies_outside_the_space_is_left_to_the_sampler() -> None:
    point = Point(method="AT+SD+CL", **VALUES)
    assert inside(point, SEARCH) == {"method": "AT+SD+CL"} | VALUES
    narrow = replace(SEARCH, alpha=(0.5, 0.9), temperature=(4.0, 8.0), layers=("deep",))
    assert inside(point, narrow) == {"method": "AT+SD+CL"}
    assert inside(point, replace(SEARCH, alpha=(0.3, 0.3))) == {"method": "AT+SD+CL"} | VALUES


@pytest.mark.parametrize("method", SEARCH.methods)
def test_a_point_makes_the_way_through_a_configuration(method: str) -> None:
    plan = small_plan()
    point = replace(plan.point(method), **{n: VALUES[n] for n in ASKED[method]})
    assert point_in(inside(point, SEARCH), plan) == point


def test_what_is_not_searched_is_the_plans() -> None:
    plan = small_plan(alpha=0.8, temperature=4.0, layers="deep", variant="reference")
    point = point_in({"method": "AT+SD+CL", "alpha": 0.1}, plan)
    assert point == replace(plan.point("AT+SD+CL"), alpha=0.1)
