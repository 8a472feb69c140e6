"""Which samples of the input a position of a map can depend on, by walking the network backwards.

A span is the first and last position needed, for many positions at once; every step back widens
or rescales it. The window counts as endless, so spans may begin below 0.
"""

from typing import NamedTuple

import numpy as np

from kd_core.models.convolutions import padding
from kd_core.models.utime_spec import UTimeSpec


class Span(NamedTuple):
    """The stretch of positions that each of (n,) positions further up depends on."""

    first: np.ndarray
    """(n,) int64."""
    last: np.ndarray
    """(n,) int64, included."""


def receptive_field(spec: UTimeSpec, tap: str = "dense") -> int:
    """Samples the best-informed position of a map depends on."""
    span = samples_seen(spec, tap, np.arange(spec.stride))  # spans repeat with the stride
    return int((span.last - span.first).max()) + 1


def samples_seen(spec: UTimeSpec, tap: str, positions: np.ndarray) -> Span:
    """First and last sample that each of these positions of a map depends on."""
    span = Span(positions, positions)
    if tap == "bottleneck":
        return _bottleneck(spec, span)
    if tap == "dense":
        return _decoder(spec, 0, span)
    part, level = tap[:7], int(tap[7:]) - 1  # "encoder" or "decoder", then the level
    return _pooled(spec, level, span) if part == "encoder" else _decoder(spec, level, span)


def _decoder(spec: UTimeSpec, level: int, span: Span) -> Span:
    """Through a decoder level: along the skip and through all that lies below."""
    span = _block(span, spec.kernel, spec.decoder_dilation)
    pool = spec.pools[level]
    below = _convolution(span, spec.up_kernel or pool)
    below = Span(below.first // pool, below.last // pool)  # nearest upsampling
    deepest = level + 1 == spec.depth
    deep = _bottleneck(spec, below) if deepest else _decoder(spec, level + 1, below)
    skip = _encoder(spec, level, span)
    return Span(np.minimum(skip.first, deep.first), np.maximum(skip.last, deep.last))


def _bottleneck(spec: UTimeSpec, span: Span) -> Span:
    return _pooled(spec, spec.depth - 1, _block(span, spec.kernel, 1))


def _pooled(spec: UTimeSpec, level: int, span: Span) -> Span:
    """Through an encoder level from what leaves its pool."""
    pool = spec.pools[level]
    return _encoder(spec, level, Span(span.first * pool, span.last * pool + pool - 1))


def _encoder(spec: UTimeSpec, level: int, span: Span) -> Span:
    """Through an encoder level from what enters its pool, down to the samples."""
    span = _block(span, spec.kernel, spec.encoder_dilation)
    if level:
        return _pooled(spec, level - 1, span)
    return (
        _convolution(span, spec.stem_kernel, stride=spec.stem_stride) if spec.stem_kernel else span
    )


def _block(span: Span, kernel: int, dilation: int) -> Span:
    return _convolution(_convolution(span, kernel, dilation), kernel, dilation)


def _convolution(span: Span, kernel: int, dilation: int = 1, stride: int = 1) -> Span:
    left, right = padding(kernel, dilation, stride)
    return Span(span.first * stride - left, span.last * stride + stride - 1 + right)
