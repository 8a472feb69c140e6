"""What makes one U-Lde-net differ from another: sizes only, checked when made, JSON-able.

The defaults are the light network: 6,895 parameters, 6,615,360 multiply-accumulates for 10 s.
"""

import math
from dataclasses import dataclass
from itertools import accumulate
from operator import mul


@dataclass(frozen=True, kw_only=True)
class LdeSpec:
    """All that makes one denoiser differ from another, level 1 the finest.

    Source: U-Lde-net, Physiol. Meas. 43(11) 115004, 2022: its 6.9 K parameters and 6.6 M
        operations, 10 s at 360 Hz. All other sizes are ours, as its text is not public.
    """

    kind: str = "lde"  # row of ARCHITECTURES
    channels: tuple[int, ...] = (6, 8, 16, 16)  # of each level, the bottleneck last
    kernels: tuple[int, ...] = (9, 7, 3, 3)  # odd, of both convolutions of each level's stages
    groups: tuple[int, ...] = (2, 4, 4, 4)  # of each level's grouped convolutions
    dilations: tuple[int, ...] = (1, 1, 2, 4)  # of each level's conventional convolutions
    grouped_dilations: tuple[int, ...] = (1, 2, 8, 16)  # of its grouped ones
    strides: tuple[int, ...] = (5, 2, 2)  # of the compression below each level but the last
    compress_kernels: tuple[int, ...] = (5, 3, 3)  # of the same, at least as long
    windows: tuple[int, ...] = (25, 45, 75)  # odd, positions of the local extremes on each skip
    hz: int = 360  # MIT-BIH Arrhythmia and Noise Stress Test databases
    segment_samples: int = 3600  # 10 s

    def __post_init__(self) -> None:
        self._check_sizes()
        self._check_lengths()
        if not all(number % 2 for number in (*self.kernels, *self.windows)):
            raise ValueError(
                f"kernels {self.kernels} and windows {self.windows} must be odd, so that each has "
                "a middle."
            )
        if any(c % g for c, g in zip(self.channels, self.groups, strict=True)):
            raise ValueError(f"groups {self.groups} must divide the channels {self.channels}.")
        if any(k < s for k, s in zip(self.compress_kernels, self.strides, strict=True)):
            raise ValueError(
                f"compress_kernels {self.compress_kernels} leave positions unseen at strides "
                f"{self.strides}; they must be at least as long."
            )
        if self.segment_samples % self.stride:
            raise ValueError(
                f"strides {self.strides} shorten by {self.stride}, which must divide the "
                f"{self.segment_samples} samples of a segment."
            )

    def _check_sizes(self) -> None:
        levels, between = self._levels, self._between
        for sizes in (*levels, *between, (self.hz, self.segment_samples)):
            if not isinstance(sizes, tuple) or not all(type(n) is int and n >= 1 for n in sizes):
                raise ValueError(f"{self} has sizes that are not whole numbers of at least 1.")

    def _check_lengths(self) -> None:
        lengths, between = list(map(len, self._levels)), list(map(len, self._between))
        if {*lengths, *(n + 1 for n in between)} != {max(2, lengths[0])}:
            raise ValueError(
                f"channels, kernels, dilations, groups and grouped_dilations have {lengths} "
                f"levels; strides, compress_kernels and windows {between}. Give the first five "
                "one of each for every level, at least two, and the others one fewer."
            )

    @property
    def _levels(self) -> tuple[tuple[int, ...], ...]:
        """Sizes of which every level has one."""
        conventional = (self.channels, self.kernels, self.dilations)
        return (*conventional, self.groups, self.grouped_dilations)

    @property
    def _between(self) -> tuple[tuple[int, ...], ...]:
        """Sizes of which every level but the last has one."""
        return self.strides, self.compress_kernels, self.windows

    @property
    def depth(self) -> int:
        """Number of levels above the bottleneck."""
        return len(self.strides)

    @property
    def stride(self) -> int:
        """Samples a position of the bottleneck stands for."""
        return math.prod(self.strides)

    @property
    def tap_lengths(self) -> dict[str, int]:
        """Positions a segment of each map, by name, in the order they are computed."""
        coarser = accumulate(self.strides, mul, initial=1)
        *fine, coarsest = (self.segment_samples // passed for passed in coarser)
        down = {f"encoder{level}": length for level, length in enumerate(fine, 1)}
        up = {f"decoder{level}": fine[level - 1] for level in range(self.depth, 0, -1)}
        return {**down, "bottleneck": coarsest, **up}

    @property
    def tap_names(self) -> tuple[str, ...]:
        """Names of the maps in the order they are computed."""
        return tuple(self.tap_lengths)
