"""Units, derivations, resampling, scaling, flatness."""

import numpy as np
import pytest

from datasets.recording import Signal
from datasets.signals import (
    RATE_HZ,
    convert,
    derive,
    is_flat,
    resample,
    robust_scale,
    segment_scale,
)

MASS_HZ = 256 / 0.999936
HOURS_9 = 9 * 3600


def tone(hz: float, rate_hz: float, seconds: float = 40.0) -> np.ndarray:
    return np.asarray(np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz))


def middle(samples: np.ndarray) -> np.ndarray:
    """Without the second at each end, where a filter meets the edge."""
    return samples[RATE_HZ:-RATE_HZ].astype(np.float64)


@pytest.mark.parametrize("from_hz", [MASS_HZ, 2 * MASS_HZ, 256.0, 500.0])
@pytest.mark.parametrize("hz", [0.5, 10.3, 47.0, 75.0, 90.0])
def test_tones_up_to_90_hz_pass_within_a_twentieth_of_a_decibel(hz: float, from_hz: float) -> None:
    passed = middle(resample(tone(hz, from_hz).astype(np.float32), from_hz, RATE_HZ))
    assert abs(20 * np.log10(passed.std() * np.sqrt(2))) < 0.05


@pytest.mark.parametrize("hz", [104.0, 108.0, 121.0, 127.0, 160.0, 199.0, 255.0])
def test_tones_from_104_hz_lose_80_decibels(hz: float) -> None:
    from_hz = 2 * MASS_HZ
    left = middle(resample(tone(hz, from_hz).astype(np.float32), from_hz, RATE_HZ))
    assert 20 * np.log10(left.std() * np.sqrt(2)) < -80


def test_aliases_of_a_256_hz_signal_lose_80_decibels() -> None:
    left = middle(resample(tone(104.0, MASS_HZ).astype(np.float32), MASS_HZ, RATE_HZ))
    assert 20 * np.log10(left.std() * np.sqrt(2)) < -80


def test_a_resampled_tone_is_the_tone_drawn_at_the_new_rate() -> None:
    got = middle(resample(tone(23.7, MASS_HZ).astype(np.float32), MASS_HZ, RATE_HZ))
    np.testing.assert_allclose(got, middle(tone(23.7, RATE_HZ))[: len(got)], atol=1e-5)


@pytest.mark.parametrize("from_hz", [MASS_HZ, 2 * MASS_HZ])
def test_an_impulse_keeps_its_time_over_nine_hours(from_hz: float) -> None:
    night = np.zeros(round(HOURS_9 * from_hz), np.float32)
    at = np.linspace(1000, len(night) - 1000, 7).astype(int)
    night[at] = 1.0
    resampled = resample(night, from_hz, RATE_HZ)
    for expected in at / from_hz * RATE_HZ:
        near = np.arange(round(expected) - 20, round(expected) + 21)
        energy = resampled[near].astype(float) ** 2
        assert abs((energy * near).sum() / energy.sum() - expected) < 0.01


def test_a_step_keeps_its_time_at_the_end_of_a_night() -> None:
    night = np.zeros(round(HOURS_9 * MASS_HZ), np.float32)
    night[-5000:] = 1.0
    expected = (len(night) - 5000.5) / MASS_HZ * RATE_HZ
    risen = np.flatnonzero(resample(night, MASS_HZ, RATE_HZ) > 0.5)[0]
    assert 0 <= risen - expected < 1


def test_resampling_keeps_length_dtype_and_an_equal_rate_to_the_bit() -> None:
    samples = tone(3.0, MASS_HZ).astype(np.float32)
    assert len(resample(samples, MASS_HZ, RATE_HZ)) == round(len(samples) / MASS_HZ * RATE_HZ)
    assert resample(samples, MASS_HZ, RATE_HZ).dtype == np.float32
    assert resample(samples, 200.0, RATE_HZ) is samples


@pytest.mark.parametrize(
    ("unit", "to", "factor"),
    [("V", "uV", 1e6), ("uV", "mV", 1e-3), ("µV", "uV", 1.0), ("μV", "mV", 1e-3), ("mV", "mV", 1)],
)
def test_units_of_voltage_are_converted(unit: str, to: str, factor: float) -> None:
    samples = np.array([2.0, -3.0], np.float32)
    np.testing.assert_allclose(convert(samples, unit, to), samples * factor, rtol=1e-6)
    assert convert(samples, unit, to).dtype == np.float32


def test_an_unknown_unit_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unit 'bpm' is unknown; known are \['V', 'mV'"):
        convert(np.ones(1, np.float32), "bpm", "uV")


def test_a_derivation_subtracts_and_says_so() -> None:
    a = Signal("EEG C3-CLE", np.array([3.0, 5.0]), 200.0, "uV")
    b = Signal("EEG A2-CLE", np.array([1.0, 1.0]), 200.0, "uV")
    derived = derive(a, b)
    assert derived.samples.tolist() == [2.0, 4.0]
    assert (derived.label, derived.hz) == ("EEG C3-CLE - EEG A2-CLE", 200.0)


def test_a_derivation_brings_both_signals_to_one_rate() -> None:
    a = Signal("C3", tone(5.0, MASS_HZ), MASS_HZ, "uV")
    b = Signal("A2", tone(5.0, 2 * MASS_HZ), 2 * MASS_HZ, "uV")
    assert np.abs(middle(derive(a, b).samples)).max() < 1e-6


def test_a_night_is_scaled_by_its_median_and_interquartile_range() -> None:
    scaled = robust_scale(np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 1000.0]], np.float32))
    # quartiles by hand: 1.25, 2.5, 3.75
    np.testing.assert_allclose(scaled[0], [-1.0, -0.6, -0.2], rtol=1e-6)
    assert scaled[1, 2] == 20.0
    assert scaled.dtype == np.float32


def test_quartiles_of_a_sample_of_the_night_stand_for_the_night() -> None:
    night = np.random.default_rng(0).normal(3.0, 5.0, (300, 6000)).astype(np.float32)
    low, half, high = np.percentile(robust_scale(night), (25, 50, 75))
    assert abs(half) < 0.01
    assert abs(high - low - 1) < 0.01


def test_a_segment_is_stretched_to_zero_and_one_and_a_flat_one_is_zero() -> None:
    scaled = segment_scale(np.array([[2.0, 4.0, 3.0], [7.0, 7.0, 7.0]], np.float32))
    assert scaled.tolist() == [[0.0, 1.0, 0.5], [0.0, 0.0, 0.0]]
    assert scaled.dtype == np.float32


def test_constant_and_stuck_signals_are_flat_and_a_quiet_eeg_is_not() -> None:
    rng = np.random.default_rng(1)
    constant = np.full(6000, 499.9)
    stuck = np.where(np.arange(6000) < 4500, 500.0, -500.0)  # an amplifier between its limits
    quiet = rng.normal(0, 1.0, 6000)
    rows = np.stack([constant, stuck, quiet]).astype(np.float32)
    assert is_flat(rows, RATE_HZ, "uV").tolist() == [True, True, False]


def test_a_pulse_a_second_is_no_flat_ecg_whatever_lies_between() -> None:
    ecg = np.zeros(6000, np.float32)
    ecg[::180] = 0.4
    assert not is_flat(ecg, RATE_HZ, "mV")
