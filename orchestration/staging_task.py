"""How a phase of a network that stages sleep is trained: its nights, its loss, its teacher."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch

from datasets.stages import SCHEMES
from kd_core.distributed import rank, world_size
from kd_core.methods import OBJECTIVES
from kd_core.objectives import Objective
from kd_core.objectives.classification import class_weights
from orchestration.batches import Batches
from orchestration.experiment import Phase
from orchestration.nights import open_nights
from orchestration.results import write_results
from orchestration.rows import hold_on
from orchestration.store import Store
from orchestration.task import Task
from orchestration.teaching import lessons_of


def staging_task(
    phase: Phase, upstream: Mapping[str, Path], store: Store, device: torch.device
) -> Task:
    """The phase's nights, and what its teacher says of them.

    Raises:
        ValueError: a night is not the one that is meant.
    """
    train, validation = _batches(phase, store, device)
    objective = _objective(phase, train, device)
    lessons = lessons_of(phase, objective, upstream, train, validation, device)
    return Task(
        train=partial(lessons.train.shuffled, phase.spec["seed"]),
        validation=lessons.validation.in_order,
        objective=objective,
        classes=SCHEMES[phase.spec["scheme"]].classes,
        teacher=lessons.teacher,
        waited_s=lambda: train.clock.seconds + validation.clock.seconds,
        write=lambda model, epochs, out: write_results(
            phase, model, epochs, train, validation, out
        ),
    )


def _batches(phase: Phase, store: Store, device: torch.device) -> tuple[Batches, Batches]:
    """Batches for training and for validation, of the nights that the phase was named by."""
    spec = phase.spec
    train, validation = (
        open_nights(
            store,
            spec["windows"],
            {subject: spec["data"][subject] for subject in spec[part]},
            spec["scheme"],
            spec["scaling"],
        )
        for part in ("train", "validation")
    )
    hold = hold_on(device, [*train, *validation])
    size = spec["training"]["batch"]
    return (
        Batches(train, spec["segments"], size, rank(), world_size(), hold),
        Batches(validation, spec["segments"], size, rank(), world_size(), hold),
    )


def _objective(phase: Phase, train: Batches, device: torch.device) -> Objective:
    """The step's loss; class weights come from the training subjects alone."""
    classes = len(SCHEMES[phase.spec["scheme"]].classes)
    counts = torch.from_numpy(train.class_counts(classes))
    weights = class_weights(counts) if phase.spec["weighted"] else torch.ones(len(counts))
    parameters = dict(phase.spec["parameters"])
    if "layers" in parameters:
        parameters["layers"] = tuple(parameters["layers"])
    return OBJECTIVES[phase.step.objective].make(class_weights=weights.to(device), **parameters)
