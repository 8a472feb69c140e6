"""From millivolts at a recorder's rate to what a network takes: filled, resampled, scaled.

A night is scaled by its own usable samples; what is missing lies at their median. The steps are
those of training nights: one resampling, one scale, half precision. Differs: a training night's
scale is of all its scored segments, unusable ones too.
"""

import numpy as np

from datasets.signals import Scale, halved, resample, segment_scale
from orchestration.staging.spec import StagingSpec


def scale_of(samples: np.ndarray, hz: float, unusable: np.ndarray) -> Scale:
    """The scale of a recording's usable samples; of all there are where none is usable.

    Args:
        samples: (n,) float32, NaN where missing.
        unusable: (seconds,) bool; second k begins at sample rint(k*hz).
    """
    second = np.minimum((np.arange(len(samples)) / hz).astype(np.int64), len(unusable) - 1)
    there = ~np.isnan(samples)
    wanted = there & ~unusable[second] if len(unusable) else there
    kept = samples[wanted if wanted.any() else there]
    return Scale.of(kept) if len(kept) else Scale(0.0, 1.0)


def filled(samples: np.ndarray, scale: Scale) -> np.ndarray:
    """Samples with the median in place of what is missing, (n,) float32."""
    return np.where(np.isnan(samples), np.float32(scale.middle), samples)


def prepared(samples: np.ndarray, hz: float, scale: Scale, spec: StagingSpec) -> np.ndarray:
    """A whole recording as the network takes it. Shapes: (n,) to (n * spec.hz / hz,) float32."""
    return scaled(resample(filled(samples, scale), hz, spec.hz), scale, spec)


def scaled(samples: np.ndarray, scale: Scale, spec: StagingSpec) -> np.ndarray:
    """Samples at the network's rate, scaled as its training nights were.

    Shapes: (n,) to (n,) float32; "segment" takes whole segments but for the last.
    """
    if spec.scaling == "segment":
        samples = _by_segment(samples, spec.segment_samples)
    elif spec.scaling == "night":
        samples = scale.applied(samples, spec.limit)
    else:
        samples = samples.copy()  # halved in place
    return halved(samples).astype(np.float32)  # as nights in memory are


def _by_segment(samples: np.ndarray, S: int) -> np.ndarray:
    whole = len(samples) // S * S
    segments = segment_scale(samples[:whole].reshape(-1, S)).reshape(-1)
    rest = samples[whole:]
    return np.concatenate([segments, segment_scale(rest[None])[0] if len(rest) else rest])
