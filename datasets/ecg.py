"""One ECG channel of a person's own recording: what a stager is given, whatever file it lay in."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from datasets.gaps import check_length, check_rate


@dataclass(frozen=True, kw_only=True, eq=False)
class EcgRecording:
    """One ECG lead on one clock; where the recorder has nothing there is NaN."""

    name: str
    """What to call the recording, such as its file's name without the suffix; as found there."""
    label: str
    """Of the channel, in the file's own spelling."""
    samples: np.ndarray
    """(n,) float32 in mV; NaN where samples are missing, or infinite when given."""
    hz: float
    """Exact rate, often fractional."""
    start: datetime | None = None
    """Clock time of the first sample, where the file tells."""
    limits_mv: tuple[float, float] | None = None
    """What the recorder can hold at the utmost, where the file tells."""
    notes: tuple[str, ...] = ()
    """What was taken for granted on reading, in sentences; shown to the person."""

    def __post_init__(self) -> None:
        check_rate(self.hz, repr(self.label))
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise ValueError(
                f"{self.label!r} has samples {self.samples.dtype} {self.samples.shape}; "
                "they must be float32 of shape (n,)."
            )
        check_length(len(self.samples), self.hz, repr(self.label))
        infinite = np.isinf(self.samples)
        if infinite.any():  # the caller's array stays as it is
            finite = np.where(infinite, np.float32(np.nan), self.samples)
            object.__setattr__(self, "samples", finite)

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return len(self.samples) / self.hz

    @property
    def whole_seconds(self) -> int:
        """Whole seconds there are samples for."""
        return whole_seconds(len(self.samples), self.hz)


def whole_seconds(samples: int, hz: float) -> int:
    """Whole seconds in so many samples, where second k ends before sample round((k + 1) * hz)."""
    seconds = int((samples + 0.5) / hz + 1e-9)
    return seconds if round(seconds * hz) <= samples else seconds - 1
