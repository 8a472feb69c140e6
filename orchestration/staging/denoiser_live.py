"""A denoiser for samples as they come: it gives those that nothing to come can change.

Concatenated they are what `Denoiser.whole` gives for the whole recording at the same scale.
"""

from itertools import pairwise

import numpy as np

from datasets.gaps import check_rate
from datasets.sinc import SincStream
from orchestration.staging.denoiser import PIECE_S, Denoiser, as_samples
from orchestration.staging.ecg_scale import EcgScale, estimated
from orchestration.staging.gaps import longest_line, still_open, without_gaps

SETTLE_S = 60  # from which the scale is learned; our choice, six windows of ten seconds


class LiveDenoiser:
    """Takes ECG samples as they come; gives them denoised, `delay_s` behind.

    Args:
        denoiser: what denoises.
        hz: exact rate of the samples.
        scale: of the signal; learned from the first minute if left out, so that nothing is given
            before it has passed.
    """

    def __init__(self, denoiser: Denoiser, hz: float, scale: EcgScale | None = None) -> None:
        check_rate(hz, "the live recording")
        self.denoiser, self.hz, self.scale = denoiser, hz, scale
        self._in, self._out = _stream(hz, denoiser.spec.hz), _stream(denoiser.spec.hz, hz)
        self._waiting: list[np.ndarray] = []  # that came before there was a scale
        self._gappy = np.empty(0, np.float32)  # what a gap may begin or end in
        self._filled = 0  # of them, that were passed on
        self._seen = np.empty(0, np.float32)  # at the network's rate, from where it matters
        self._behind = 0  # of them, that were denoised
        self._missing = np.empty(0, np.bool_)  # of what was received and not given
        self._ended = False

    @property
    def delay_s(self) -> float:
        """Seconds by which denoised samples follow at most, where a scale is known.

        In a gap a second more, while a line may yet bridge it.
        """
        spec = self.denoiser.spec
        resampling_s = sum(stream.delay_s for stream in (self._in, self._out) if stream)
        return (spec.halo + spec.stride - 1) / spec.hz + resampling_s

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Take the next (n,) samples, NaN where missing; (m,) float32 that are settled by now."""
        if self._ended:
            raise ValueError("the recording was ended; make a new LiveDenoiser for another.")
        samples = as_samples(samples)
        if self.scale is not None:
            return self._taken(samples, last=False)
        self._waiting.append(samples)
        if sum(map(len, self._waiting)) < SETTLE_S * self.hz:
            return np.empty(0, np.float32)
        return self._settled(last=False)

    def end(self) -> np.ndarray:
        """The rest, (m,) float32: nothing follows."""
        if self._ended:
            return np.empty(0, np.float32)
        self._ended = True
        if self.scale is None:
            return self._settled(last=True)
        return self._taken(np.empty(0, np.float32), last=True)

    def _settled(self, last: bool) -> np.ndarray:
        """Learn the scale, however many samples came at once, and take what waited for it."""
        samples = np.concatenate([np.empty(0, np.float32), *self._waiting])
        self.scale, self._waiting = estimated(samples[: round(SETTLE_S * self.hz)], self.hz), []
        return self._taken(samples, last)

    def _taken(self, samples: np.ndarray, last: bool) -> np.ndarray:
        """A piece at a time, so that memory does not grow with a chunk."""
        edges = [*range(0, len(samples), round(PIECE_S * self.hz)), len(samples)]
        pieces = [self._piece(samples[a:b], last=False) for a, b in pairwise(edges)]
        if last:
            pieces.append(self._piece(samples[:0], last=True))
        return np.concatenate([np.empty(0, np.float32), *pieces])

    def _piece(self, samples: np.ndarray, last: bool) -> np.ndarray:
        self._missing = np.concatenate([self._missing, np.isnan(samples)])
        there = _through(self._in, self._bridged(samples, last), last)
        clean = _through(self._out, self._denoised(there, last), last)
        if last:  # as the whole: as many samples as came
            known = clean if len(clean) else np.full(1, np.nan, np.float32)
            clean = np.pad(known, (0, max(0, len(self._missing) - len(known))), mode="edge")
        clean = clean[: len(self._missing)].copy()
        clean[self._missing[: len(clean)]] = np.nan
        self._missing = self._missing[len(clean) :]
        return clean

    def _bridged(self, samples: np.ndarray, last: bool) -> np.ndarray:
        """Those samples whose neighbourhood is known, without gaps."""
        assert self.scale is not None
        self._gappy = np.concatenate([self._gappy, samples])
        known = len(self._gappy) - (0 if last else still_open(self._gappy, self.hz))
        whole = without_gaps(self._gappy, self.hz, self.scale.middle)[self._filled : known]
        kept = max(0, known - longest_line(self.hz) - 1)  # so much tells a long gap from a short
        self._gappy, self._filled = self._gappy[kept:], known - kept
        return whole

    def _denoised(self, samples: np.ndarray, last: bool) -> np.ndarray:
        """What the network says of those samples that it sees enough around."""
        assert self.scale is not None
        spec = self.denoiser.spec
        self._seen = np.concatenate([self._seen, samples])
        length = len(self._seen) if last else len(self._seen) // spec.stride * spec.stride
        known = length if last else length - spec.halo
        if known <= self._behind:
            return np.empty(0, np.float32)
        clean = self.denoiser.at_once(self._seen[:length], self.scale)[self._behind : known]
        kept = max(0, known - spec.halo)
        self._seen, self._behind = self._seen[kept:], known - kept
        return clean


def _stream(from_hz: float, to_hz: float) -> SincStream | None:
    """What resamples chunk by chunk; None where there is nothing to resample."""
    return None if from_hz == to_hz else SincStream(from_hz, to_hz)


def _through(stream: SincStream | None, samples: np.ndarray, last: bool) -> np.ndarray:
    return samples if stream is None else stream.resample_chunk(samples, last)
