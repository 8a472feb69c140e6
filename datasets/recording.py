"""One night as every source hands it on: two signals and a hypnogram, checked when made."""

from dataclasses import dataclass

import numpy as np

from datasets.stages import UNSCORED, Stage

UNITS = ("uV", "mV")
# our choice: beyond them a header is broken, and resampling would not end
RATES_HZ = (10.0, 100_000.0)
LONGEST_S = 7 * 24 * 3600  # our choice, of a hypnogram; beyond it an onset is broken


class UnusableRecording(ValueError):  # noqa: N818 - it names what the report lists
    """A night that cannot be used; the message is the reason shown in the ingest report."""


@dataclass(frozen=True)
class RecordingRef:
    """Where a night lies: small and JSON-able, it is what a cluster ships to its workers."""

    source: str
    """Row of SOURCES that can read it."""
    subject: str
    """Name of the night, unique in its cohort."""
    subset: str
    """Part of the cohort that folds are stratified by."""
    person: str
    """Who slept; two nights of one person share it and never part in a fold."""
    signals: str
    """Path of the file with the signals; empty where none was found."""
    annotations: str
    """Path of the file with the stages; empty where none was found."""

    def __post_init__(self) -> None:
        if not (self.source and self.subject and self.person):
            raise ValueError(f"{self} lacks a source, a subject or a person; give all three.")


@dataclass(frozen=True, eq=False)
class Signal:
    """One channel at its own rate."""

    label: str
    """What was recorded or derived, such as "EEG C3-CLE - EEG A2-CLE"."""
    samples: np.ndarray
    """(n,) float32 or float64, in `unit`."""
    hz: float
    """Exact rate, often fractional."""
    unit: str
    """"uV" for EEG, "mV" for ECG."""

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"{self.label!r} has unit {self.unit!r}; allowed are {UNITS}.")
        if not RATES_HZ[0] <= self.hz <= RATES_HZ[1]:
            raise UnusableRecording(
                f"{self.label!r} has a rate of {self.hz:g} Hz; allowed are {RATES_HZ[0]:g} to "
                f"{RATES_HZ[1]:g} Hz. Correct the record length in the file's header."
            )
        if self.samples.ndim != 1 or self.samples.dtype not in (np.float32, np.float64):
            raise ValueError(
                f"{self.label!r} has samples {self.samples.dtype} {self.samples.shape}; "
                "they must be float32 or float64 of shape (n,)."
            )
        if not (len(self.samples) and np.isfinite(self.samples).all()):
            raise UnusableRecording(f"{self.label!r} is empty or holds NaN or infinite samples.")

    @property
    def seconds(self) -> float:
        """Length of the signal."""
        return len(self.samples) / self.hz


@dataclass(frozen=True, eq=False)
class Hypnogram:
    """What the scorer wrote, page by page, in time order."""

    onset_s: np.ndarray
    """(m,) float64, start of each page, counted from the first sample of the signals."""
    page_s: float
    """Length of a page: about 20 or 30 s."""
    stages: np.ndarray
    """(m,) int8, a Stage or UNSCORED."""

    def __post_init__(self) -> None:
        if self.onset_s.ndim != 1 or self.onset_s.shape != self.stages.shape:
            raise ValueError(
                f"hypnogram has {self.onset_s.shape} onsets and {self.stages.shape} stages; "
                "it needs one of each a page."
            )
        if not (np.isfinite(self.onset_s).all() and (np.diff(self.onset_s) > 0).all()):
            raise ValueError("page onsets must be finite and rise; sort the pages first.")
        if len(self.onset_s) and np.ptp(self.onset_s) > LONGEST_S:
            raise UnusableRecording(
                f"pages spread from {self.onset_s[0]:g} to {self.onset_s[-1]:g} s; "
                "a night lasts a week at most. Correct the onsets in the annotation file."
            )
        if not (np.isfinite(self.page_s) and self.page_s > 0):
            raise ValueError(f"hypnogram has pages of {self.page_s} s; they must be above 0.")
        if self.stages.dtype != np.int8 or not np.isin(self.stages, [UNSCORED, *Stage]).all():
            raise ValueError(
                f"hypnogram has stages {np.unique(self.stages)} ({self.stages.dtype}); "
                f"allowed are int8 from {UNSCORED} (unscored) to {max(Stage)}."
            )


@dataclass(frozen=True, eq=False)
class Recording:
    """One night, ready to be cut into segments."""

    subject: str
    subset: str
    person: str
    eeg: Signal
    """What the teacher sees, in uV."""
    ecg: Signal
    """What the student sees, in mV; it starts with the EEG but may have another rate."""
    hypnogram: Hypnogram

    def __post_init__(self) -> None:
        if (self.eeg.unit, self.ecg.unit) != ("uV", "mV"):
            raise ValueError(
                f"{self.subject} has EEG in {self.eeg.unit} and ECG in {self.ecg.unit}; "
                "EEG must be in uV and ECG in mV. Convert them in the source's reader."
            )
