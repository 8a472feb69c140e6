"""Beats and heart rate: those that were drawn, those that cardiologists marked, none elsewhere."""

import sys
from pathlib import Path

import numpy as np
import pytest

from datasets.recording import Hypnogram
from datasets.signals import resample
from datasets.synthetic_signals import draw_beats, draw_ecg
from orchestration.evidence.beats import rr_intervals
from orchestration.staging.heart import listen, plausible
from orchestration.staging.quality import assess

MITDB = Path(__file__).parents[2] / "shared" / "data" / "mitdb"
SECONDS = 300
BEATS = set("NLRBAaJSVrFejnE/fQ?")  # annotation codes of heart beats
TOLERANCE_S = 0.15  # ANSI/AAMI EC57
BODY = Hypnogram(30.0 * np.arange(10), 30.0, np.arange(10, dtype=np.int8) % 5)
NOTHING_UNUSABLE = np.zeros(SECONDS, bool)


def drawn(hz: float) -> tuple[np.ndarray, np.ndarray]:
    """The beats of a heart, and the ECG that shows them."""
    samples = int(SECONDS * hz)
    beats_s, _ = draw_beats(BODY, samples / hz, np.random.default_rng(1))
    return beats_s, draw_ecg(BODY, samples, hz, np.random.default_rng(1))


def found_of(beats_s: np.ndarray, marked_s: np.ndarray) -> float:
    """Share of the marked beats that have one within the tolerance."""
    nearest = np.abs(beats_s[:, None] - marked_s).min(0)
    return float((nearest <= TOLERANCE_S).mean())


@pytest.mark.parametrize("hz", [75.0, 100.0, 256 * 1.0000163, 500.0, 1000.0])
def test_the_beats_found_are_those_that_were_drawn(hz: float) -> None:
    beats_s, ecg = drawn(hz)
    heart = listen(ecg, hz, NOTHING_UNUSABLE)
    assert heart is not None
    beats_s = beats_s[beats_s < SECONDS - 0.1]
    assert len(heart.beats_s) == pytest.approx(len(beats_s), abs=1)
    assert np.abs(heart.beats_s[:, None] - beats_s).min(1).max() < 0.02


def test_the_rate_is_that_of_the_intervals_that_end_in_each_half_minute() -> None:
    beats_s, ecg = drawn(200.0)
    heart = listen(ecg, 200.0, NOTHING_UNUSABLE)
    assert heart is not None
    rr_s, end_s = np.diff(beats_s), beats_s[1:]
    want = [60 / np.median(rr_s[(end_s >= s) & (end_s < s + 30)]) for s in range(0, SECONDS, 30)]
    np.testing.assert_allclose(heart.rate_bpm, want, rtol=0.02)


def test_no_beat_and_no_interval_lies_where_the_signal_cannot_be_used() -> None:
    hz = 256 * 1.0000163
    _, ecg = drawn(hz)
    ecg[round(61 * hz) : round(79 * hz)] = np.nan
    ecg[round(120 * hz) : round(150 * hz)] = 0
    ecg[round(200 * hz) : round(210 * hz)] += np.random.default_rng(0).normal(0, 3, round(10 * hz))
    unusable = assess(ecg, hz).unusable
    heart = listen(ecg, hz, unusable)
    assert heart is not None
    assert not unusable[heart.beats_s.astype(int)].any()
    assert np.isnan(heart.rate_bpm[[2, 4]]).all()  # 12 s and none are left of 30
    assert np.isfinite(np.delete(heart.rate_bpm, [2, 4])).all()
    assert np.nanmax(heart.rate_bpm) < 90
    assert np.nanmin(heart.rate_bpm) > 40


def test_beats_after_an_hour_without_signal_are_found_again() -> None:
    hz = 128.0
    beats_s, ecg = drawn(hz)
    unusable = np.repeat([False, True, False], [SECONDS, 3600, SECONDS])
    heart = listen(np.concatenate([ecg, np.full(round(3600 * hz), np.nan), ecg]), hz, unusable)
    assert heart is not None
    want = np.concatenate([beats_s, beats_s + 3600 + SECONDS])
    assert len(heart.beats_s) == pytest.approx(len(want), abs=4)
    assert len(heart.rate_bpm) == (3600 + 2 * SECONDS) // 30


@pytest.mark.parametrize("seconds", [0, 1, 40])
def test_where_nothing_moves_or_nothing_is_usable_no_heart_beats(seconds: int) -> None:
    hz, still = 200.0, np.zeros(seconds * 200, np.float32)
    late = still.copy()
    late[-100:] = 1
    noise = np.random.default_rng(0).normal(size=len(still)).astype(np.float32)
    for ecg, unusable in ((still, False), (late, False), (noise, True), (still * np.nan, False)):
        heart = listen(ecg, hz, np.full(seconds, unusable))
        assert heart is not None
        assert len(heart.beats_s) == 0
        assert np.isnan(heart.rate_bpm).all()
        assert len(heart.rate_bpm) == seconds // 30


def test_without_a_detector_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sleepecg.heartbeats", None)
    assert listen(drawn(100.0)[1], 100.0, NOTHING_UNUSABLE) is None


def test_plausible_intervals_are_those_of_the_rr_baseline_where_both_allow_them() -> None:
    rng = np.random.default_rng(0)
    rr_s = rng.uniform(0.7, 0.9, 500) * rng.choice([1, 1, 1, 1.5, 0.6], 500)
    _, want = rr_intervals(np.concatenate([[0], np.cumsum(rr_s)]))
    assert 200 < len(want) < 500
    assert rr_s[plausible(rr_s)] == pytest.approx(want)


def test_intervals_that_no_heart_has_are_left_out() -> None:
    rr_s = np.full(30, 0.8)
    rr_s[[3, 9, 15, 16]] = 0.1, 3.5, 0.5, 1.1
    assert np.flatnonzero(~plausible(rr_s)).tolist() == [3, 9, 15, 16]
    assert plausible(np.array([0.1, 4.0])).tolist() == [False, False]
    assert plausible(np.empty(0)).tolist() == []


@pytest.mark.skipif(not MITDB.exists(), reason="no real recordings beside the repository")
@pytest.mark.filterwarnings("ignore:The inplace keyword")  # pandas 3, of wfdb 4.3
@pytest.mark.parametrize("hz", [128.0, 360.0, 500.0])
@pytest.mark.parametrize("name", ["101", "223"])
def test_real_beats_are_found_as_annotated(name: str, hz: float) -> None:
    wfdb = pytest.importorskip("wfdb")
    record = wfdb.rdrecord(str(MITDB / name), channels=[0])
    notes = wfdb.rdann(str(MITDB / name), "atr")
    marked_s = notes.sample[[symbol in BEATS for symbol in notes.symbol]] / 360
    ecg = resample(record.p_signal[:, 0].astype(np.float32), 360.0, hz)
    heart = listen(ecg, hz, assess(ecg, hz).unusable)
    assert heart is not None
    assert found_of(heart.beats_s, marked_s) > 0.997  # sensitivity
    assert found_of(marked_s, heart.beats_s) > 0.997  # positive predictivity
