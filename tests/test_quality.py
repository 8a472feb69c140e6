"""Which seconds of an ECG can be staged: made signals, real ones, and a stream's pieces."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datasets.ecg import whole_seconds
from datasets.recording import Hypnogram
from datasets.synthetic_signals import draw_ecg, draw_eeg
from orchestration.staging.noise import BLOCK_S
from orchestration.staging.quality import KINDS, Quality, assess

DATA = Path(__file__).parents[2] / "shared" / "data"
FRACTIONAL_HZ = 256 * 1.0000163
SECONDS = 300
real = pytest.mark.skipif(not DATA.exists(), reason="no real recordings beside the repository")


def drawn(
    hz: float,
    draw: Callable[..., np.ndarray] = draw_ecg,
    seconds: float = SECONDS,
    seed: int = 1,
) -> np.ndarray:
    """An ECG in mV, or an EEG in uV, of somebody who goes through the stages."""
    rng, pages = np.random.default_rng(seed), int(seconds // 30) + 1
    body = Hypnogram(30.0 * np.arange(pages), 30.0, np.arange(pages, dtype=np.int8) % 5)
    return draw(body, int(seconds * hz), hz, rng).astype(np.float32)


def at(hz: float, first_s: float, last_s: float) -> slice:
    return slice(round(first_s * hz), round(last_s * hz))


def seconds_of(flags: np.ndarray) -> list[int]:
    return np.flatnonzero(flags).tolist()


def troubled(hz: float) -> np.ndarray:
    """An ECG with every kind of trouble, and an end that is no whole second."""
    ecg, rng = drawn(hz, seconds=SECONDS + 5.6), np.random.default_rng(3)
    ecg[at(hz, 20.2, 33.7)] = np.nan
    ecg[rng.integers(0, len(ecg), 200)] = np.nan
    ecg[at(hz, 60, 75)] = 0.3
    ecg[at(hz, 100, 104.5)] = 5.0
    ecg[at(hz, 150, 190)] += rng.normal(0, 0.5, len(ecg[at(hz, 150, 190)])).astype(np.float32)
    ecg[at(hz, 295, 400)] = np.nan
    return ecg


@pytest.mark.parametrize("gain", [0.03, 1.0, 1000.0, -1.0])
@pytest.mark.parametrize("hz", [100.0, FRACTIONAL_HZ, 1000.0])
def test_a_clean_ecg_can_be_used_at_any_rate_and_gain(hz: float, gain: float) -> None:
    quality = assess(drawn(hz) * np.float32(gain), hz)
    assert len(quality.unusable) == SECONDS
    assert not quality.unusable[10:].any()  # the first heart beat is drawn late


@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("name", ["eeg", "white noise", "mains", "wander", "square"])
def test_what_is_no_ecg_is_noise_at_any_gain(name: str, gain: float) -> None:
    hz, rng = 200.0, np.random.default_rng(0)
    time_s = np.arange(int(SECONDS * hz)) / hz
    noise = {
        "eeg": drawn(hz, draw_eeg),
        "white noise": rng.normal(0, 10, len(time_s)),
        "mains": 10 * np.sin(2 * np.pi * 50.02 * time_s),
        "wander": 100 * np.sin(2 * np.pi * 0.3 * time_s) + rng.normal(0, 1, len(time_s)),
        "square": 10 * np.sign(np.sin(2 * np.pi * 8.0 * time_s)) + rng.normal(0, 1, len(time_s)),
    }[name]
    assert assess((gain * noise).astype(np.float32), hz).noisy.mean() >= 0.95


def test_a_wandering_baseline_harms_nothing_and_mains_only_where_they_drown_the_heart() -> None:
    hz = 256.0
    ecg, time_s = drawn(hz), np.arange(int(SECONDS * hz)) / hz
    wander = 5 * np.sin(2 * np.pi * 0.15 * time_s) + time_s / 30
    assert assess((ecg + wander).astype(np.float32), hz).unusable[10:].mean() < 0.01
    mains = np.sin(2 * np.pi * 50 * time_s)
    assert not assess((ecg + 0.3 * mains).astype(np.float32), hz).unusable[10:].any()
    assert assess((ecg + 3 * mains).astype(np.float32), hz).noisy.mean() > 0.95


@pytest.mark.parametrize("piece_s", [BLOCK_S, 30, 120])
@pytest.mark.parametrize("hz", [100.7, 256.0, FRACTIONAL_HZ, 256.0163850, 500.0])
def test_aligned_pieces_are_flagged_as_the_whole_is(hz: float, piece_s: int) -> None:
    ecg, limits = troubled(hz), (-5.0, 5.0)
    whole = assess(ecg, hz, limits)
    pieces = [
        assess(ecg[at(hz, first, first + piece_s)], hz, limits, first_second=first)
        for first in range(0, len(whole.missing), piece_s)
    ]
    for kind in KINDS:
        together = np.concatenate([getattr(piece, kind) for piece in pieces])
        assert getattr(whole, kind).any()
        assert together.tolist() == getattr(whole, kind).tolist()


def test_a_piece_that_starts_inside_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="second 15; use a multiple of 10"):
        assess(drawn(200.0), 200.0, first_second=15)


@pytest.mark.parametrize("hz", [100.7, 200.0, FRACTIONAL_HZ])
def test_a_second_is_missing_where_more_than_half_of_it_is(hz: float) -> None:
    ecg = drawn(hz)
    ecg[at(hz, 12, 14)] = np.nan
    ecg[at(hz, 50.3, 50.7)] = np.nan
    ecg[at(hz, 80.2, 80.9)] = np.inf
    quality = assess(ecg, hz)
    assert seconds_of(quality.missing) == [12, 13, 80]
    assert seconds_of(quality.unusable[10:]) == [2, 3, 70]  # the gaps make nothing else noisy


@pytest.mark.parametrize("hz", [100.7, 200.0, FRACTIONAL_HZ])
def test_a_signal_that_stands_still_is_flat_in_blocks_of_two_seconds(hz: float) -> None:
    ecg = drawn(hz)
    ecg[at(hz, 40, 60)] = 0.2
    ecg[at(hz, 101, 105)] = 0.001 * ecg[at(hz, 101, 105)]  # by less than 5 uV
    quality = assess(ecg, hz)
    assert seconds_of(quality.flat) == [*range(40, 60), 102, 103]
    assert not (quality.missing | quality.saturated | quality.noisy)[10:].any()


def test_a_recorder_at_its_limits_is_saturated() -> None:
    hz = 200.0
    ecg = drawn(hz)
    ecg[at(hz, 60, 63)] = 4.0
    ecg[at(hz, 80, 84)] = 4.0 - 1e-7
    quality = assess(ecg, hz, limits_mv=(-4.0, 4.0))
    assert seconds_of(quality.saturated) == [60, 61, 62, 63, 80, 81, 82, 83]
    assert not (quality.flat | quality.noisy)[10:].any()


@pytest.mark.parametrize("rail", [-3.0, 3.0])
def test_without_known_limits_a_long_stay_at_an_extreme_is_saturated(rail: float) -> None:
    hz = 200.0
    ecg = drawn(hz)
    ecg[at(hz, 60.5, 61.5)] = rail
    ecg[at(hz, 80.2, 81.9)] = rail
    assert seconds_of(assess(ecg, hz).saturated) == [60, 61, 80, 81]


@pytest.mark.parametrize("limits", [None, (-4.0, 0.6)])
def test_clipped_peaks_and_a_coarse_line_at_rest_are_not_saturated(
    limits: tuple[float, float] | None,
) -> None:
    hz = 256.0
    clipped = np.minimum(drawn(hz), np.float32(0.6))
    assert not assess(clipped, hz, limits).saturated.any()
    coarse = np.maximum(np.round(drawn(hz) / 0.15) * 0.15, 0).astype(np.float32)
    assert not assess(coarse, hz, limits).unusable[10:].any()


def test_half_a_block_of_noise_is_judged_without_its_flat_half() -> None:
    hz, rng = 200.0, np.random.default_rng(0)
    ecg = drawn(hz)
    ecg[at(hz, 50, 54)] = 0
    ecg[at(hz, 54, 60)] = rng.normal(0, 1, round(6 * hz))
    quality = assess(ecg, hz)
    assert seconds_of(quality.flat) == [50, 51, 52, 53]
    assert seconds_of(quality.noisy[10:]) == [*range(44, 50)]


def test_the_last_block_is_judged_by_what_there_is() -> None:
    hz, noise = 200.0, np.random.default_rng(0).normal(0, 1, 800).astype(np.float32)
    ended = np.concatenate([drawn(hz), noise])
    assert seconds_of(assess(ended, hz).unusable[10:]) == [290, 291, 292, 293]
    assert not assess(drawn(hz, seconds=34.0), hz).unusable[10:].any()
    assert not assess(ended[: 301 * 200], hz).noisy[300]  # a second alone tells nothing


@pytest.mark.parametrize("samples", [0, 1, 199, 200, 401])
def test_a_short_recording_has_as_many_flags_as_whole_seconds(samples: int) -> None:
    quality = assess(np.zeros(samples, np.float32), 200.0)
    assert [len(getattr(quality, kind)) for kind in KINDS] == [samples // 200] * 4
    assert quality.flat.all()


def test_shares_are_of_all_seconds() -> None:
    flags = np.zeros((4, 10), bool)
    flags[0, :2] = flags[3, 5:] = True
    shares = Quality(missing=flags[0], flat=flags[1], saturated=flags[2], noisy=flags[3]).shares
    assert shares == {"missing": 0.2, "flat": 0, "saturated": 0, "noisy": 0.5, "unusable": 0.7}
    assert assess(np.zeros(0, np.float32), 200.0).shares["unusable"] == 0


@real
def test_real_ecg_can_be_used_and_real_noise_cannot() -> None:
    wfdb = pytest.importorskip("wfdb")
    for name in ("101", "112", "115", "122", "220"):
        record = wfdb.rdrecord(str(DATA / "mitdb" / name), channels=[0])
        assert assess(record.p_signal[:, 0].astype(np.float32), 360.0).unusable.mean() < 0.01
    for name in ("bw", "em", "ma"):
        for lead in wfdb.rdrecord(str(DATA / "nstdb" / name)).p_signal.T:
            assert assess(lead.astype(np.float32), 360.0).unusable.mean() > 0.9


@pytest.mark.parametrize("hz", [10.25, 128.25, 250.25, 256.5, 256.75])
def test_every_length_at_a_fractional_rate_is_judged(hz: float) -> None:
    noise = np.random.default_rng(0).standard_normal(round(90 * hz)).astype(np.float32)
    for samples in range(round(20 * hz), len(noise), 7):
        assert len(assess(noise[:samples], hz).noisy) == whole_seconds(samples, hz)
