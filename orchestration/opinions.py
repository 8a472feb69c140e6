"""What teacher, baseline and student make of each scored segment of a night: classes, features.

Nights go in, NumPy arrays come out, a batch at a time; of each network's layers only what is small
leaves the device: where they are active in time, and each channel's mean.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from datasets.stages import UNSCORED
from datasets.windows import ScaledNight
from kd_core.batch import Batch
from kd_core.objectives.attention import attention_map
from kd_core.predict import moved_to, outputs_of
from orchestration.batches import Batches

BOTTLENECK = "bottleneck"  # the tap whose features are handed out whole


class Opinion(NamedTuple):
    """What one network makes of n segments."""

    probabilities: np.ndarray  # (n, K)
    maps: dict[str, np.ndarray]  # layer -> attention maps (n, L)
    means: dict[str, np.ndarray]  # layer -> each channel's mean over the segment (n, C)
    bottleneck: np.ndarray  # (B, C, T*L), of the windows that the segments lie in


class Piece(NamedTuple):
    """n scored segments of a night, in time order."""

    segment: np.ndarray  # (n,), positions in pages from the first scored one
    labels: np.ndarray  # (n,)
    window: np.ndarray  # (n,), which of the B windows a segment is scored in
    within: np.ndarray  # (n,), which of the window's T segments it is
    opinions: dict[str, Opinion]  # by role


def shared_layers(lengths: Sequence[Mapping[str, int]]) -> list[str]:
    """Layers that all networks have in equal length, in the order of the first.

    Args:
        lengths: positions a segment of each tap, as `tap_lengths` gives them for a network.
    """
    first, *others = lengths
    return [name for name in first if all(o.get(name) == first[name] for o in others)]


def pieces(
    night: ScaledNight,
    models: Mapping[str, nn.Module],
    layers: Sequence[str],
    segments: int,
    batch: int,
    bf16: bool,
) -> Iterator[Piece]:
    """Every scored segment of the night once, in the windows that it was scored in.

    Args:
        models: role -> network in eval mode; "teacher" reads the EEG, the others the ECG.
        segments: T, segments a window.
        batch: windows at a time.
        bf16: whether the networks run in bfloat16, as they were trained.
    """
    place = night.segment[night.labels != UNSCORED]
    for windows in Batches([night], segments, batch).in_order():
        labels = windows.target.flatten()  # (B, T) -> (B * T,)
        scored = labels != UNSCORED
        n = int(scored.sum())
        opinions = {
            role: _opinion(model, windows, scored, layers, role == "teacher", bf16)
            for role, model in models.items()
        }
        window, within = np.divmod(np.flatnonzero(scored.numpy()), segments)
        yield Piece(place[:n], labels[scored].numpy(), window, within, opinions)
        place = place[n:]


@torch.no_grad()
def _opinion(
    model: nn.Module,
    windows: Batch,
    scored: Tensor,
    layers: Sequence[str],
    teaches: bool,
    bf16: bool,
) -> Opinion:
    """One network's features; those of the others are not in memory meanwhile."""
    x = moved_to(model, windows.teacher_view if teaches else windows.student_view)
    outputs = outputs_of(model, x, {*layers, BOTTLENECK}, True, bf16)
    assert outputs.logits is not None
    T = windows.target.shape[1]

    def rows(values: Tensor) -> np.ndarray:
        """(B, T, ...) -> (n, ...), the scored ones."""
        return values.flatten(0, 1).cpu()[scored].numpy()

    def by_segment(values: Tensor) -> Tensor:
        """(..., T*L) -> (..., T, L)"""
        return values.reshape(*values.shape[:-1], T, -1)

    taps = outputs.taps  # (B, C, T*L)
    return Opinion(
        probabilities=rows(outputs.logits.softmax(1).movedim(1, 2)),
        maps={name: rows(by_segment(attention_map(taps[name]))) for name in layers},
        means={name: rows(by_segment(taps[name]).mean(-1).movedim(1, 2)) for name in layers},
        bottleneck=taps[BOTTLENECK].cpu().numpy(),
    )
