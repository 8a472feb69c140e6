"""Which samples a position of a denoiser's map can depend on, by walking the network backwards.

As `utime_field` does; the signal counts as endless. `halo` is what a chunk needs around it.
"""

import numpy as np

from kd_core.models.lde_layers import zeros_beyond
from kd_core.models.lde_spec import LdeSpec
from kd_core.models.utime_field import Span


def receptive_field(spec: LdeSpec, tap: str = "decoder1") -> int:
    """Samples the best-informed position of a map depends on; the output is as `decoder1`."""
    span = samples_seen(spec, tap, np.arange(spec.stride))  # spans repeat with the stride
    return int((span.last - span.first).max()) + 1


def halo(spec: LdeSpec) -> int:
    """Samples a chunk needs on either side so that all it gives is what the whole signal gives.

    A multiple of the stride, as the place where a chunk begins must be too.
    """
    positions = np.arange(spec.stride)
    first, last = samples_seen(spec, "decoder1", positions)
    beyond = max(int((positions - first).max()), int((last - positions).max()))
    return -(-beyond // spec.stride) * spec.stride


def samples_seen(spec: LdeSpec, tap: str, positions: np.ndarray) -> Span:
    """First and last sample that each of these positions of a map depends on."""
    span = Span(positions, positions)
    if tap == "bottleneck":
        return _encoder(spec, spec.depth, span)
    part, level = tap[:7], int(tap[7:]) - 1  # "encoder" or "decoder", then the level
    return _encoder(spec, level, span) if part == "encoder" else _decoder(spec, level, span)


def _decoder(spec: LdeSpec, level: int, span: Span) -> Span:
    """Through a decoder level: along the skip and through all that lies below."""
    span = _stage(spec, level, span)
    below = _upsampled(span, spec.strides[level])
    deepest = level + 1 == spec.depth
    deep = _encoder(spec, level + 1, below) if deepest else _decoder(spec, level + 1, below)
    skip = _encoder(spec, level, _wider(span, spec.windows[level] // 2))
    return Span(np.minimum(skip.first, deep.first), np.maximum(skip.last, deep.last))


def _encoder(spec: LdeSpec, level: int, span: Span) -> Span:
    """Through a stage on the way down, or the bottleneck, and all above it to the samples."""
    span = _stage(spec, level, span)
    if level == 0:
        return span
    kernel, stride = spec.compress_kernels[level - 1], spec.strides[level - 1]
    zeros = zeros_beyond(kernel, stride)
    span = Span(span.first * stride - zeros, span.last * stride - zeros + kernel - 1)
    return _encoder(spec, level - 1, span)


def _stage(spec: LdeSpec, level: int, span: Span) -> Span:
    dilations = spec.dilations[level] + spec.grouped_dilations[level]
    return _wider(span, dilations * (spec.kernels[level] // 2))


def _wider(span: Span, positions: int) -> Span:
    return Span(span.first - positions, span.last + positions)


def _upsampled(span: Span, factor: int) -> Span:
    """Coarse positions that linear interpolation mixes: one in the middle of its own, else two."""
    first, last = 2 * (span.first % factor) + 1, 2 * (span.last % factor) + 1
    return Span(span.first // factor - (first < factor), span.last // factor + (last > factor))
