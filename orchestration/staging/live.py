"""Stages while the ECG is still being recorded, a fixed time behind it, in bounded memory.

What is said of a moment is what the whole night would say of it, scaled alike: the network sees
only so far, and a label is given out once all it can see has come. What differs from a staged
file: scales are learned from the first minutes, or given; polarity is the caller's; nothing is
refused, and heart rate is not told.
"""

from typing import NamedTuple

import numpy as np

from datasets.ecg import whole_seconds
from datasets.gaps import check_rate
from datasets.signals import Scale
from orchestration.staging.arriving import Arriving
from orchestration.staging.denoiser_live import LiveDenoiser
from orchestration.staging.gaps import longest_line
from orchestration.staging.judged import Judged
from orchestration.staging.labels import check_output_s, probabilities_of
from orchestration.staging.noise import BLOCK_S
from orchestration.staging.pieces import Network, whole_segments
from orchestration.staging.prepared import scale_of
from orchestration.staging.spec import StagingSpec

SETTLE_S = 300  # of recording from which the scale is learned; ours
NOTHING = np.empty(0, np.float32)


class LiveStage(NamedTuple):
    """What is said of a stretch of the recording."""

    onset_s: float
    """Seconds from the first sample."""
    output_s: int
    """How long it lasts."""
    stage: str
    """Name of a class, or "?" where it cannot be told."""
    probabilities: np.ndarray
    """(K,) float64; NaN where it cannot be told."""


class LiveStager:
    """Takes ECG samples as they come; says the stage of each stretch `look_ahead_s` behind them.

    Args:
        hz: exact rate of the samples.
        output_s: seconds a label, 1 to 30.
        scale: of the signal; learned from the first five minutes if left out, so that nothing is
            said before they have passed.
        limits_mv: what the recorder can hold, where that is known.
        denoiser: what the samples go through before the network sees them; their quality is
            judged as they were recorded.
    """

    def __init__(
        self,
        spec: StagingSpec,
        network: Network,
        hz: float,
        output_s: int = 30,
        scale: Scale | None = None,
        limits_mv: tuple[float, float] | None = None,
        denoiser: LiveDenoiser | None = None,
    ) -> None:
        check_output_s(output_s)
        check_rate(hz, "the live recording")
        self.spec, self.network, self.hz, self.output_s = spec, network, hz, output_s
        self._judged = Judged(hz, limits_mv)
        self._arriving = Arriving(spec, hz)
        self._scale, self._denoiser = scale, denoiser
        self._waiting: list[np.ndarray] = []  # samples that came before there was a scale
        self._received = self._told_s = 0
        self._finished = False

    @property
    def look_ahead_s(self) -> float:
        """Seconds by which a label follows the end of what it speaks of."""
        segment_s = self.spec.segment_s if self.spec.scaling == "segment" else 0.0
        ahead_s = self.spec.after_samples / self.spec.hz + segment_s + self._arriving.delay_s
        if self._denoiser:
            ahead_s += self._denoiser.delay_s + longest_line(self.hz) / self.hz
        return max(ahead_s, BLOCK_S)

    def push(self, samples: np.ndarray) -> list[LiveStage]:
        """Take the next (n,) samples in mV, NaN where missing; say what can be said by now."""
        if self._finished:
            raise ValueError("the recording was finished; make a new LiveStager for another.")
        samples = np.asarray(samples, np.float32)
        samples = np.where(np.isfinite(samples), samples, np.float32(np.nan))
        self._received += len(samples)
        self._judged.push(samples)
        self._take(self._denoiser.push(samples) if self._denoiser else samples, last=False)
        known_s = int(self._received / self.hz - self.look_ahead_s + 1e-6)
        return self._say(known_s) if self._scale else []

    def finish(self) -> list[LiveStage]:
        """Say the rest: nothing follows."""
        if self._finished:
            return []
        self._finished = True
        self._judged.finish()
        self._take(self._denoiser.end() if self._denoiser else NOTHING, last=True)
        seconds = whole_seconds(self._received, self.hz)
        self._arriving.cut(seconds)
        return self._say(seconds)

    def _take(self, samples: np.ndarray, last: bool) -> None:
        """Prepare samples once there is a scale for them."""
        if self._scale is None:
            self._waiting.append(samples)
            if not last and sum(map(len, self._waiting)) < SETTLE_S * self.hz:
                return
            samples = np.concatenate(self._waiting)
            first = samples[: round(SETTLE_S * self.hz)]  # however many came at once
            self._scale = scale_of(first, self.hz, self._judged.settled[:SETTLE_S])
            self._waiting = []
        self._arriving.push(samples, self._scale, last)

    def _say(self, known_s: int) -> list[LiveStage]:
        """Labels of what has become known, from the network's answer to all it can see of it."""
        labels = (known_s - self._told_s) // self.output_s
        if labels <= 0:
            return []
        first, last = self._told_s, self._told_s + labels * self.output_s
        start, scaled = self._arriving.seen_from(first)
        logits = self.network(whole_segments(scaled, self.spec))
        logits = logits[:, first - start : last - start]
        found = probabilities_of(logits, self._judged.unusable(first, last), self.output_s)
        self._told_s = last
        self._judged.forget(last)
        self._arriving.forget(last)
        return [self._stage(first + i * self.output_s, row) for i, row in enumerate(found)]

    def _stage(self, onset_s: int, row: np.ndarray) -> LiveStage:
        name = "?" if np.isnan(row).any() else self.spec.classes[int(row.argmax())]
        return LiveStage(float(onset_s), self.output_s, name, row)
