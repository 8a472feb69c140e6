"""From the pace of a step to the hours of a sweep; no Ray.

A pace is measured by `orchestration.timing`. Phases whose steps cost the same are one kind.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import torch

from datasets.parquet import Subject
from datasets.stages import SCHEMES
from kd_core.methods import OBJECTIVES
from kd_core.models import spec_from_dict, tap_lengths
from kd_core.objectives import Objective
from orchestration.estimate import Need, Size, size_of
from orchestration.experiment import Phase
from orchestration.plan import Plan
from orchestration.teaching import grids_of

GROUP_S = 15.0  # to start and end one worker group of Ray Train 2.60 on two cores


class Kind(NamedTuple):
    """Phases whose steps cost the same."""

    phase: str  # "teacher", "attention", "final"
    deepest: str  # the tap that an attention phase runs to, else ""
    live: bool  # whether the teacher runs along

    def __str__(self) -> str:
        along = " with its teacher" if self.live else ""
        return f"{self.phase}{f' to {self.deepest}' if self.deepest else ''}{along}"


class Pace(NamedTuple):
    """What one batch of a kind costs."""

    step_s: float  # in training
    check_s: float  # in validation


def kind_of(phase: Phase) -> Kind:
    """What a phase's steps cost the same as."""
    objective = objective_of(phase)
    if not objective.taps:
        return Kind(phase.step.phase, "", False)
    order = list(tap_lengths(spec_from_dict(phase.spec["model"])))
    deepest = max(objective.taps, key=order.index)
    return Kind(phase.step.phase, deepest, not grids_of(phase, objective))


def one_of_each(phases: Iterable[Phase]) -> list[Phase]:
    """A phase of every kind."""
    return list({kind_of(phase): phase for phase in phases}.values())


def objective_of(phase: Phase) -> Objective:
    """The phase's loss, with classes of equal weight."""
    parameters = dict(phase.spec["parameters"])
    if "layers" in parameters:
        parameters["layers"] = tuple(parameters["layers"])
    weights = torch.ones(len(SCHEMES[phase.spec["scheme"]].classes))
    return OBJECTIVES[phase.step.objective].make(class_weights=weights, **parameters)


def hours_of(
    needs: Sequence[Need],
    subjects: Mapping[str, Subject],
    best: bool,
    plan: Plan,
    paces: Mapping[Kind, Pace],
) -> float:
    """Hours of training on `plan.runtime.groups` worker groups, rounds and folds permitting.

    Fixed phases run side by side as far as there are schemes and folds, trials as far as there
    are groups and points in a round, each in a worker group of its own if it has several workers.
    Not counted: ingest, test scores, and workers that wait for the last of a round.
    """
    runtime, search = plan.runtime, plan.search
    fixed_s = sum(_seconds(n, subjects, best, paces) for n in needs if not n.searched)
    searched_s = sum(_seconds(n, subjects, best, paces) for n in needs if n.searched)
    trials = max((n.times for n in needs if n.searched), default=0)
    if runtime.trials_in_group:
        searched_s += trials * len(plan.schemes) * GROUP_S
    parts = len({(n.phase.spec["scheme"], n.phase.fold) for n in needs if not n.searched})
    fixed_side = max(1, min(runtime.groups, parts))
    search_side = max(1, min(search.concurrent or runtime.groups, search.round))
    group_s = GROUP_S if parts else 0.0
    return (fixed_s / fixed_side + group_s + searched_s / search_side) / 3600


def seconds_of(phase: Phase, size: Size, paces: Mapping[Kind, Pace]) -> float:
    """Seconds of a phase on one worker group: its passes, and what is asked once.

    Once: each validation subject's score at the end; of a teacher its logits; of a teacher that
    is remembered the maps of each grid, at the pace of that teacher's own validation.
    """
    kind = kind_of(phase)
    pace, teacher = paces[kind], paces.get(Kind("teacher", "", False), Pace(0.0, 0.0))
    every: int = phase.spec["training"]["validate_every"]
    checked = -(-size.epochs // every) * size.checks
    passes_s = size.epochs * size.batches * pace.step_s + checked * pace.check_s
    if kind.phase == "teacher":
        return passes_s + (size.checks + size.batches) * pace.check_s
    if kind.phase == "final":
        return passes_s + size.checks * pace.check_s
    grids = grids_of(phase, objective_of(phase))
    return passes_s + (grids * size.batches + bool(grids) * size.checks) * teacher.check_s


def _seconds(
    need: Need, subjects: Mapping[str, Subject], best: bool, paces: Mapping[Kind, Pace]
) -> float:
    return need.times * seconds_of(need.phase, size_of(need.phase, subjects, best), paces)
