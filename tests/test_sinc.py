"""Resampling with numpy alone: held to SoX's resampler and to sines whose result is known."""

import sys

import numpy as np
import pytest
import soxr

from datasets.signals import resample
from datasets.sinc import SincStream, resample_by_sinc

RATES = [256.0, 256 * 1.0000163, 250.0, 500.0, 360.0, 128.0, 100.0]


def decibels(found: np.ndarray, expected: np.ndarray) -> float:
    """Power of the difference over that of what is expected, away from the ends."""
    middle = slice(400, -400)
    power = np.mean((found[middle] - expected[middle]) ** 2) / np.mean(expected[middle] ** 2)
    return float(10 * np.log10(power))


TONES = [(hz, t) for hz in RATES for t in (0.3, 7.0, 30.0, 44.0, 85.0) if t < 0.45 * min(hz, 200)]


@pytest.mark.parametrize(("hz", "tone_hz"), TONES)
def test_a_tone_below_nine_tenths_of_the_band_is_passed_exactly(hz: float, tone_hz: float) -> None:
    n = round(60 * hz)
    found = resample_by_sinc(np.sin(2 * np.pi * tone_hz * np.arange(n) / hz), hz, 200.0)
    expected = np.sin(2 * np.pi * tone_hz * np.arange(len(found)) / 200)
    assert len(found) == round(n * 200 / hz)
    assert decibels(found, expected) < -80


@pytest.mark.parametrize("hz", [256.0, 500.0, 1000.0])
@pytest.mark.parametrize("tone_hz", [105.0, 110.0, 125.0])
def test_a_tone_that_would_alias_is_weakened_by_eighty_decibels(hz: float, tone_hz: float) -> None:
    tone = np.sin(2 * np.pi * tone_hz * np.arange(round(60 * hz)) / hz)
    found = resample_by_sinc(tone, hz, 200.0)[400:-400]
    assert 10 * np.log10(np.mean(found**2) / np.mean(tone**2)) < -80


@pytest.mark.parametrize("hz", RATES)
def test_an_ecg_comes_out_as_sox_has_it(hz: float) -> None:
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft(rng.standard_normal(round(60 * hz)))
    spectrum[np.fft.rfftfreq(round(60 * hz), 1 / hz) > 40] = 0
    ecg = np.fft.irfft(spectrum).astype(np.float32)
    expected = soxr.resample(ecg, hz, 200.0, quality="VHQ")
    found = resample_by_sinc(ecg, hz, 200.0)
    assert found.dtype == np.float32
    assert abs(len(found) - len(expected)) <= 1
    length = min(len(found), len(expected))
    assert decibels(found[:length], expected[:length]) < -80


@pytest.mark.parametrize("to_hz", [100.0, 360.0])
@pytest.mark.parametrize("hz", [128.0, 250.0, 256 * 1.0000163, 1000.0])
@pytest.mark.parametrize("longest", [3, 1000])
def test_chunks_give_what_the_whole_gives(hz: float, to_hz: float, longest: int) -> None:
    rng = np.random.default_rng(longest)
    whole = rng.normal(size=2000).astype(np.float32)
    stream, at, found = SincStream(hz, to_hz), 0, []
    while at < len(whole):
        size = int(rng.integers(longest))
        found.append(stream.resample_chunk(whole[at : at + size]))
        at += size
        behind_s = min(at, len(whole)) / hz - sum(map(len, found)) / to_hz
        assert behind_s <= stream.delay_s + 1e-9 < 0.5
    found.append(stream.resample_chunk(whole[:0], last=True))
    np.testing.assert_array_equal(np.concatenate(found), resample_by_sinc(whole, hz, to_hz))


def test_a_stream_of_nothing_gives_nothing() -> None:
    stream = SincStream(250.0, 100.0)
    assert stream.resample_chunk(np.empty(0, np.float32)).shape == (0,)
    assert stream.resample_chunk(np.empty(0, np.float32), last=True).shape == (0,)


def test_it_stands_in_where_sox_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soxr", None)
    flat = np.full(1000, 0.5, np.float32)
    np.testing.assert_allclose(resample(flat, 250.0, 200.0), 0.5, atol=1e-6)
    assert resample(flat[:0], 250.0, 200.0).shape == (0,)
    assert resample(flat[:3], 250.0, 200.0).shape == (2,)
