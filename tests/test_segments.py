"""From a night to its scored segments."""

from pathlib import Path

import numpy as np
import pytest

from datasets.mass import find_recordings, read_recording
from datasets.recording import Hypnogram, Recording, Signal, UnusableRecording
from datasets.segments import SEGMENT_SAMPLES, cut_segments
from datasets.signals import RATE_HZ
from datasets.stages import UNSCORED
from tests.edf_files import (
    FIRST_PAGE_S,
    RECORD_S,
    Row,
    stage_notes,
    wave,
    wave_at,
    write_edf,
    write_night,
)

PAGES_S = {20: 20 * RECORD_S, 30: 30 * RECORD_S}


def ticking(seconds: float = 300.0, hz: float = 200.0, scale: float = 1.0) -> np.ndarray:
    return (scale * wave_at(np.arange(round(seconds * hz)) / hz)).astype(np.float32)


def night(
    stages: list[int],
    *,
    page: int = 30,
    first_s: float = 10.0,
    eeg: np.ndarray | None = None,
    ecg: np.ndarray | None = None,
) -> Recording:
    """A night at 200 Hz with one page a stage."""
    onset_s = first_s + PAGES_S[page] * np.arange(len(stages))
    return Recording(
        "01-01-0001",
        "SS1",
        "anna",
        Signal("EEG C3-LER", ticking() if eeg is None else eeg, 200.0, "uV"),
        Signal("ECG ECGI", ticking(scale=0.01) if ecg is None else ecg, 200.0, "mV"),
        Hypnogram(onset_s, PAGES_S[page], np.array(stages, np.int8)),
    )


def samples_late(segment: np.ndarray, start_s: float) -> float:
    """By how many samples at 200 Hz a segment of `wave` is late, least squares."""
    seconds = start_s + np.arange(SEGMENT_SAMPLES) / RATE_HZ
    expected = wave_at(seconds)
    slope = (wave_at(seconds + 1e-4) - wave_at(seconds - 1e-4)) / 2e-4
    late = -((segment - expected) * slope).sum() / (slope**2).sum() * RATE_HZ
    assert np.abs(segment - expected).max() < 0.1 + np.abs(slope).max() * abs(late) / RATE_HZ * 1.1
    return float(late)


def test_thirty_second_pages_become_segments_as_they_are() -> None:
    cut = cut_segments(night([0, 1, 4]))
    assert cut.stage.tolist() == [0, 1, 4]
    assert cut.segment.tolist() == [0, 1, 2]
    assert cut.eeg.shape == cut.ecg.shape == (3, SEGMENT_SAMPLES)
    np.testing.assert_array_equal(cut.eeg[0], ticking()[2000:8000])
    np.testing.assert_array_equal(cut.ecg[0], ticking(scale=0.01)[2000:8000])


def test_twenty_second_pages_borrow_five_seconds_from_each_side() -> None:
    cut = cut_segments(night([0, 1, 2, 3], page=20))
    onset = round((10.0 + PAGES_S[20]) * RATE_HZ)
    np.testing.assert_array_equal(cut.eeg[0], ticking()[onset - 1000 : onset + 5000])


def test_the_first_and_the_last_twenty_second_page_are_dropped() -> None:
    cut = cut_segments(night([0, 1, 2, 3], page=20))
    assert cut.stage.tolist() == [1, 2]
    assert cut.segment.tolist() == [1, 2]
    assert cut.onset_s.tolist() == pytest.approx([10 + PAGES_S[20], 10 + 2 * PAGES_S[20]])


def test_a_gap_in_segment_is_a_gap_in_time() -> None:
    cut = cut_segments(night([UNSCORED, 0, UNSCORED, UNSCORED, 2, UNSCORED]))
    assert cut.segment.tolist() == [1, 4]
    assert cut.stage.tolist() == [0, 2]


def test_pages_missing_from_the_hypnogram_are_counted_too() -> None:
    whole = night([0, 1, 2])
    pages = Hypnogram(whole.hypnogram.onset_s[[0, 2]], 30.0, whole.hypnogram.stages[[0, 2]])
    gap = Recording("a", "SS1", "a", whole.eeg, whole.ecg, pages)
    assert cut_segments(gap).segment.tolist() == [0, 2]


