"""What is left of a night once it is cut: its scored segments, two views of each, and stages."""

from dataclasses import dataclass

import numpy as np

from datasets.recording import UnusableRecording
from datasets.stages import Stage


@dataclass(frozen=True, eq=False)
class Night:
    """The scored segments of one night, S samples each."""

    subject: str
    subset: str
    person: str
    page_s: float
    """Length of the pages that were scored; a segment of 30 s may be wider."""
    eeg_channel: str
    ecg_channel: str
    segment: np.ndarray
    """(n,) int32, rising; position in pages from the first, so a gap here is a gap in time."""
    onset_s: np.ndarray
    """(n,) float64, start of the scored page from the first sample of the recording."""
    stage: np.ndarray
    """(n,) int8, a Stage."""
    eeg: np.ndarray
    """(n, S) float32 in uV."""
    ecg: np.ndarray
    """(n, S) float32 in mV."""

    def __post_init__(self) -> None:
        n = len(self.segment)
        assert self.segment.shape == self.onset_s.shape == self.stage.shape == (n,)
        assert self.eeg.shape == self.ecg.shape == (n, self.eeg.shape[1])
        assert self.eeg.dtype == self.ecg.dtype == np.float32
        assert (np.diff(self.segment) > 0).all(), "segments must rise"
        assert np.isin(self.stage, list(Stage)).all(), "unscored pages are no segments"
        if n == 0:
            raise UnusableRecording(f"{self.subject} has no scored segment. Leave the night out.")
        for name, samples in (("EEG", self.eeg), ("ECG", self.ecg)):
            bad = int((~np.isfinite(samples)).any(1).sum())
            if bad:
                raise UnusableRecording(
                    f"{self.subject} has NaN or infinite {name} samples in {bad} of {n} segments. "
                    "Only finite samples are allowed; leave the night out."
                )
