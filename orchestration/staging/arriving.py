"""Samples on their way to a network: resampled and scaled as they come, kept while they matter."""

from typing import Any

import numpy as np

from datasets.signals import SOX_QUALITY, Scale
from orchestration.staging.pieces import halo
from orchestration.staging.prepared import filled, scaled
from orchestration.staging.spec import StagingSpec

LOOKED_AT_S, LOOKED_AT_SAMPLES = 60.0, 4000  # of a stream: some blocks at any rate
STEP_S = 0.02


class Arriving:
    """The end of a recording at the network's rate, from where it can still change an answer."""

    def __init__(self, spec: StagingSpec, hz: float) -> None:
        self.spec, self.hz = spec, hz
        resamples = hz != spec.hz
        self._stream = _stream(hz, spec.hz) if resamples else None
        self.delay_s = _behind_s(hz, spec.hz) if resamples else 0.0
        """Seconds by which resampling lags behind, at most."""
        self._samples = np.empty(0, np.float32)  # at the network's rate, not yet scaled
        self._segment = 0  # of the night, that the first of them begins

    def push(self, samples: np.ndarray, scale: Scale, last: bool) -> None:
        """Take (n,) samples in mV at the recording's rate."""
        self._scale = scale
        samples = filled(samples, scale)
        if self._stream:
            samples = self._stream.resample_chunk(samples, last=last)
        self._samples = np.concatenate([self._samples, samples])

    def seen_from(self, second: int) -> tuple[int, np.ndarray]:
        """All that a second can see and what has come since, scaled; and the second it starts at.

        It starts with a segment of the night, as a piece of the whole night would.
        """
        segment_s = round(self.spec.segment_s)
        first = self._first_seen(second) - self._segment
        kept = self._samples[first * self.spec.segment_samples :]
        return (first + self._segment) * segment_s, scaled(kept, self._scale, self.spec)

    def forget(self, second: int) -> None:
        """Drop what no second from this one on can see."""
        first = self._first_seen(second) - self._segment
        self._samples = self._samples[first * self.spec.segment_samples :].copy()
        self._segment += first

    def cut(self, seconds: int) -> None:
        """End the recording after so many seconds."""
        length = seconds * self.spec.hz - self._segment * self.spec.segment_samples
        self._samples = self._samples[:length]
        self._samples = np.pad(self._samples, (0, length - len(self._samples)))

    def _first_seen(self, second: int) -> int:
        """The segment that holds the first sample a second can see, minus what rounds it."""
        segment = second * self.spec.hz // self.spec.segment_samples
        return max(0, segment - halo(self.spec)[0])


def _stream(hz: float, to_hz: int) -> Any:
    """What resamples a recording chunk by chunk as `datasets.signals.resample` does it at once."""
    try:
        import soxr  # a recording that has the network's rate needs none
    except ImportError:
        raise ImportError(
            f"live staging at {hz:g} Hz, not {to_hz}, needs soxr: pip install soxr"
        ) from None
    return soxr.ResampleStream(hz, to_hz, 1, dtype=np.float32, quality=SOX_QUALITY)


def _behind_s(hz: float, to_hz: int) -> float:
    """Seconds by which that stream is behind at most.

    It works in blocks whose lengths it does not tell, so one is given zeros for a while. How many
    samples it has given follows from how many it got, however many came at once.
    """
    stream, received, given, behind_s = _stream(hz, to_hz), 0, 0, 0.0
    step = np.zeros(max(1, round(STEP_S * hz)), np.float32)
    while received < max(LOOKED_AT_S * hz, LOOKED_AT_SAMPLES):
        received += len(step)
        given += len(stream.resample_chunk(step))
        behind_s = max(behind_s, received / hz - given / to_hz)
    return behind_s + len(step) / hz
