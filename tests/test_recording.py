"""What a night must be when it is made."""

from typing import Any

import numpy as np
import pytest

from datasets.recording import Hypnogram, Recording, RecordingRef, Signal, UnusableRecording

SOUND = np.ones(10, np.float32)


def hypnogram(onset_s: Any, stages: Any, page_s: float = 30.0) -> Hypnogram:
    return Hypnogram(np.array(onset_s, float), page_s, np.array(stages, np.int8))


def test_a_signal_knows_how_long_it_lasts() -> None:
    assert Signal("EEG C3-LER", SOUND, 20.0, "uV").seconds == 0.5


@pytest.mark.parametrize(
    ("samples", "hz", "unit", "reason"),
    [
        (SOUND, 200.0, "V", "has unit 'V'"),
        (SOUND, 0.0, "uV", "rate of 0 Hz; allowed are 10 to 100000 Hz"),
        (SOUND, np.nan, "uV", "rate of nan Hz"),
        (SOUND.astype(np.int16), 200.0, "uV", "float32 or float64"),
        (SOUND.reshape(2, 5), 200.0, "uV", r"shape \(n,\)"),
    ],
)
def test_an_unsound_signal_is_refused(
    samples: np.ndarray, hz: float, unit: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Signal("ECG", samples, hz, unit)


@pytest.mark.parametrize("bad", [[np.nan], [1.0, np.inf], []])
def test_a_signal_without_finite_samples_makes_the_night_unusable(bad: list[float]) -> None:
    with pytest.raises(UnusableRecording, match="'ECG' is empty or holds NaN"):
        Signal("ECG", np.array(bad, np.float32), 200.0, "mV")


@pytest.mark.parametrize(
    ("onset_s", "stages", "page_s", "reason"),
    [
        ([0, 30], [0], 30.0, "one of each a page"),
        ([30, 0], [0, 0], 30.0, "must be finite and rise"),
        ([0, np.nan], [0, 0], 30.0, "must be finite and rise"),
        ([0, 1e9], [0, 0], 30.0, r"pages spread from 0 to 1e\+09 s"),
        ([0, 30], [0, 0], 0.0, "pages of 0.0 s"),
        ([0, 30], [0, 5], 30.0, "allowed are int8 from -1"),
    ],
)
def test_an_unsound_hypnogram_is_refused(
    onset_s: list[float], stages: list[int], page_s: float, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        hypnogram(onset_s, stages, page_s)


def test_a_recording_wants_eeg_in_microvolts_and_ecg_in_millivolts() -> None:
    eeg, ecg = Signal("EEG", SOUND, 200.0, "uV"), Signal("ECG", SOUND, 200.0, "mV")
    Recording("a", "SS1", "a", eeg, ecg, hypnogram([0], [0]))
    with pytest.raises(ValueError, match="a has EEG in mV and ECG in uV"):
        Recording("a", "SS1", "a", ecg, eeg, hypnogram([0], [0]))


def test_a_ref_names_its_source_its_subject_and_a_person() -> None:
    with pytest.raises(ValueError, match="lacks a source"):
        RecordingRef("mass", "01-01-0001", "SS1", "", "a", "b")
