"""How a phase of a denoiser is trained: its patients, its noise, its teacher, what it leaves."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from datasets.clean_records import CLEAN_HZ
from datasets.noise import split_noise
from kd_core import checkpoint
from kd_core.distributed import rank, world_size
from kd_core.fit import EpochReport
from kd_core.methods import OBJECTIVES
from kd_core.models import spec_from_dict
from kd_core.objectives import Objective
from orchestration.denoising.batches import NoisyBatches
from orchestration.denoising.clean import clean_of
from orchestration.denoising.measures import snr_db
from orchestration.denoising.networks import network_denoiser
from orchestration.denoising.stored import open_leads, open_noise
from orchestration.experiment import Phase
from orchestration.formats import as_json
from orchestration.results import write_course
from orchestration.store import Store
from orchestration.task import Task


def denoising_task(
    phase: Phase, upstream: Mapping[str, Path], store: Store, device: torch.device
) -> Task:
    """The phase's patients under its noise; a teacher runs along, as noise is new every time.

    Raises:
        ValueError: a patient's records are not those that are meant.
    """
    train, validation = _batches(phase, store)
    objective = _objective(phase)
    teacher = None
    if objective.needs_teacher:
        teacher = checkpoint.load(upstream["teacher"]).model.to(device)
    return Task(
        train=partial(train.shuffled, phase.spec["seed"]),
        validation=validation.in_order,
        objective=objective,
        classes=(),
        teacher=teacher,
        waited_s=lambda: train.clock.seconds + validation.clock.seconds,
        write=partial(_write, phase, validation),
    )


def patients_scores(model: nn.Module, heard: NoisyBatches) -> dict[str, float]:
    """Patient -> mean rise of the SNR in dB, over segments and groups."""
    patients = heard.clean.segments.patient
    rises, clean = [], heard.clean.samples.astype(np.float64)
    for place, group in enumerate(heard.groups):
        noisy = heard.heard(group, place)
        denoised = network_denoiser(model)(noisy, CLEAN_HZ)
        rises.append(snr_db(clean, denoised) - snr_db(clean, noisy))
    mean = np.mean(rises, axis=0)
    return {name: float(mean[patients == name].mean()) for name in np.unique(patients).tolist()}


def _batches(phase: Phase, store: Store) -> tuple[NoisyBatches, NoisyBatches]:
    """Batches for training and for validation; each hears its own part of the noise."""
    spec = phase.spec
    noise = split_noise(open_noise(store, spec["noise"]), spec["turn"])

    def part(name: str) -> NoisyBatches:
        digests = {patient: spec["data"][patient] for patient in spec[name]}
        found = open_leads(store, spec["windows"], digests)
        leads = [lead for own in found.values() for lead in own]
        clean = clean_of(leads, spec["most_outside"], spec["band_limited"])
        if not len(clean):
            raise ValueError(
                f"no segment of {sorted(digests)} has at most {spec['most_outside']} of its power "
                "outside the heart's band. Raise --most-outside, or add cleaner records."
            )
        return NoisyBatches(
            clean,
            noise.train if name == "train" else noise.validation,
            spec["groups"],
            spec["training"]["batch"],
            spec["varied"] and name == "train",
            rank(),
            world_size(),
        )

    return part("train"), part("validation")


def _objective(phase: Phase) -> Objective:
    parameters = dict(phase.spec["parameters"])
    if "layers" in parameters:
        parameters["layers"] = tuple(parameters["layers"])
    return OBJECTIVES[phase.step.objective].make(class_weights=torch.ones(0), **parameters)


def _write(
    phase: Phase,
    validation: NoisyBatches,
    model: nn.Module,
    epochs: Sequence[EpochReport],
    out: Path,
) -> None:
    """Fill the folder of a phase; "score" is the mean rise of the SNR over patients, in dB."""
    best = next(epoch for epoch in reversed(epochs) if epoch.best)
    of = patients_scores(model, validation)
    scores: dict[str, Any] = {"score": float(np.mean([*of.values()])), "epoch": best.epoch}
    scores["mse"] = best.validation["mse"]  # which is all of the loss there
    checkpoint.save(out, spec_from_dict(phase.spec["model"]), model, {"validation": scores})
    subjects = {name: {"score": score} for name, score in of.items()}
    (out / "scores.json").write_bytes(as_json(scores | {"subjects": subjects}))
    write_course(phase, epochs, out)
