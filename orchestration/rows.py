"""Where the rows of nights lie, a row a segment, and how windows are cut from them.

On the host they stay as they are, in memory or mapped from a file. Nights that fit on the GPU are
copied there once, and windows are cut where they are used: the same windows, bit for bit.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from datasets.windows import ScaledNight, WindowRef, cut

SHARE = (
    0.25  # of the GPU memory that is free; several trials may share a GPU, and networks need some
)


class Rows(Protocol):
    """The rows of some nights."""

    def cut(self, refs: Sequence[WindowRef], segments: int) -> Tensor:
        """The rows of some windows, (B, T, ...); 0 where a window is short."""


Hold = Callable[[Sequence[np.ndarray]], Rows]  # arrays (n, ...), one a night -> their rows


class HostRows:
    """Rows that are copied out of each night's own array, window by window."""

    def __init__(self, nights: Sequence[np.ndarray]) -> None:
        self.nights = nights

    def cut(self, refs: Sequence[WindowRef], segments: int) -> Tensor:
        """The rows of some windows, in host memory."""
        return torch.from_numpy(cut(self.nights, refs, segments))


class DeviceRows:
    """All rows in one tensor on a device, and one of zeros behind them."""

    def __init__(self, nights: Sequence[np.ndarray], device: torch.device) -> None:
        lengths = [len(night) for night in nights]
        self.firsts = np.cumsum([0, *lengths])
        like = torch.from_numpy(nights[0][:0].copy())
        self.rows = like.new_zeros((self.firsts[-1] + 1, *like.shape[1:]), device=device)
        for first, night in zip(self.firsts, nights, strict=False):
            self.rows[first : first + len(night)] = torch.from_numpy(np.array(night)).to(device)

    def cut(self, refs: Sequence[WindowRef], segments: int) -> Tensor:
        """The rows of some windows, on the device."""
        index = np.full((len(refs), segments), self.firsts[-1])  # the row of zeros
        for window, (night, start, length, _) in zip(index, refs, strict=True):
            window[:length] = self.firsts[night] + start + np.arange(length)
        return self.rows[torch.from_numpy(index).to(self.rows.device)]


def hold_on(device: torch.device, nights: Sequence[ScaledNight]) -> Hold:
    """How to hold all nights of a phase: on the device where it is a GPU with room for them."""
    needed_bytes = sum(night.eeg.nbytes + night.ecg.nbytes for night in nights)
    if device.type == "cuda" and needed_bytes <= SHARE * _free_bytes(device):
        return partial(DeviceRows, device=device)
    return HostRows


def _free_bytes(device: torch.device) -> int:
    """Memory that this process could have, what it holds in reserve included."""
    reserve = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + reserve
