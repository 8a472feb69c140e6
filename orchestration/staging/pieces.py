"""A network over a whole night, piece by piece: what one pass would answer, in bounded memory.

Each piece is seen with as much before and behind it as can change its answer, and begins where a
segment of the night begins, so it is answered as in one pass over all of it (to rounding).
"""

from collections.abc import Callable

import numpy as np

from orchestration.staging.spec import StagingSpec

Network = Callable[[np.ndarray], np.ndarray]
"""(T*S,) float32 scaled samples -> (K, T*S/hz) float32 logits a second."""

PIECE_SEGMENTS = 240  # two hours: a map of 16 channels at full rate takes 92 MB


def logits_a_second(
    network: Network, spec: StagingSpec, scaled: np.ndarray, piece: int = PIECE_SEGMENTS
) -> np.ndarray:
    """Logits of every whole second of a night; zeros lie behind its end.

    Args:
        scaled: (n,) float32, the night from its first sample on.
        piece: segments that are answered at a time.
    Shapes: returns (K, n // hz) float32.
    """
    segments = -(-len(scaled) // spec.segment_samples)
    whole = whole_segments(scaled, spec)
    pieces = [np.empty((len(spec.classes), 0), np.float32)] + [
        _answered(network, spec, whole, first, min(first + piece, segments))
        for first in range(0, segments, piece)
    ]
    return np.concatenate(pieces, axis=1)[:, : len(scaled) // spec.hz]


def whole_segments(scaled: np.ndarray, spec: StagingSpec) -> np.ndarray:
    """Samples with zeros behind them up to a whole number of segments, (T*S,)."""
    return np.pad(scaled, (0, -len(scaled) % spec.segment_samples))


def halo(spec: StagingSpec) -> tuple[int, int]:
    """Segments before and behind a piece that can change its answer."""
    S = spec.segment_samples
    return -(-spec.before_samples // S), -(-spec.after_samples // S)


def _answered(
    network: Network, spec: StagingSpec, whole: np.ndarray, first: int, last: int
) -> np.ndarray:
    """Logits of the segments first to last, (K, (last - first) * S / hz)."""
    S, (before, behind) = spec.segment_samples, halo(spec)
    start = max(0, first - before)
    logits = network(whole[start * S : (last + behind) * S])
    skipped, seconds = (first - start) * S // spec.hz, (last - first) * S // spec.hz
    return logits[:, skipped : skipped + seconds]
