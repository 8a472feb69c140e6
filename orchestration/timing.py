"""How long a step takes here: real steps of the plan's networks on made-up signals. No Ray.

A phase of each kind is timed, after a step that warms up.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import median
from typing import NamedTuple

import torch

from datasets.segments import SEGMENT_SAMPLES
from datasets.stages import SCHEMES
from kd_core.batch import Batch
from kd_core.learner import Learner, make_learner
from kd_core.models import build_model, spec_from_dict
from kd_core.models.utime_spec import UTimeSpec
from kd_core.passes import train_pass, validated
from kd_core.predict import device_at_hand
from kd_core.taught import as_outputs, said
from kd_core.training import Training, make_optimizer
from orchestration.experiment import Phase
from orchestration.pace import Kind, Pace, kind_of, objective_of

STEPS = 3  # that are timed
CPU_SEGMENTS = 35  # a step on the CPU is timed with so many, and longer ones in proportion


class Timing(NamedTuple):
    """What was measured, and on what."""

    paces: Mapping[Kind, Pace]
    device: str
    peak_bytes: int  # of GPU memory, the most that a phase held; 0 on the CPU


def measure(phases: Sequence[Phase], teacher: UTimeSpec, workers: int) -> Timing:
    """Time one training step and one batch of a validation pass of each phase, on this device.

    Args:
        workers: that share a batch; what they say to each other is not timed.
    """
    device = device_at_hand()
    paces = {kind_of(phase): _pace(phase, teacher, workers, device) for phase in phases}
    if device.type == "cpu":
        return Timing(paces, f"CPU, {torch.get_num_threads()} thread(s)", 0)
    return Timing(paces, torch.cuda.get_device_name(), torch.cuda.max_memory_allocated())


def _pace(phase: Phase, teacher: UTimeSpec, workers: int, device: torch.device) -> Pace:
    training, T = Training(**phase.spec["training"]), phase.spec["segments"]
    whole = -(-training.batch // workers)
    timed = whole if device.type == "cuda" else min(whole, max(1, CPU_SEGMENTS // T))
    classes = SCHEMES[phase.spec["scheme"]].classes
    teacher = replace(teacher, classes=len(classes))
    learner = _learner(phase, teacher, training, device)
    batch = [_batch(learner, teacher, timed, T)]
    optimizer = make_optimizer(learner.model, training)
    train = partial(train_pass, learner, batch, optimizer, training.augment)
    train()
    per_batch = whole / timed
    check_s = _seconds(partial(validated, learner, batch, classes))
    return Pace(_seconds(train) * per_batch, check_s * per_batch)


def _learner(
    phase: Phase, teacher: UTimeSpec, training: Training, device: torch.device
) -> Learner:
    """The phase's network and loss; a teacher beside them only if it runs along."""
    model = build_model(spec_from_dict(phase.spec["model"]), seed=0).to(device)
    live = build_model(teacher, seed=0) if kind_of(phase).live else None
    return make_learner(model, objective_of(phase), phase.step.view, live, training.bf16)


def _batch(learner: Learner, teacher: UTimeSpec, windows: int, segments: int) -> Batch:
    """Windows of noise, with what a teacher said of them where it is remembered."""
    eeg, ecg = torch.randn(2, windows, 1, segments * SEGMENT_SAMPLES, device=learner.device).half()
    batch = Batch(eeg, ecg, torch.randint(teacher.classes, (windows, segments)))
    objective = learner.objective
    if not objective.needs_teacher or learner.teacher is not None:
        return batch
    network = build_model(teacher, seed=0).to(learner.device)
    spoken = said(network, batch, objective.taps, objective.needs_logits, learner.bf16)
    return batch._replace(taught=as_outputs(spoken))


def _seconds(work: Callable[[], object]) -> float:
    """The median time; every pass ends by reading numbers, so a GPU is done when it returns."""
    times_s = []
    for _ in range(STEPS):
        started = time.perf_counter()
        work()
        times_s.append(time.perf_counter() - started)
    return median(times_s)
