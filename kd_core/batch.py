"""What flows through training: a batch of windows goes in, a network's outputs come out.

S = samples a segment, T = segments a window, K = classes, C channels and L samples of a tap. A
denoiser gives a signal where others give class scores, so its target is one too.
"""

from typing import NamedTuple

from torch import Tensor

IGNORED = -1  # a target that takes no part in loss or score


class Outputs(NamedTuple):
    """What a network gives for one view; a teacher's outputs are its student's targets."""

    logits: Tensor | None
    """(B, K, T): unnormalised class scores a segment; of a denoiser (B, 1, T*S), the denoised
    signal. None where they were not asked for."""

    taps: dict[str, Tensor]
    """Activations by name, (B, C, L) each: those that were asked for, no others."""


class Batch(NamedTuple):
    """Windows as the two networks see them, and what is to be learned from them."""

    teacher_view: Tensor
    """(B, 1, T*S): what a teacher sees; the EEG in staging, the noisy signal in denoising."""

    student_view: Tensor
    """(B, 1, T*S): what a student sees; the ECG in staging, the noisy signal in denoising."""

    target: Tensor
    """(B, T) int64: the class of each segment, IGNORED where it has none; in denoising (B, 1, T*S)
    floating point, the clean signal, in the same unit as the views."""

    taught: Outputs | None = None
    """What a frozen teacher says of these windows, where that is known already."""
