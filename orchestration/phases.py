"""One phase, from its spec to its folder. No Ray: workers, trials and tests all call it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import nn

from kd_core import checkpoint
from kd_core.distributed import rank
from kd_core.fit import EpochReport, Training, fit
from kd_core.models import build_model, spec_from_dict
from orchestration.experiment import Phase
from orchestration.halfway import Halfway
from orchestration.spent import Laps
from orchestration.staging_task import staging_task
from orchestration.store import Store
from orchestration.task import Task

Report = Callable[[EpochReport], None]


def _denoising_task(
    phase: Phase, upstream: Mapping[str, Path], store: Store, device: torch.device
) -> Task:
    from orchestration.denoising.task import denoising_task  # scipy, which stagers do not need

    return denoising_task(phase, upstream, store, device)


TASKS: dict[str, Callable[[Phase, Mapping[str, Path], Store, torch.device], Task]] = {
    "staging": staging_task,
    "denoising": _denoising_task,
}


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
        store: where the ingested recordings are fetched from.
        out: an existing empty folder; only rank 0 writes to it.
        halfway: where the phase stands is kept here until it is finished.
        report: called once an epoch, on every rank.

    Raises:
        kd_core.fit.Diverged: the loss became NaN or infinite.
        ValueError: a recording is not the one that is meant.
    """
    laps = Laps()
    task = TASKS[phase.task](phase, upstream, store, device)
    model = _network(phase, upstream, device)
    state, epochs = halfway.load()
    laps.end("start_s")
    for epoch in fit(
        model,
        task.objective,
        task.train,
        task.validation,
        Training(**phase.spec["training"]),
        view=phase.step.view,
        classes=task.classes,
        teacher=task.teacher,
        state=state,
        seed=phase.spec["seed"],
    ):
        epochs.append(epoch)
        halfway.keep(state, epochs)
        report(epoch)
    laps.end("train_s")
    laps.spent["waited_s"] = task.waited_s()
    if rank() == 0:
        task.write(model, epochs, out)
    laps.end("end_s")
    return laps.spent


def _network(phase: Phase, upstream: Mapping[str, Path], device: torch.device) -> nn.Module:
    """The network to train: fresh, or where the phase before left it.

    Fresh ones of one architecture begin alike, teacher, baseline and student.
    """
    if "start" in upstream:
        return checkpoint.load(upstream["start"]).model.to(device)
    return build_model(spec_from_dict(phase.spec["model"]), seed=phase.spec["seed"]).to(device)
