"""Rounds: the points of a search follow from its plan, its seed and its scores."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.plan import Plan, Search
from orchestration.plans import smoke
from orchestration.rounds import Told, draw
from orchestration.space import inside

ROOT = Path(__file__).resolve().parents[1]
PLAN = replace(smoke(), search=Search(trials=16, startup=4))


def told(params: dict[str, Any]) -> Told:
    """A trial that scores by its temperature; the coldest have been stopped, or have failed."""
    score = params.get("temperature", 2.0) / 8
    if score < 0.15:
        return Told(params, "FAIL", [])
    return Told(params, "PRUNED" if score < 0.25 else "COMPLETE", [score + 0.01, score])


def searched(plan: Plan = PLAN, scheme: str = "W-N-R", rounds: int = 4) -> list[dict[str, Any]]:
    """The points of a search of several rounds; TPE draws those after the first."""
    points: list[dict[str, Any]] = []
    for _ in range(rounds):
        points += draw(plan, scheme, [told(params) for params in points])
    return points


def test_a_search_begins_with_the_plans_own_points() -> None:
    own = [inside(PLAN.point(method), PLAN.search) for method in PLAN.search.methods]
    assert searched(rounds=1)[: len(own)] == own


def test_own_points_that_one_round_does_not_hold_fall_to_the_next() -> None:
    plan = replace(PLAN, search=replace(PLAN.search, round=2))
    own = [inside(plan.point(method), plan.search) for method in plan.search.methods]
    assert searched(plan, rounds=2)[:3] == own


def test_what_the_plans_own_points_leave_open_is_drawn() -> None:
    plan = replace(PLAN, alpha=0.01, search=replace(PLAN.search, methods=("SD+CL",)))
    first = searched(plan, rounds=1)[0]
    assert first["temperature"] == plan.temperature
    assert 0.05 <= first["alpha"] <= 0.95


def test_no_two_rounds_are_alike() -> None:
    points = [json.dumps(point) for point in searched() if "temperature" in point]
    assert len(set(points)) == len(points)


@pytest.mark.parametrize("other", [{"seed": 43}, {"scheme": "W-L-D-R"}], ids=str)
def test_another_seed_or_scheme_draws_other_points(other: dict[str, Any]) -> None:
    plan = replace(PLAN, seed=other.get("seed", PLAN.seed))
    assert searched(plan, other.get("scheme", "W-N-R")) != searched()


def test_later_points_lean_towards_what_scored_well() -> None:
    points = searched(rounds=12)
    early, late = (
        [p["temperature"] for p in part if "temperature" in p]
        for part in (points[:8], points[24:])
    )
    assert sum(late) / len(late) > sum(early) / len(early)


def test_a_round_of_a_point_each_learns_from_every_trial() -> None:
    plan = replace(PLAN, search=replace(PLAN.search, round=1))
    points = searched(plan, rounds=6)
    assert len(points) == 6


@pytest.mark.slow
def test_every_process_draws_the_same_points() -> None:
    """Python orders a set of names differently in each process; no draw may depend on that."""
    code = "import json, tests.test_rounds as t; print(json.dumps(t.searched(rounds=6)))"
    ours = json.dumps(searched(rounds=6))
    for hash_seed in ("1", "2"):
        theirs = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        assert theirs.stdout.strip() == ours
