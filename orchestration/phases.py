"""One phase, from its spec to its folder. No Ray: workers, trials and tests all call it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from datasets.parquet import read_subject
from datasets.stages import SCHEMES
from kd_core import checkpoint
from kd_core.distributed import rank, world_size
from kd_core.fit import EpochReport, Training, fit
from kd_core.methods import OBJECTIVES
from kd_core.models import build_model, spec_from_dict
from kd_core.objectives import Objective
from kd_core.objectives.classification import class_weights
from orchestration.batches import Batches
from orchestration.experiment import Phase, digest_of
from orchestration.halfway import Halfway
from orchestration.store import write_csv

Report = Callable[[EpochReport], None]


def run_phase(
    phase: Phase,
    upstream: Mapping[str, Path],
    windows: Path,
    out: Path,
    halfway: Halfway,
    report: Report,
    device: torch.device,
) -> None:
    """Train one phase, from where it was left, and write its folder.

    Args:
        upstream: role ("teacher", "start") -> folder of a finished phase.
        windows: folder of the ingested nights.
        out: an existing empty folder; only rank 0 writes to it.
        halfway: where the phase stands is kept here until it is finished.
        report: called once an epoch, on every rank.

    Raises:
        kd_core.fit.Diverged: the loss became NaN or infinite.
        ValueError: the nights are not those that the phase was named by.
    """
    _check_nights(phase, windows)
    train, validation = _batches(phase, windows, "train"), _batches(phase, windows, "validation")
    training = Training(**phase.spec["training"])
    seed = phase.spec["seed"]
    model = _student(phase, upstream, device)
    state, epochs = halfway.load()
    for epoch in fit(
        model,
        _objective(phase, train, device),
        lambda number: train.shuffled(seed, number),
        validation.in_order,
        training,
        view=phase.step.view,
        classes=SCHEMES[phase.spec["scheme"]].classes,
        teacher=_teacher(phase, upstream, device),
        state=state,
        seed=seed,
    ):
        epochs.append(epoch)
        halfway.keep(state, epochs)
        report(epoch)
    if rank() == 0:
        _write(phase, model, epochs, out)


def read_scores(folder: Path) -> dict[str, Any]:
    """A finished phase's best validation scores: "score" is what the plan selects by."""
    scores: dict[str, Any] = json.loads((folder / "scores.json").read_text())
    return scores


def _check_nights(phase: Phase, windows: Path) -> None:
    """A night that was ingested anew since must not train under the old one's name."""
    names = (*phase.spec["train"], *phase.spec["validation"])
    if (
        digest_of([read_subject(windows / f"{name}.parquet") for name in names])
        != phase.spec["data"]
    ):
        raise ValueError(
            f"{phase}: nights in {windows} were ingested anew since this sweep began. "
            "Run the same command again."
        )


def _batches(phase: Phase, windows: Path, part: str) -> Batches:
    spec = phase.spec
    return Batches(
        windows,
        spec[part],
        spec["scheme"],
        spec["scaling"],
        spec["segments"],
        spec["training"]["batch"],
        rank(),
        world_size(),
    )


def _student(phase: Phase, upstream: Mapping[str, Path], device: torch.device) -> nn.Module:
    """The network to train: fresh, or where the phase before left it."""
    if "start" in upstream:
        return checkpoint.load(upstream["start"]).model.to(device)
    return build_model(spec_from_dict(phase.spec["model"]), seed=phase.spec["seed"]).to(device)


def _teacher(phase: Phase, upstream: Mapping[str, Path], device: torch.device) -> nn.Module | None:
    if "teacher" not in upstream:
        return None
    return checkpoint.load(upstream["teacher"]).model.to(device)


def _objective(phase: Phase, train: Batches, device: torch.device) -> Objective:
    """The step's loss; class weights come from the training subjects alone."""
    counts = torch.from_numpy(train.class_counts())
    weights = class_weights(counts) if phase.spec["weighted"] else torch.ones(len(counts))
    parameters = dict(phase.spec["parameters"])
    if "layers" in parameters:
        parameters["layers"] = tuple(parameters["layers"])
    return OBJECTIVES[phase.step.objective].make(class_weights=weights.to(device), **parameters)


def _write(phase: Phase, model: nn.Module, epochs: list[EpochReport], out: Path) -> None:
    best = next(epoch for epoch in reversed(epochs) if epoch.best)
    scores = {"score": best.score, "epoch": best.epoch, **best.validation}
    checkpoint.save(
        out,
        spec_from_dict(phase.spec["model"]),
        model,
        {"classes": list(SCHEMES[phase.spec["scheme"]].classes), "validation": scores},
    )
    (out / "scores.json").write_text(json.dumps(scores, indent=2))
    write_csv(out / "curve.csv", [_row(epoch) for epoch in epochs])
    spec = {
        "phase": str(phase),
        "step": asdict(phase.step),
        **phase.spec,
        "parents": dict(phase.parents),
    }
    (out / "spec.json").write_text(json.dumps(spec, indent=2))


def _row(epoch: EpochReport) -> dict[str, Any]:
    validation = {f"validation_{name}": value for name, value in epoch.validation.items()}
    return {"epoch": epoch.epoch, "seconds": epoch.seconds, **epoch.terms, **validation}
