"""One phase, from its spec to its folder. No Ray: workers, trials and tests all call it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import nn

from datasets.stages import SCHEMES
from kd_core import checkpoint
from kd_core.distributed import rank, world_size
from kd_core.fit import EpochReport, Training, fit
from kd_core.methods import OBJECTIVES
from kd_core.models import build_model, spec_from_dict
from kd_core.objectives import Objective
from kd_core.objectives.classification import class_weights
from orchestration.batches import Batches
from orchestration.experiment import Phase
from orchestration.halfway import Halfway
from orchestration.nights import open_nights
from orchestration.results import write_results
from orchestration.rows import hold_on
from orchestration.spent import Laps
from orchestration.store import Store
from orchestration.teaching import lessons_of

Report = Callable[[EpochReport], None]


def run_phase(
    phase: Phase,
    upstream: Mapping[str, Path],
    store: Store,
    out: Path,
    halfway: Halfway,
    report: Report,
    device: torch.device,
) -> Mapping[str, float]:
    """Train one phase, from where it was left, and write its folder; where its time went.

    Args:
        upstream: role ("teacher", "start") -> folder of a finished phase.
        store: where the ingested nights are fetched from.
        out: an existing empty folder; only rank 0 writes to it.
        halfway: where the phase stands is kept here until it is finished.
        report: called once an epoch, on every rank.

    Raises:
        kd_core.fit.Diverged: the loss became NaN or infinite.
        ValueError: a night is not the one that is meant.
    """
    laps = Laps()
    train, validation = _batches(phase, store, device)
    model = _student(phase, upstream, device)
    objective = _objective(phase, train, device)
    lessons = lessons_of(phase, objective, upstream, train, validation, device)
    state, epochs = halfway.load()
    laps.end("start_s")
    for epoch in fit(
        model,
        objective,
        lambda number: lessons.train.shuffled(phase.spec["seed"], number),
        lessons.validation.in_order,
        Training(**phase.spec["training"]),
        view=phase.step.view,
        classes=SCHEMES[phase.spec["scheme"]].classes,
        teacher=lessons.teacher,
        state=state,
        seed=phase.spec["seed"],
    ):
        epochs.append(epoch)
        halfway.keep(state, epochs)
        report(epoch)
    laps.end("train_s")
    laps.spent["waited_s"] = train.clock.seconds + validation.clock.seconds
    if rank() == 0:
        write_results(phase, model, epochs, train, validation, out)
    laps.end("end_s")
    return laps.spent


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


def _student(phase: Phase, upstream: Mapping[str, Path], device: torch.device) -> nn.Module:
    """The network to train: fresh, or where the phase before left it."""
    if "start" in upstream:
        return checkpoint.load(upstream["start"]).model.to(device)
    return build_model(spec_from_dict(phase.spec["model"]), seed=phase.spec["seed"]).to(device)


def _objective(phase: Phase, train: Batches, device: torch.device) -> Objective:
    """The step's loss; class weights come from the training subjects alone."""
    classes = len(SCHEMES[phase.spec["scheme"]].classes)
    counts = torch.from_numpy(train.class_counts(classes))
    weights = class_weights(counts) if phase.spec["weighted"] else torch.ones(len(counts))
    parameters = dict(phase.spec["parameters"])
    if "layers" in parameters:
        parameters["layers"] = tuple(parameters["layers"])
    return OBJECTIVES[phase.step.objective].make(class_weights=weights.to(device), **parameters)
