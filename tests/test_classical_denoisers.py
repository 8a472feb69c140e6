"""What every classical denoiser must do: take the drift, keep the beat, change nothing else."""

import numpy as np
import pytest
from scipy.signal import butter, filtfilt

from orchestration.denoising.classical import BAND_HZ, BAND_ORDER, CLASSICAL
from orchestration.denoising.measures import measured
from tests.wfdb_folders import drawn_ecg

HZ = 360.0
AT_S = np.arange(3600) / HZ
DRIFT = np.sin(2 * np.pi * 0.1 * AT_S + 0.3)[None]
INSIDE = slice(360, -360)  # a second from the edges
_ECG, _BEATS_S = drawn_ecg(10, HZ)
BEATS = np.rint(_BEATS_S * HZ).astype(int)
BEATS = BEATS[(BEATS > 360) & (BEATS < 3240)]


def waves() -> np.ndarray:
    """(1, 3600): the beats alone, 1 mV at R, of a width that a QRS has."""
    from_peak_s = AT_S[:, None] - BEATS / HZ
    return np.asarray(np.exp(-0.5 * (from_peak_s / 0.011) ** 2).sum(1)[None])


each = pytest.mark.parametrize("name", CLASSICAL)


@each
def test_a_slow_drift_is_taken_away(name: str) -> None:
    left = CLASSICAL[name](DRIFT, HZ)
    assert left[:, INSIDE].std() < 0.04 * DRIFT.std()


@each
def test_qrs_keep_their_amplitude_and_their_time_on_a_drift(name: str) -> None:
    got = CLASSICAL[name](waves() + DRIFT, HZ)[0]
    heights = got[BEATS] - np.median(got[INSIDE])
    np.testing.assert_allclose(heights, 1, atol=0.17)
    for beat in BEATS.tolist():
        assert abs(int(got[beat - 30 : beat + 31].argmax()) - 30) <= 1


@each
def test_an_ecg_with_a_drift_comes_nearer_to_the_clean_one(name: str) -> None:
    clean = _ECG[None] - _ECG.mean()
    noisy = clean + DRIFT + 0.1 * np.random.default_rng(0).normal(size=(1, 3600))
    before, after = measured(clean, noisy), measured(clean, CLASSICAL[name](noisy, HZ))
    assert after["SNR"][0] - before["SNR"][0] > 6


@each
def test_zero_stays_zero_and_a_constant_becomes_zero(name: str) -> None:
    np.testing.assert_allclose(CLASSICAL[name](np.zeros((2, 3600)), HZ), 0)
    np.testing.assert_allclose(CLASSICAL[name](np.full((2, 3600), 3.0), HZ), 0, atol=1e-6)


@each
@pytest.mark.parametrize("hz", [128.0, 200.0, 360.0, 500.0])
@pytest.mark.parametrize("samples", [500, 3600, 3601])
def test_shape_and_type_stay_at_any_rate_and_rows_do_not_mix(
    name: str, hz: float, samples: int
) -> None:
    rows = np.random.default_rng(0).normal(size=(3, samples)).astype(np.float32)
    given = rows.copy()
    got = CLASSICAL[name](rows, hz)
    assert got.shape == rows.shape
    assert got.dtype == np.float32
    assert np.isfinite(got).all()
    np.testing.assert_array_equal(rows, given)
    np.testing.assert_allclose(got[1:2], CLASSICAL[name](rows[1:2], hz), atol=1e-6)


@each
def test_twice_the_signal_gives_twice_the_result(name: str) -> None:
    rows = np.random.default_rng(0).normal(size=(2, 3600)).cumsum(1)
    twice = CLASSICAL[name](2 * rows, HZ)
    np.testing.assert_allclose(twice, 2 * CLASSICAL[name](rows, HZ), atol=1e-9)


def test_the_band_pass_is_scipys_filtfilt_of_the_same_filter() -> None:
    rows = np.random.default_rng(0).normal(size=(2, 3600))
    b, a = butter(BAND_ORDER, BAND_HZ, "bandpass", fs=HZ)
    theirs = filtfilt(b, a, rows, padlen=1612)
    np.testing.assert_allclose(CLASSICAL["band-pass"](rows, HZ), theirs, atol=1e-9)