@pytest.mark.parametrize("lasts_s", [14.0, 44.0])
def test_less_than_half_a_page_is_a_gap_too(lasts_s: float) -> None:
    """A page cut short, which has no stage then, and one that is followed by a hole."""
    whole = night([0, 1, UNSCORED if lasts_s < 30 else 2, 3, 4])
    onset_s = whole.hypnogram.onset_s + np.array([0, 0, 0, 1, 1]) * (lasts_s - PAGES_S[30])
    pages = Hypnogram(onset_s, PAGES_S[30], whole.hypnogram.stages)
    cut = cut_segments(Recording("a", "SS1", "a", whole.eeg, whole.ecg, pages))
    assert cut.segment.tolist() == ([0, 1, 4, 5] if lasts_s < 30 else [0, 1, 2, 4, 5])


def test_pages_outside_of_the_signal_are_dropped() -> None:
    cut = cut_segments(night([0] * 12, first_s=-20.0))
    assert cut.segment.tolist() == list(range(1, 10))  # page 10 ends at 310 s, the signal at 300 s


def test_a_page_that_ends_with_the_signal_is_kept() -> None:
    length_s = 10 * PAGES_S[30]
    cut = cut_segments(night([0] * 10, first_s=0.0, eeg=ticking(length_s)))
    assert cut.segment.tolist() == list(range(10))


def test_the_shorter_signal_decides_where_the_night_ends() -> None:
    assert len(cut_segments(night([0] * 9, ecg=ticking(100.0, scale=0.01))).stage) == 3


def test_flat_ends_are_dropped_and_a_flat_page_between_is_kept() -> None:
    signal = ticking(scale=0.01)
    signal[8000:14000] = 0.2  # page 1
    signal[38000:] = signal[38000]  # from page 6 on
    for cut in (
        cut_segments(night([0] * 9, eeg=signal)),
        cut_segments(night([0] * 9, ecg=signal)),
    ):
        assert cut.segment.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_signal_that_is_mostly_flat_makes_the_night_unusable() -> None:
    stuck = ticking(scale=0.01)
    stuck[25000:] = 4.999  # an amplifier at its limit
    with pytest.raises(UnusableRecording, match=r"flat in 5 of its 9 .*5 of 'EEG C3-LER', 0 of"):
        cut_segments(night([0] * 9, eeg=stuck))
    with pytest.raises(UnusableRecording, match=r"flat in 5 of its 9 .*0 of .*5 of 'ECG ECGI'"):
        cut_segments(night([0] * 9, ecg=stuck))


def test_a_hypnogram_beside_the_signal_says_to_compare_start_times() -> None:
    with pytest.raises(UnusableRecording, match=r"2 scored pages but none inside .*Compare"):
        cut_segments(night([0, 1], first_s=86_400.0))


def test_the_night_says_who_it_is_and_which_channels_it_shows() -> None:
    cut = cut_segments(night([0, 1]))
    assert (cut.subject, cut.subset, cut.person) == ("01-01-0001", "SS1", "anna")
    assert (cut.eeg_channel, cut.ecg_channel) == ("EEG C3-LER", "ECG ECGI")
    assert cut.page_s == PAGES_S[30]
    types = [column.dtype for column in (cut.segment, cut.onset_s, cut.stage, cut.eeg, cut.ecg)]
    assert types == [np.int32, np.float64, np.int8, np.float32, np.float32]


def test_nine_hours_stay_aligned_to_half_a_sample_from_file_to_segment(tmp_path: Path) -> None:
    records, signal = 32_400, wave(32_400)
    rows = [Row("ECG ECGI", signal / 100, "mV", 5.0), Row("EEG C3-LER", signal)]
    write_night(tmp_path, rows=rows, records=records, start="01.01.0021.59.50", first_s=0.734375)
    (ref,) = find_recordings(tmp_path)
    for page in (20, 30):
        stages = list("?" * (32_300 // page))
        stages[1] = stages[len(stages) // 2] = stages[-2] = "W"
        write_edf(Path(ref.annotations), notes=stage_notes("".join(stages), page), record_s=0)
        cut = cut_segments(read_recording(ref))
        start_s = FIRST_PAGE_S + 10 - 0.734375 + cut.segment * page * RECORD_S - (30 - page) / 2
        assert start_s[-1] - start_s[0] > 8.9 * 3600
        for eeg, ecg, at_s in zip(cut.eeg, cut.ecg, start_s, strict=True):
            assert abs(samples_late(eeg, at_s)) <= 0.5 + 1e-3
            assert abs(samples_late(ecg * 100, at_s)) <= 0.5 + 1e-3
