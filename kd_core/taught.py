"""What a frozen teacher says of windows, segment by segment, so that nobody asks it twice.

`said` asks it and gives half-precision floats by name, `as_outputs` makes of them what a student
is compared with; between the two, segments may be kept, and cut into other windows.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from kd_core.batch import Batch, Outputs
from kd_core.objectives.attention import attention_map
from kd_core.predict import moved_to, outputs_of

LOGITS = "logits"  # the name of the class scores; all others are names of taps
FILE = "logits.safetensors"
LIMIT = torch.finfo(torch.float16).max


@torch.no_grad()
def said(
    teacher: nn.Module, batch: Batch, taps: Collection[str], logits: bool, bf16: bool
) -> dict[str, Tensor]:
    """What a teacher, put into eval mode, says of each segment of its view, in float16.

    A map is kept as its root: within one map energies differ by more than float16 can hold, roots
    do not, and they keep three digits wherever they are. What still overflows is clipped.

    Shapes: "logits" (B, T, K); the root of a tap's attention map (B, T, L), L a segment.
    """
    x = moved_to(teacher.eval(), batch.teacher_view)
    B, T = batch.target.shape
    found = outputs_of(teacher, x, taps, logits, bf16)
    segments = {
        name: attention_map(tap).sqrt().reshape(B, T, -1)  # (B, T*L) -> (B, T, L)
        for name, tap in found.taps.items()
    }
    if found.logits is not None:
        segments[LOGITS] = found.logits.movedim(1, 2)  # (B, K, T) -> (B, T, K)
    return {name: value.clamp(-LIMIT, LIMIT).half() for name, value in segments.items()}


def as_outputs(segments: Mapping[str, Tensor]) -> Outputs:
    """What was said of the segments of some windows, as outputs of one channel a map.

    Shapes: as `said` gives; logits (B, K, T), taps (B, 1, T*L), of which the attention map is
    what it was.
    """
    logits = segments[LOGITS].movedim(2, 1) if LOGITS in segments else None
    maps = {name: x.flatten(1).unsqueeze(1) for name, x in segments.items() if name != LOGITS}
    return Outputs(logits, maps)


def save_logits(folder: Path, logits: Mapping[str, Tensor]) -> None:
    """Write logits (n, K) by subject beside the network that gave them."""
    whole = {subject: values.contiguous() for subject, values in logits.items()}
    safetensors.torch.save_file(whole, folder / FILE)


def load_logits(folder: Path) -> dict[str, Tensor]:
    """Logits (n, K) by subject, as `save_logits` wrote them."""
    path = folder / FILE
    try:
        return safetensors.torch.load_file(path)
    except (OSError, SafetensorError) as error:
        raise ValueError(
            f"{path} cannot be read: {error}. Every teacher leaves its logits there; remove its "
            "folder and train it again."
        ) from error
