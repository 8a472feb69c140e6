"""A denoiser gives the same for a recording at once, in pieces, and as its samples come."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soxr

from datasets.clean_ecg import cut
from datasets.clean_records import database_of, find_records, read_leads
from datasets.clean_scale import SegmentScale
from datasets.noise import read_noise, split_noise
from datasets.noise_mix import GROUPS, at_snr, long_mixture
from orchestration.staging import denoiser as module
from orchestration.staging.denoiser import Denoiser
from orchestration.staging.ecg_scale import EcgScale, estimated
from orchestration.staging.gaps import without_gaps
from tests.denoisers import a_denoiser
from tests.ecg_nights import an_ecg

SCALE = EcgScale(0.05, 0.6)
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def gappy(hz: float, minutes: int = 3) -> np.ndarray:
    """A drawn heart with short gaps, long ones, and both ends missing."""
    ecg = an_ecg(hz, minutes)
    for start_s, length_s in ((0, 0.4), (20, 0.3), (30, 0.9999), (40, 12), (70, 1.5), (179.5, 1)):
        ecg[round(start_s * hz) : round((start_s + length_s) * hz)] = np.nan
    ecg[round(90 * hz) : round(90.2 * hz)] = np.inf
    return ecg


def pushed(ecg: np.ndarray, hz: float, longest: int, scale: EcgScale | None) -> list[np.ndarray]:
    """All that comes of chunks of random lengths."""
    live, rng, at = a_denoiser().live(hz, scale), np.random.default_rng(longest), 0
    given = []
    while at < len(ecg):
        size = int(rng.integers(0, longest))
        given.append(live.push(ecg[at : at + size]))
        at += size
    return [*given, live.end()]


@pytest.mark.parametrize("piece_s", [1, 10, 600])
def test_pieces_give_what_one_pass_gives(monkeypatch: pytest.MonkeyPatch, piece_s: int) -> None:
    monkeypatch.setattr(module, "PIECE_S", piece_s)
    ecg, denoiser = an_ecg(360.0, 2)[:-13], a_denoiser()
    expected = denoiser.at_once(ecg, SCALE)
    assert expected.std() > 0.05
    np.testing.assert_allclose(denoiser.whole(ecg, 360.0, SCALE), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("hz", "longest"), [(360.0, 40), (360.0, 9_000), (200.0, 5_000), (256 * 1.0000163, 20_000)]
)
def test_random_chunks_give_what_the_whole_recording_gives(hz: float, longest: int) -> None:
    ecg = gappy(hz) if longest > 40 else gappy(hz)[: round(45 * hz)]
    found = np.concatenate(pushed(ecg, hz, longest, SCALE))
    expected = a_denoiser().whole(ecg, hz, SCALE)
    assert np.nanstd(expected) > 0.05
    np.testing.assert_allclose(found, expected, atol=1e-5)  # NaN where NaN


def test_what_is_missing_stays_missing_and_nothing_else_becomes_so() -> None:
    ecg = gappy(200.0)
    found = a_denoiser().whole(ecg, 200.0)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(found), ~np.isfinite(ecg))


def test_short_gaps_are_bridged_and_long_ones_lie_at_the_level() -> None:
    ecg = np.arange(4000, dtype=np.float32)
    for first, last in ((0, 50), (500, 600), (1000, 1101), (3950, 4000)):  # a second is 100
        ecg[first:last] = np.nan
    expected = np.arange(4000, dtype=np.float32)
    expected[:50] = expected[1000:1101] = expected[3950:] = 7.0
    np.testing.assert_allclose(without_gaps(ecg, 100.0, 7.0), expected)


def test_the_live_scale_is_that_of_the_first_minute() -> None:
    ecg = an_ecg(360.0, 2)
    given = pushed(ecg, 360.0, 3_000, None)
    first = sum(map(len, given[: next(i for i, g in enumerate(given) if len(g))]))
    assert first == 0
    scale = estimated(ecg[: 60 * 360], 360.0)
    expected = a_denoiser().whole(ecg, 360.0, scale)
    np.testing.assert_allclose(np.concatenate(given), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("hz", "resampling_s"),
    [(360.0, 0), (100.0, 0.8311), (256 * 1.0000163, 0.3279), (500.0, 0.2327)],
)
def test_samples_come_the_stated_time_behind(hz: float, resampling_s: float) -> None:
    live, ecg = a_denoiser().live(hz, SCALE), an_ecg(hz, 1)
    alone = (a_denoiser().spec.halo + 19) / 360
    assert live.delay_s - alone == pytest.approx(resampling_s, rel=1e-3, abs=0)
    received = given = 0
    for chunk in np.array_split(ecg, 200):
        received += len(chunk)
        given += len(live.push(chunk))
        assert received - given <= live.delay_s * hz


def test_an_ended_recording_takes_no_more_and_a_minute_is_not_needed() -> None:
    live = a_denoiser().live(360.0)
    assert not len(live.push(an_ecg(360.0, 1)[:1000]))
    assert len(live.end()) == 1000
    assert not len(live.end())
    with pytest.raises(ValueError, match="was ended"):
        live.push(np.zeros(3, np.float32))


@pytest.mark.parametrize("ecg", [np.empty(0), np.full(5000, np.nan), np.zeros(3), np.zeros(5000)])
def test_nothing_to_denoise_is_no_error(ecg: np.ndarray) -> None:
    denoiser = a_denoiser()
    for hz in (360.0, 200.0):
        whole = denoiser.whole(ecg, hz)
        live = denoiser.live(hz)
        np.testing.assert_array_equal(np.isnan(whole), np.isnan(ecg))
        assert len(live.push(ecg)) + len(live.end()) == len(ecg)


def indifferent() -> Denoiser:
    """A denoiser that leaves everything as it is, and takes no time for it."""
    return replace(a_denoiser(), network=lambda samples: samples[None])


@pytest.mark.parametrize("hz", [100.0, 360.0, 1000.0])
def test_a_denoiser_that_changes_nothing_leaves_what_its_rate_can_hold(hz: float) -> None:
    ecg = soxr.resample(an_ecg(90.0, 2), 90.0, hz, quality="VHQ")  # of less than 45 Hz
    found = indifferent().whole(ecg, hz)
    inside = slice(round(hz), -round(hz))  # ends ring
    np.testing.assert_allclose(found[inside], ecg[inside], atol=2e-3)


def test_memory_does_not_grow_with_the_chunks_that_came() -> None:
    live = replace(indifferent()).live(360.0, SCALE)
    chunk, peaks = an_ecg(360.0, 1), []
    tracemalloc.start()
    try:
        for _ in range(6):
            tracemalloc.reset_peak()
            live.push(chunk)
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert peaks[-1] < 1.1 * peaks[1]


@pytest.mark.parametrize("change", [lambda x: 3 * x + 0.7, lambda x: -1e-6 * x])
def test_a_scale_follows_gain_and_offset(change: Callable[[np.ndarray], np.ndarray]) -> None:
    ecg = an_ecg(200.0, 2).astype(np.float64)
    before, after = estimated(ecg, 200.0), estimated(change(ecg), 200.0)
    np.testing.assert_allclose(after.middle, change(np.array(before.middle)), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(
        after.applied(change(ecg)) ** 2, before.applied(ecg) ** 2, rtol=1e-3
    )


def test_half_a_recording_of_noise_does_not_move_the_scale_far() -> None:
    ecg = an_ecg(200.0, 10)
    expected = estimated(ecg, 200.0)
    ecg[:50_000] += np.random.default_rng(0).normal(0, 20, 50_000).astype(np.float32)
    ecg[100_000:110_000] = np.nan
    assert estimated(ecg, 200.0).half < 1.3 * expected.half


@pytest.mark.skipif(not (DATA / "nstdb").is_dir(), reason="no MIT-BIH records beside the checkout")
@pytest.mark.parametrize(("snr_db", "most"), [(np.inf, 1.15), (6.0, 1.25), (0.0, 1.6)])
def test_the_scale_of_real_ecg_is_that_of_its_clean_segments(snr_db: float, most: float) -> None:
    path = DATA / "mitdb" / "101.hea"
    lead = read_leads(path, database_of(DATA / "mitdb", find_records(DATA / "mitdb")))[0]
    clean = lead.samples[: 600 * 360].astype(np.float64)
    half = np.median(SegmentScale.of(cut(lead).samples[:60]).half)
    noise = split_noise(read_noise(DATA / "nstdb")).test
    for seed, group in enumerate(GROUPS):
        added = at_snr(clean, long_mixture(noise, group, len(clean), seed), snr_db)
        assert 1 / most < estimated(clean + added, 360.0).half / half < most
