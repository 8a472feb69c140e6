"""How a phase hears its teacher: once, wherever that can be remembered.

The logits of the training nights are written when the teacher is trained, and read by all phases
that distil them. Attention maps are remembered on the host, window by window, when a phase first
comes to a grid of windows, unless they are too many; then, and only then, the teacher runs along
with its student.

Differs: a teacher that is remembered has seen its windows as they were recorded, while its student
sees them augmented. Logits are those of a segment in the window that scores it, whatever window
the student sees it in. Maps are always those of the student's own window, because they depend on
where it ends: by more than half their length near the bottleneck, cut from others. So a student
of remembered maps is trained on GRIDS grids of windows, not on T.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from kd_core import checkpoint
from kd_core.models import spec_from_dict, tap_lengths
from kd_core.objectives import Objective
from kd_core.taught import LOGITS, load_logits, said
from orchestration.batches import Batches
from orchestration.experiment import Phase
from orchestration.room import Room

MAP_BUDGET = 1600  # positions a segment, 3 MB a night: all taps of `context` but the two full ones
GRIDS = 4  # that a student sees, if the budget allows: each costs the teacher one pass


class Lessons(NamedTuple):
    """What a phase trains on."""

    train: Batches
    validation: Batches
    teacher: nn.Module | None
    """Runs along with the student; None where its batches know what it says."""


def lessons_of(
    phase: Phase,
    objective: Objective,
    upstream: Mapping[str, Path],
    train: Batches,
    validation: Batches,
    device: torch.device,
) -> Lessons:
    """A phase's batches with what its teacher says of them, or the teacher; by the spec alone."""
    if not objective.needs_teacher:
        return Lessons(train, validation, None)
    if not objective.taps:
        logits = {LOGITS: _read_logits(upstream["teacher"], train)}
        return Lessons(train.knowing(logits), validation, None)  # validation compares classes
    teacher = checkpoint.load(upstream["teacher"]).model.to(device)
    grids = grids_of(phase, objective)
    if not grids:
        return Lessons(train, validation, teacher)
    ask = partial(
        said,
        teacher,
        taps=objective.taps,
        logits=objective.needs_logits,
        bf16=phase.spec["training"]["bf16"],
    )
    room = Room()
    return Lessons(train.asking(ask, grids, room), validation.asking(ask, 1, room), None)


def grids_of(phase: Phase, objective: Objective) -> int:
    """On how many grids a teacher's maps are few enough to be remembered; 0: not on one."""
    lengths = tap_lengths(spec_from_dict(phase.spec["model"]))  # the teacher's are equal
    affordable = MAP_BUDGET // sum(lengths[tap] for tap in objective.taps)
    return min(affordable, GRIDS, int(phase.spec["segments"]))


def _read_logits(folder: Path, batches: Batches) -> list[np.ndarray]:
    """A teacher's logits of some nights, (n, K) each."""
    stored, logits = load_logits(folder), []
    for night in batches.nights:
        found = stored.get(night.subject)
        if found is None or len(found) != len(night.segment):
            rows = "no logits" if found is None else f"{len(found)} rows of logits"
            raise ValueError(
                f"{folder} has {rows} for {night.subject}, a night of {len(night.segment)} "
                "segments. Remove the folder and train the teacher again."
            )
        logits.append(found.numpy())
    return logits
