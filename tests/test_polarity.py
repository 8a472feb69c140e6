"""Which way up an ECG is, and silence where it cannot be told."""

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, resample, sosfiltfilt

from datasets.recording import Hypnogram
from datasets.synthetic_signals import draw_beats, draw_ecg, draw_eeg
from orchestration.staging.heart import listen
from orchestration.staging.noise import GRID_HZ, QRS_HZ, qrs_band
from orchestration.staging.polarity import upside_down

MITDB = Path(__file__).parents[2] / "shared" / "data" / "mitdb"
SECONDS = 300
BODY = Hypnogram(30.0 * np.arange(10), 30.0, np.arange(10, dtype=np.int8) % 5)


def heard(ecg: np.ndarray, hz: float) -> bool | None:
    """The answer by the beats that are found in it."""
    heart = listen(ecg, hz, np.zeros(int(len(ecg) / hz), bool))
    assert heart is not None
    return upside_down(ecg, hz, heart.beats_s)


def drawn(hz: float, seed: int = 1) -> np.ndarray:
    return draw_ecg(BODY, int(SECONDS * hz), hz, np.random.default_rng(seed))


def biphasic(hz: float) -> np.ndarray:
    """Complexes that go up and down alike, under some noise."""
    beats_s, _ = draw_beats(BODY, SECONDS, np.random.default_rng(1))
    at_s = np.arange(int(SECONDS * hz)) / hz
    from_beat_s = at_s - beats_s[np.abs(at_s[:, None] - beats_s[None]).argmin(1)]
    complexes = from_beat_s / 0.015 * np.exp(-0.5 * (from_beat_s / 0.015) ** 2)
    noise = 0.02 * np.random.default_rng(0).standard_normal(len(at_s))
    return np.asarray(complexes + noise, np.float32)


@pytest.mark.parametrize("gain", [0.01, 1.0, 1000.0])
@pytest.mark.parametrize("hz", [100.0, 256 * 1.0000163, 1000.0])
def test_an_upright_ecg_is_upright_and_a_turned_one_is_not(hz: float, gain: float) -> None:
    ecg = np.float32(gain) * drawn(hz)
    assert heard(ecg, hz) is False
    assert heard(-ecg, hz) is True
    assert upside_down(ecg, hz) is False  # without beats, too
    assert upside_down(-ecg, hz) is True


def test_gaps_artefacts_and_a_wandering_baseline_do_not_turn_it() -> None:
    hz = 200.0
    ecg = drawn(hz) + 3 * np.sin(2 * np.pi * 0.1 * np.arange(int(SECONDS * hz)) / hz)
    ecg = ecg.astype(np.float32)
    ecg[10_000:14_000] = np.nan
    ecg[20_000:24_000] = -5
    ecg[30_000::2_000] = -4
    assert heard(np.nan_to_num(ecg), hz) is False
    assert upside_down(ecg, hz, np.arange(1.0, SECONDS)) is None  # those are no beats
    assert upside_down(ecg, hz) is False


@pytest.mark.parametrize("sign", [1, -1])
def test_of_biphasic_complexes_nothing_is_said(sign: int) -> None:
    ecg = sign * biphasic(200.0)
    assert heard(ecg, 200.0) is None
    assert upside_down(ecg, 200.0) is None


def test_of_what_is_no_ecg_nothing_is_said() -> None:
    hz, rng = 200.0, np.random.default_rng(0)
    eeg = draw_eeg(BODY, int(SECONDS * hz), hz, rng)
    for signal in (eeg, rng.standard_normal(60_000, dtype=np.float32)):
        assert heard(signal, hz) is None
        assert upside_down(signal, hz) is None


@pytest.mark.parametrize("samples", [0, 100, 2000, 60_000])
def test_of_nothing_nothing_is_said(samples: int) -> None:
    for ecg in (np.zeros(samples, np.float32), np.full(samples, np.nan, np.float32)):
        assert upside_down(ecg, 200.0) is None
        assert upside_down(ecg, 200.0, np.array([1.0, 5.0])) is None


@pytest.mark.parametrize("hz", [128.0, 256 * 1.0000163, 1000.0])
def test_the_band_of_the_qrs_complex_is_that_of_scipy(hz: float) -> None:
    row = drawn(hz)[round(10 * hz) :]
    row = row[: int(10 * hz)].astype(np.float64)
    (band,), (share,) = qrs_band(row[None], hz)
    sos = butter(6, QRS_HZ, "bandpass", fs=hz, output="sos")
    want = resample(sosfiltfilt(sos, row - row.mean()), 10 * GRID_HZ)
    inside = slice(GRID_HZ, -GRID_HZ)
    assert np.corrcoef(band[inside], want[inside])[0, 1] > 0.98
    assert np.std(band) == pytest.approx(np.std(want), rel=0.1)
    assert 0.3 < share < 1


@pytest.mark.skipif(not MITDB.exists(), reason="no real recordings beside the repository")
@pytest.mark.parametrize(
    ("name", "lead", "answer"),
    [("101", 0, False), ("122", 0, False), ("215", 0, False), ("115", 1, True), ("118", 0, None)],
)
def test_real_leads(name: str, lead: int, answer: bool | None) -> None:
    wfdb = pytest.importorskip("wfdb")
    record = wfdb.rdrecord(str(MITDB / name), channels=[lead])
    ecg = record.p_signal[:, 0].astype(np.float32)
    assert heard(ecg, 360.0) is answer
    assert heard(-ecg, 360.0) is (None if answer is None else not answer)
