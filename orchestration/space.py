"""The search space: what Optuna may move, and how its choices become points and back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import optuna

from orchestration.experiment import Point
from orchestration.plan import SearchedPlan
from orchestration.searched import AnySearch

SPACE = ("method", "alpha", "temperature", "beta", "layers")


def space(trial: optuna.trial.BaseTrial, search: AnySearch) -> dict[str, Any]:
    """Optuna's define-by-run space: only what the method depends on is asked for."""
    method = trial.suggest_categorical("method", list(search.methods))
    used = Point(method=method).parameters
    for name, (low, high, log) in search.ranges.items():
        if name in used:
            trial.suggest_float(name, low, high, log=log)
    if "layers" in used:
        trial.suggest_categorical("layers", list(search.layers))
    return {}


def inside(point: Point, search: AnySearch) -> dict[str, Any]:
    """What a point has in common with the space; the sampler draws the rest."""
    values = {name: getattr(point, name) for name in SPACE if name in point.parameters}
    held = {
        name: low <= values.get(name, low) <= high
        for name, (low, high, _) in search.ranges.items()
    }
    held["layers"] = point.layers in search.layers
    return {"method": point.method} | {n: v for n, v in values.items() if held[n]}


def point_in(config: Mapping[str, Any], plan: SearchedPlan) -> Point:
    """The point of a trial's configuration; what is not searched is the plan's."""
    known = {name: config[name] for name in SPACE if name in config}
    return replace(plan.point(config["method"]), **known)
