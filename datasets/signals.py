"""Signals as arrays: units, derivations, one resampling a night, scaling, flatness.

Arrays or Signals in, arrays or Signals out; nothing here touches a file.
"""

from typing import NamedTuple

import numpy as np

from datasets.recording import Signal
from datasets.sinc import resample_by_sinc

RATE_HZ = 200  # Sec. II-C of arXiv:2112.07252
SCALED_LIMIT = 20.0  # in interquartile ranges, as U-Time clips
HALF_LIMIT = float(np.finfo(np.float16).max)  # beyond it a half-precision float is infinite
SOX_QUALITY = "HQ"  # errs by -130 dB, below what a recorder's 16 bits tell; VHQ takes longer
FLAT_BLOCK_S = 2.0  # long enough to hold a heart beat
FLAT_RANGE = {
    "uV": 0.5,
    "mV": 0.005,
}  # our choice, ten times below what any living electrode gives
_QUARTILE_SAMPLES = 400_000  # enough to place a quartile of a night within 0.3 % of its rank
_VOLTS = {"V": 1.0, "mV": 1e-3, "uV": 1e-6, "µV": 1e-6, "μV": 1e-6, "nV": 1e-9}


def convert(samples: np.ndarray, unit: str, to: str) -> np.ndarray:
    """Samples in another unit of voltage."""
    if unit not in _VOLTS:
        raise ValueError(
            f"unit {unit!r} is unknown; known are {sorted(_VOLTS)}. Add it in datasets/signals.py."
        )
    return samples if unit == to else samples * np.float32(_VOLTS[unit] / _VOLTS[to])


def derive(plus: Signal, minus: Signal) -> Signal:
    """The difference of two signals that start together, at the rate of the first."""
    other = resample(minus.samples, minus.hz, plus.hz)
    length = min(len(plus.samples), len(other))
    samples = plus.samples[:length] - other[:length]
    return Signal(f"{plus.label} - {minus.label}", samples, plus.hz, plus.unit)


def resample(samples: np.ndarray, from_hz: float, to_hz: float) -> np.ndarray:
    """A whole night at another rate, without delay or drift.

    Rates may be fractional; sample k of the result lies at k / to_hz seconds. Going down to 200 Hz
    it passes 90 Hz within 0.05 dB and weakens 104 Hz and above by 80 dB at least (tested).
    Differs: the paper's code resamples every segment alone, which errs by 7 % at its edges.

    Shapes: (n,) to (about n * to_hz / from_hz,), same dtype.
    """
    if from_hz == to_hz:
        return samples
    try:
        import soxr
    except ImportError:  # staging runs with numpy alone
        return resample_by_sinc(samples, from_hz, to_hz)

    return np.asarray(soxr.resample(samples, from_hz, to_hz, quality=SOX_QUALITY))


def is_flat(samples: np.ndarray, hz: float, unit: str) -> np.ndarray:
    """Whether a signal stands still in more than half of its blocks of two seconds.

    So a lost electrode, padding and an amplifier stuck at a limit are found, whatever jumps
    there are between.

    Shapes: (..., n) to (...) bool.
    """
    block = min(round(FLAT_BLOCK_S * hz), samples.shape[-1])
    whole = samples.shape[-1] // block * block
    blocks = samples[..., :whole].reshape(*samples.shape[:-1], -1, block)
    still = np.ptp(blocks, axis=-1) < FLAT_RANGE[unit]  # (..., n) -> (..., n / block)
    return np.asarray(still.mean(-1) > 0.5)


class Scale(NamedTuple):
    """What brings a night's channel to median 0 and interquartile range 1.

    Source: U-Time (Perslev 2019), per recording and channel.
    """

    middle: float
    """Median, in the signal's unit."""
    spread: float
    """Interquartile range, above 0."""

    @classmethod
    def of(cls, samples: np.ndarray) -> "Scale":
        """One scale for all samples, of any shape."""
        step = max(1, samples.size // _QUARTILE_SAMPLES)
        low, middle, high = np.percentile(samples.ravel()[::step], (25, 50, 75))
        return cls(float(middle), float(high - low) if high > low else 1.0)

    def applied(self, samples: np.ndarray, limit: float = SCALED_LIMIT) -> np.ndarray:
        """Samples of any shape at this scale, clipped to +-limit."""
        scaled = (samples - np.float32(self.middle)) / np.float32(self.spread)
        return np.clip(scaled, -limit, limit, out=scaled)


def robust_scale(samples: np.ndarray) -> np.ndarray:
    """A night's channel at its own scale. Shapes: any; one scale for the whole array."""
    return Scale.of(samples).applied(samples)


def segment_scale(samples: np.ndarray) -> np.ndarray:
    """Every segment stretched to [0, 1] by its own minimum and maximum; a flat one is 0.

    Shapes: (n, S) to (n, S).
    Source: the authors' released code, acrophase/Sleep_Staging_KD.
    """
    low = samples.min(-1, keepdims=True)
    span = np.ptp(samples, axis=-1, keepdims=True)
    return np.asarray((samples - low) / np.where(span > 0, span, 1))


def halved(samples: np.ndarray) -> np.ndarray:
    """Float16, with what would overflow held at the largest finite value."""
    return np.clip(samples, -HALF_LIMIT, HALF_LIMIT, out=samples).astype(np.float16)
