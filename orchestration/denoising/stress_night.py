"""A night's ECG as the continuous signal that its segments were cut from, noise added, cut again.

Arrays in, arrays out. Noise is added and taken away in the continuous signal, for a filter of
segments of 30 s would err at each border, and noise that began anew there would jump.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from datasets.clean_records import CLEAN_HZ
from datasets.night import Night
from datasets.noise import Noise
from datasets.noise_mix import long_mixture
from datasets.recut import PAGE_S, is_widened, joined
from datasets.segments import BORROWED_S, SEGMENT_S
from datasets.signals import RATE_HZ, resample
from orchestration.denoising.classical import Whole


@dataclass(frozen=True, eq=False)
class Track:
    """The scored ECG of a night end to end, and where on the night's clock it lies."""

    samples: np.ndarray
    """(m,) float32 in mV: stretches without a gap, one after another."""
    stretches: tuple[slice, ...]
    """Of `samples`."""
    onsets: tuple[int, ...]
    """When each stretch begins, in samples from the first one of the night."""
    starts: np.ndarray
    """(n,) first sample of each segment in `samples`."""
    width: int
    """S, samples of a segment."""

    @property
    def span(self) -> int:
        """Samples from the night's first to its last one, gaps included."""
        last = self.stretches[-1]
        return self.onsets[-1] + int(last.stop - last.start)

    def rows(self, samples: np.ndarray) -> np.ndarray:
        """The segments of a signal as long as `samples`. Shapes: (m,) to (n, S), copied."""
        cut: np.ndarray = sliding_window_view(samples, self.width)[self.starts]
        return cut

    def through(self, denoise: Whole, samples: np.ndarray) -> np.ndarray:
        """A signal with each stretch denoised by itself. Shapes: (m,) to (m,), same dtype.

        Raises:
            ValueError: a denoiser changed the length, or gave samples that are not finite.
        """
        found = np.empty_like(samples)
        for stretch in self.stretches:
            denoised = denoise(samples[stretch], float(RATE_HZ))
            if denoised.shape != samples[stretch].shape or not np.isfinite(denoised).all():
                raise ValueError(
                    f"the denoiser made {denoised.shape} of {samples[stretch].shape} samples, "
                    "or some that are not finite; it must give as many finite ones."
                )
            found[stretch] = denoised
        return found


def track_of(night: Night) -> Track:
    """The continuous ECG of a night's segments; where two overlap they hold the same samples.

    Segments that do not touch are of two stretches, be it a page or a sample that lies between.
    """
    onsets, width = _onsets(night), night.ecg.shape[1]
    borders = np.flatnonzero(np.diff(onsets) > width) + 1
    rows = np.split(np.arange(len(onsets)), borders)
    pieces = [joined(night.ecg[part], onsets[part]) for part in rows]
    ends = np.cumsum([len(piece) for piece in pieces]).tolist()
    begins = [0, *ends[:-1]]
    first = [int(onsets[part[0]]) for part in rows]
    return Track(
        samples=np.concatenate(pieces),
        stretches=tuple(slice(a, b) for a, b in zip(begins, ends, strict=True)),
        onsets=tuple(onset - first[0] for onset in first),
        starts=np.concatenate(
            [onsets[part] - onset + a for part, onset, a in zip(rows, first, begins, strict=True)]
        ),
        width=width,
    )


def noise_along(track: Track, noise: Noise, group: str, seed: int) -> np.ndarray:
    """A group's noise for a night, in mV, without a jump; it goes on while nothing is scored.

    Shapes: returns (m,) float64.
    """
    seconds = track.span / RATE_HZ + 1.0  # one to spare
    added = long_mixture(noise, group, int(np.ceil(seconds * CLEAN_HZ)), seed)
    added = resample(added, CLEAN_HZ, RATE_HZ)
    pairs = zip(track.stretches, track.onsets, strict=True)
    return np.concatenate([added[onset : onset + s.stop - s.start] for s, onset in pairs])


def middle_snr_db(track: Track, added: np.ndarray) -> float:
    """The SNR of the middle segment: half of a night's segments have a lower one.

    Noise of a given ratio to the power of a whole night is louder than that in quiet segments
    where a few others hold an artefact; this number tells by how much.
    Shapes: added (m,). NaN or infinite where the middle segment or its noise is flat.
    """
    signal = track.rows(track.samples).var(-1, dtype=np.float64)
    power = np.square(track.rows(added)).mean(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.median(10 * np.log10(signal / power)))


def _onsets(night: Night) -> np.ndarray:
    """(n,) first sample of each segment, by the rule that `cut_segments` cuts by."""
    borrowed_s = BORROWED_S[PAGE_S if is_widened(night.page_s) else SEGMENT_S]
    return np.rint((night.onset_s - borrowed_s) * RATE_HZ).astype(np.int64)
