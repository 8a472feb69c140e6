"""stress.json as what the figure of staging under noise draws."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.denoising.figures_staging import StagedAt
from orchestration.denoising.stress_fronts import BARE

DRAWN = ("kappa", "weighted_f1")
FLOOR = "floor_commonest_class"


def read_conditions(content: bytes) -> list[dict[str, Any]]:
    """The conditions of a stress.json."""
    found: list[dict[str, Any]] = json.loads(content)["conditions"]
    return found


def points_of(
    conditions: Sequence[Mapping[str, Any]],
    row: str,
    denoiser: str,
    metrics: Sequence[str] = DRAWN,
) -> list[StagedAt]:
    """A row of the leaderboard with nothing in front of it, and with one denoiser."""
    return [
        StagedAt(
            scheme=condition["scheme"],
            group=condition["group"],
            snr_db=math.inf if condition["snr_db"] is None else condition["snr_db"],
            metric=metric,
            value=condition[metric],
            low=_number(condition[f"{metric}_low"]),
            high=_number(condition[f"{metric}_high"]),
            denoised=condition["denoiser"] == denoiser,
        )
        for condition in conditions
        if condition["row"] == row and condition["denoiser"] in (BARE.name, denoiser)
        for metric in metrics
    ]


def floors_of(
    conditions: Sequence[Mapping[str, Any]], scheme: str, metrics: Sequence[str] = DRAWN
) -> dict[str, float]:
    """What always naming the commonest stage scores on the nights of a scheme, by metric."""
    first = next(one for one in conditions if one["scheme"] == scheme)
    return {metric: float(first[f"{metric}_{FLOOR}"]) for metric in metrics}


def _number(value: float | None) -> float:
    return math.nan if value is None else value
