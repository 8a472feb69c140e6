"""Beats of a stored night: those that were drawn, one clock, nothing across a gap."""

import numpy as np
import pytest
from sleepecg.heartbeats import detect_heartbeats

from datasets.night import Night
from datasets.recording import Hypnogram, Recording, Signal
from datasets.segments import cut_segments
from datasets.signals import RATE_HZ
from datasets.stages import UNSCORED, Stage
from datasets.synthetic_signals import draw_beats, draw_ecg
from orchestration.evidence.beats import beats_of, contiguous, page_centres, rr_intervals

SECONDS = 900
LEAD_IN_S = 20.918


def hypnogram(page_s: float, unscored: slice = slice(0)) -> Hypnogram:
    """Pages from LEAD_IN_S to the end of the signal."""
    pages = int((SECONDS - LEAD_IN_S) // page_s)
    stages = np.tile(np.array(list(Stage), np.int8), pages)[:pages]
    stages[unscored] = UNSCORED
    return Hypnogram(LEAD_IN_S + page_s * np.arange(pages), page_s, stages)


def drawn(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The beats of a heart, in s from the first sample, and the ECG that shows them."""
    body, samples = hypnogram(30.0), SECONDS * RATE_HZ
    beats_s, _ = draw_beats(body, SECONDS, np.random.default_rng(seed))
    return beats_s, draw_ecg(body, samples, RATE_HZ, np.random.default_rng(seed))


def night(ecg: np.ndarray, pages: Hypnogram) -> Night:
    """What is stored of an ECG."""
    eeg = np.random.default_rng(0).normal(0, 20, len(ecg)).astype(np.float32)
    return cut_segments(
        Recording(
            subject="01-01-0001",
            subset="SS1",
            person="Ada",
            eeg=Signal("EEG C3-LER", eeg, RATE_HZ, "uV"),
            ecg=Signal("ECG ECGI", ecg, RATE_HZ, "mV"),
            hypnogram=pages,
        )
    )


@pytest.mark.parametrize("page_s", [20.0, 29.99808, 30.0])
def test_the_beats_found_are_those_that_were_drawn(page_s: float) -> None:
    beats_s, ecg = drawn()
    stored = night(ecg, hypnogram(page_s))
    found_s = beats_of(stored) + stored.onset_s[0]
    inside = (beats_s > found_s[0] - 0.1) & (beats_s < found_s[-1] + 0.1)
    assert len(found_s) == inside.sum() > 600
    assert np.abs(found_s - beats_s[inside]).max() < 0.02


@pytest.mark.parametrize("page_s", [20.0, 29.99808])
def test_overlapping_segments_give_the_beats_of_the_contiguous_signal(page_s: float) -> None:
    _, ecg = drawn()
    stored = night(ecg, hypnogram(page_s))
    borrowed_s = 5.0 if page_s == 20.0 else 0.0
    first = round((stored.onset_s[0] - borrowed_s) * RATE_HZ)
    last = round((stored.onset_s[-1] - borrowed_s) * RATE_HZ) + stored.ecg.shape[1]
    want = first + detect_heartbeats(ecg[first:last].astype(np.float64), RATE_HZ)
    assert np.rint((beats_of(stored) + stored.onset_s[0]) * RATE_HZ).astype(int).tolist() == (
        want.tolist()
    )


@pytest.mark.parametrize(("page_s", "gap_s"), [(30.0, 30.0), (20.0, 10.0)])
def test_a_gap_does_not_bridge_two_runs(page_s: float, gap_s: float) -> None:
    _, ecg = drawn()
    stored = night(ecg, hypnogram(page_s, unscored=slice(10, 11)))
    starts_s = stored.onset_s - stored.onset_s[0] - (5.0 if page_s == 20.0 else 0.0)
    second_run = np.flatnonzero(np.diff(stored.segment) > 1)[0] + 1
    resumes_s = starts_s[second_run]
    beats_s = beats_of(stored)
    assert not ((beats_s > resumes_s - gap_s) & (beats_s < resumes_s)).any()
    end_s, rr_s = rr_intervals(beats_s)
    assert (end_s > resumes_s).any()
    assert not ((end_s > resumes_s) & (end_s - rr_s < resumes_s)).any()


def test_a_run_without_a_signal_has_no_beats() -> None:
    _, ecg = drawn()
    pages = hypnogram(30.0, unscored=slice(10, 11))
    ecg[int((LEAD_IN_S + 330) * RATE_HZ) : int((LEAD_IN_S + 390) * RATE_HZ)] = 0
    pages.stages[13:15] = UNSCORED
    beats_s = beats_of(night(ecg, pages))
    assert not ((beats_s > 330) & (beats_s < 390)).any()
    assert (beats_s > 450).any()


def test_page_centres_count_from_the_first_scored_page() -> None:
    stored = night(drawn()[1], hypnogram(20.0, unscored=slice(3, 5)))
    assert page_centres(stored)[:4] == pytest.approx([10, 30, 90, 110])  # the first is dropped


def test_a_sample_lost_to_rounding_is_repeated_not_skipped() -> None:
    rows = np.array([[0, 1, 2], [3, 4, 5], [5, 6, 7]])
    assert contiguous(rows, np.array([10, 14, 16])).tolist() == [0, 1, 2, 2, 3, 4, 5, 6, 7]


def test_intervals_too_short_too_long_or_unlike_their_neighbours_are_left_out() -> None:
    rr_s = np.full(30, 0.8)
    rr_s[5] = 0.25
    rr_s[10] = 2.1
    rr_s[15:17] = 0.5, 1.1  # an early beat and the pause after it
    rr_s[20] = 0.8 * 1.29
    end_s, kept_s = rr_intervals(np.concatenate([[0], np.cumsum(rr_s)]))
    want = np.delete(np.arange(30), [5, 10, 15, 16])
    assert kept_s == pytest.approx(rr_s[want])
    assert end_s == pytest.approx(np.cumsum(rr_s)[want])


def test_too_few_beats_make_no_interval() -> None:
    for beats_s in ([], [1.0], [1.0, 9.0]):
        end_s, rr_s = rr_intervals(np.array(beats_s))
        assert len(end_s) == len(rr_s) == 0
