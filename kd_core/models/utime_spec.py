"""What makes one U-Time differ from another: sizes only, checked when made, JSON-able.

A preset is a function of the number of classes that gives one of these.
"""

import math
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

from torch import nn

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "elu": nn.ELU}


@dataclass(frozen=True, kw_only=True)
class UTimeSpec:
    """All that makes one U-Time differ from another; the defaults are the released code's."""

    kind: str = "utime"  # row of ARCHITECTURES
    classes: int = 4  # K
    filters: tuple[int, ...] = (16, 32, 64, 128, 256)  # channels of each level
    bottleneck: int = 512  # channels below the last level
    pools: tuple[int, ...] = (3, 2, 2, 2, 2)  # max-pool of each level
    kernel: int = 5
    encoder_dilation: int = 2
    decoder_dilation: int = 1
    up_kernel: int | None = 5  # of the convolution after an upsampling; None: as long as the pool
    stem_kernel: int = 0  # of a strided convolution before level 1; 0: there is none
    stem_stride: int = 1  # all maps, the dense one too, are this much coarser than the samples
    activation: str = "relu"  # row of ACTIVATIONS
    hz: int = 200  # arXiv:2112.07252, Sec. II-C
    segment_samples: int = 6000  # S, 30 s

    def __post_init__(self) -> None:
        self._check_sizes()
        if len(self.filters) != len(self.pools):
            raise ValueError(
                f"filters {self.filters} and pools {self.pools} differ in length; "
                "give one of each for every level."
            )
        if self.segment_samples % self.stride:
            raise ValueError(
                f"stem_stride {self.stem_stride} and pools {self.pools} shorten by {self.stride}, "
                f"which must divide the {self.segment_samples} samples of a segment."
            )
        if self.stem_stride > max(1, self.stem_kernel):
            raise ValueError(
                f"stem_kernel {self.stem_kernel} leaves samples unseen at stem_stride "
                f"{self.stem_stride}; it must be at least as long."
            )
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"no activation {self.activation!r}; allowed: {sorted(ACTIVATIONS)}.")

    def _check_sizes(self) -> None:
        if not (isinstance(self.filters, tuple) and isinstance(self.pools, tuple) and self.pools):
            raise ValueError(
                f"filters {self.filters!r} and pools {self.pools!r} must be tuples with a number "
                "for each level."
            )
        counts = [self.classes, self.bottleneck, self.kernel, self.encoder_dilation]
        counts += [self.decoder_dilation, self.stem_stride, self.hz, self.segment_samples]
        counts += [*self.filters, *self.pools, 1 if self.up_kernel is None else self.up_kernel]
        counts += [1 if self.stem_kernel == 0 else self.stem_kernel]
        if not all(type(count) is int and count >= 1 for count in counts):
            raise ValueError(f"{self} has a size that is not a whole number of at least 1.")

    @property
    def depth(self) -> int:
        """Number of levels above the bottleneck."""
        return len(self.pools)

    @property
    def stride(self) -> int:
        """Samples a position of the bottleneck stands for."""
        return self.stem_stride * math.prod(self.pools)

    @property
    def tap_lengths(self) -> dict[str, int]:
        """Positions a segment of each map, by name, in the order they are computed."""
        fine = self.segment_samples // self.stem_stride
        lengths = [fine, *(fine // pooled for pooled in accumulate(self.pools, mul))]
        levels = range(1, self.depth + 1)
        down = {f"encoder{level}": lengths[level] for level in levels}
        up = {f"decoder{level}": lengths[level - 1] for level in reversed(levels)}
        return {**down, "bottleneck": lengths[-1], **up, "dense": fine}

    @property
    def tap_names(self) -> tuple[str, ...]:
        """Names of the maps in the order they are computed."""
        return tuple(self.tap_lengths)
