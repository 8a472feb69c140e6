"""Noise: read as recorded, divided in time with a gap, mixed with exact weights and SNR."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from datasets.noise import KINDS, Noise, NoiseParts, read_noise, split_noise
from datasets.noise_mix import (
    GROUPS,
    at_snr,
    long_mixture,
    mix_at_snr,
    mix_group,
    mixture,
    weights_of,
)
from orchestration.denoising.measures import snr_db
from tests.wfdb_folders import DATA, drawn_ecg, needs_data, wfdb, write_noise, write_record

N = 72_000  # 200 s
CLEAN = np.stack([drawn_ecg(10, 360, seed)[0] for seed in range(4)]).astype(np.float64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_noise(tmp_path_factory.mktemp("noise"))


@pytest.fixture(scope="module")
def noise(folder: Path) -> Noise:
    return read_noise(folder)


@pytest.fixture(scope="module")
def parts(noise: Noise) -> NoiseParts:
    return split_noise(noise)


def drawn(seed: int = 0) -> Noise:
    rng = np.random.default_rng(seed)
    return Noise({kind: rng.normal(size=(2, 9000)) for kind in KINDS}, dict.fromkeys(KINDS, 0))


def test_noise_is_read_with_both_leads_in_millivolts(noise: Noise, folder: Path) -> None:
    for kind in KINDS:
        theirs, _ = wfdb.rdsamp(str(folder / kind))
        np.testing.assert_allclose(noise.signals[kind], theirs.T, atol=1e-6)
        assert noise.span(kind) == (0, N)


def test_noise_of_another_rate_comes_at_360_hz(tmp_path: Path) -> None:
    noise = read_noise(write_noise(tmp_path, seconds=60, hz=250.0))
    assert noise.signals["em"].shape == (2, 21_600)


def test_no_sample_of_noise_is_in_two_parts(parts: NoiseParts, noise: Noise) -> None:
    for kind in KINDS:
        spans = [part.span(kind) for part in parts]
        assert spans[0][0] == 0
        assert spans[-1][1] == N
        for before, after in pairwise(spans):
            assert after[0] - before[1] == 3600  # 10 s that nobody hears
        for part, (first, last) in zip(parts, spans, strict=True):
            np.testing.assert_array_equal(part.signals[kind], noise.signals[kind][:, first:last])
        lengths = [last - first for first, last in spans]
        np.testing.assert_allclose(lengths, (N - 7200) * np.array([0.6, 0.2, 0.2]), atol=1)


def test_what_is_drawn_lies_in_the_parts_own_span_and_uses_both_leads(parts: NoiseParts) -> None:
    rng = np.random.default_rng(0)
    for part in parts:
        leads, offsets = part.draw("ma", 500, 3600, rng)
        pieces = part.pieces("ma", leads, offsets, 3600).astype(np.float64)
        moment = (pieces - 2 - leads[:, None] / 2) * 4 * N  # what each sample tells of itself
        first, last = part.span("ma")
        assert first - 300 < moment.min() < moment.max() < last + 300  # 16 bits tell no better
        assert 200 < leads.sum() < 300
        assert offsets.min() >= 0
        assert offsets.max() <= last - first - 3600
        long = part.stretched("ma", 3 * 3600, rng) % 0.5 * 4 * N
        assert first - 300 < long.min() < long.max() < last + 300


def test_the_first_and_the_last_offset_can_be_drawn() -> None:
    signals = {kind: np.zeros((2, 3602), np.float32) for kind in KINDS}
    _, offsets = Noise(signals, dict.fromkeys(KINDS, 0)).draw(
        "bw", 200, 3600, np.random.default_rng(0)
    )
    assert set(offsets.tolist()) == {0, 1, 2}
    with pytest.raises(ValueError, match="less than the 3603"):
        Noise(signals, dict.fromkeys(KINDS, 0)).draw("bw", 1, 3603, np.random.default_rng(0))


def test_groups_have_the_published_weights() -> None:
    rows = [[weights_of(f"group {k}")[kind] for kind in ("ma", "em", "bw")] for k in (1, 2, 3)]
    assert rows == [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]]
    with pytest.raises(ValueError, match="group 4"):
        weights_of("group 4")


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_the_clean_ecg_plus_the_weighted_noise_as_recorded(group: str) -> None:
    noise, rng = drawn(), np.random.default_rng(5)
    got = mix_group(CLEAN, noise, group, 5)
    want = CLEAN.copy()
    for kind in ("ma", "em", "bw"):
        leads, offsets = noise.draw(kind, len(CLEAN), 3600, rng)
        for row, (lead, offset) in enumerate(zip(leads, offsets, strict=True)):
            piece = noise.signals[kind][lead, offset : offset + 3600]
            want[row] += GROUPS[group][kind] * piece
    np.testing.assert_allclose(got, want, atol=1e-12)
    np.testing.assert_allclose(mixture(noise, group, 4, 3600, 5), want - CLEAN, atol=1e-12)


def test_constant_noise_adds_its_weights() -> None:
    signals = {
        kind: np.full((2, 4000), value, np.float32)
        for kind, value in (("ma", 1), ("em", 10), ("bw", 100))
    }
    noise = Noise(signals, dict.fromkeys(KINDS, 0))
    for group, want in (("group 1", 22.6), ("group 2", 26.2), ("group 3", 62.2)):
        np.testing.assert_allclose(mix_group(CLEAN, noise, group, 0) - CLEAN, want, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("group", GROUPS)
def test_the_snr_is_the_one_asked_for(group: str, dtype: type) -> None:
    clean = (CLEAN - CLEAN.mean(1, keepdims=True)).astype(dtype)
    asked = np.array([-6.0, 0, 7.5, 18])
    noisy = mix_at_snr(clean, drawn(), group, asked, 1)
    assert noisy.dtype == dtype
    exact = clean.astype(np.float64), noisy.astype(np.float64)
    np.testing.assert_allclose(snr_db(*exact), asked, rtol=0, atol=1e-6)
    np.testing.assert_allclose(  # the ECG's own offset is no signal
        mix_at_snr(CLEAN + 5, drawn(), group, asked, 1) - 5,
        CLEAN + at_snr(CLEAN, mixture(drawn(), group, 4, 3600, 1), asked),
        atol=1e-9,
    )


def test_noise_is_scaled_as_computed_by_hand() -> None:
    clean, noise = np.array([[1.0, -1, 1, -1]]), np.array([[3.0, 1, 3, 1]])
    np.testing.assert_allclose(at_snr(clean, noise, 0.0), [[1, -1, 1, -1]])
    np.testing.assert_allclose(at_snr(clean, noise, 20.0), [[0.1, -0.1, 0.1, -0.1]])
    with pytest.raises(ValueError, match="flat"):
        at_snr(clean, np.ones((1, 4)), 0.0)


def test_a_seed_gives_the_same_noise_and_another_seed_other_noise() -> None:
    noise = drawn()
    first = mix_group(CLEAN, noise, "group 2", 3)
    np.testing.assert_array_equal(first, mix_group(CLEAN, noise, "group 2", 3))
    rng = np.random.default_rng(3)
    np.testing.assert_array_equal(first, mix_group(CLEAN, noise, "group 2", rng))
    assert np.abs(first - mix_group(CLEAN, noise, "group 2", rng)).max() > 0.1
    long = long_mixture(noise, "group 3", 40_000, 0)
    np.testing.assert_array_equal(long, long_mixture(noise, "group 3", 40_000, 0))
    assert 0.5 < long.std() < 0.9  # sqrt(.2^2 + .2^2 + .6^2) = .66


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_how_many_rows_are_mixed_at_a_time_changes_nothing(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    want = mix_at_snr(CLEAN, drawn(), "group 1", np.arange(4.0), 1)
    monkeypatch.setattr("datasets.noise_mix._ROWS", rows)
    np.testing.assert_array_equal(mix_at_snr(CLEAN, drawn(), "group 1", np.arange(4.0), 1), want)


def test_folders_and_shares_that_cannot_be_used_are_refused(tmp_path: Path, noise: Noise) -> None:
    with pytest.raises(ValueError, match=r"lacks \['ma.hea', 'em.hea', 'bw.hea'\]"):
        read_noise(tmp_path)
    write_noise(tmp_path, seconds=30)
    gap = np.zeros(9000)
    gap[4] = np.nan
    write_record(tmp_path, "em", {"noise1": gap})
    with pytest.raises(ValueError, match="lacks samples"):
        read_noise(tmp_path)
    for shares, guard_s in (((0.5, 0.5), 10), ((0.5, 0.4, 0.2), 10), ((0.6, 0.2, 0.2), -1)):
        with pytest.raises(ValueError, match="shares"):
            split_noise(noise, shares, guard_s)
    with pytest.raises(ValueError, match="too short"):
        split_noise(noise, guard_s=100.0)


@needs_data
def test_the_noise_stress_test_database_divides_into_parts_longer_than_a_segment() -> None:
    noise = read_noise(DATA / "nstdb")
    for part in split_noise(noise):
        for kind in KINDS:
            assert part.signals[kind].shape[0] == 2
            assert part.signals[kind].shape[1] > 10 * 3600
    theirs, _ = wfdb.rdsamp(str(DATA / "nstdb" / "ma"))
    np.testing.assert_allclose(noise.signals["ma"], theirs.T, atol=1e-6)
