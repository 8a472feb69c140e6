"""Noise: read as recorded, divided in time with a gap, mixed with exact weights and SNR."""

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
    return Noise.whole({kind: rng.normal(size=(2, 9000)) for kind in KINDS})


def test_noise_is_read_with_both_leads_in_millivolts(noise: Noise, folder: Path) -> None:
    for kind in KINDS:
        theirs, _ = wfdb.rdsamp(str(folder / kind))
        np.testing.assert_allclose(noise.signals[kind], theirs.T, atol=1e-6)
        assert noise.spans[kind] == ((0, N),)


def test_noise_of_another_rate_comes_at_360_hz(tmp_path: Path) -> None:
    noise = read_noise(write_noise(tmp_path, seconds=60, hz=250.0))
    assert noise.signals["em"].shape == (2, 21_600)


FIFTHS = [  # of 72,000 samples, with gaps of 3,600: training, validation and test, by turn
    (((0, 39_600),), ((43_200, 54_000),), ((57_600, 72_000),)),
    (((0, 25_200), (61_200, 72_000)), ((28_800, 39_600),), ((43_200, 57_600),)),
    (((0, 10_800), (46_800, 72_000)), ((14_400, 25_200),), ((28_800, 43_200),)),
    (((32_400, 72_000),), ((0, 10_800),), ((14_400, 28_800),)),
    (((18_000, 54_000),), ((57_600, 72_000),), ((0, 14_400),)),
]


@pytest.mark.parametrize("turn", range(5))
def test_no_sample_of_noise_is_in_two_parts(noise: Noise, turn: int) -> None:
    for kind in KINDS:
        whole, heard = noise.signals[kind], np.zeros(N, int)
        for part, spans in zip(split_noise(noise, turn), FIFTHS[turn], strict=True):
            assert part.spans[kind] == spans
            own = [whole[:, slice(*span)] for span in spans]
            np.testing.assert_array_equal(part.signals[kind], np.concatenate(own, axis=1))
            for first, end in spans:
                heard[first - 3599 if first else 0 : end] += 1  # a whole gap lies before each
        assert heard.max() == 1


def test_over_the_turns_every_sample_tests_once(noise: Noise) -> None:
    tested = [split_noise(noise, turn).test.spans["em"] for turn in range(5)]
    assert sorted(span for spans in tested for span in spans) == [
        (first, first + 14_400) for first in range(0, N, 14_400)
    ]


@pytest.mark.parametrize("samples", [72_001, 71_999, 18_005])
@pytest.mark.parametrize("turn", range(5))
def test_lengths_that_no_fifth_divides_lose_no_test_sample(samples: int, turn: int) -> None:
    whole = Noise.whole({kind: np.zeros((1, samples), np.float32) for kind in KINDS})
    parts = split_noise(whole, turn)
    ((first, end),) = parts.test.spans["ma"]
    assert abs(5 * (end - first) - samples) < 5
    assert sum(parts.train.lengths("ma")) > 0
    assert first == (0 if turn == 4 else split_noise(whole, turn + 1).test.spans["ma"][0][1])


@pytest.mark.parametrize("turn", [0, 1, 4])
def test_what_is_drawn_lies_in_the_parts_own_spans_and_uses_both_leads(
    noise: Noise, turn: int
) -> None:
    rng = np.random.default_rng(0)
    for part in split_noise(noise, turn):
        leads, offsets = part.draw("ma", 500, 3600, rng)
        pieces = part.pieces("ma", leads, offsets, 3600).astype(np.float64)
        moment = (pieces - 2 - leads[:, None] / 2) * 4 * N  # what each sample tells of itself
        near = [(first - 300, end + 300) for first, end in part.spans["ma"]]  # 16 bits, no better
        for piece in moment:
            assert any(a < piece.min() < piece.max() < b for a, b in near)
            assert piece[-1] - piece[0] == pytest.approx(3599, abs=300)  # no gap in it
        for first, end in part.spans["ma"]:
            assert ((first - 300 < moment[:, 0]) & (moment[:, -1] < end + 300)).any()
        assert 200 < leads.sum() < 300
        long = part.stretched("ma", 3 * 3600, rng) % 0.5 * 4 * N
        assert any(a < long.min() < long.max() < b for a, b in near)
        assert np.abs(np.diff(long)).max() < 900


def test_the_first_and_the_last_offset_of_each_stretch_can_be_drawn() -> None:
    signals = {kind: np.zeros((2, 3602 + 3000 + 3601), np.float32) for kind in KINDS}
    spans = ((0, 3602), (5000, 8000), (9000, 12_601))  # in the middle there is no room
    gappy = Noise(signals, dict.fromkeys(KINDS, spans))
    _, offsets = gappy.draw("bw", 300, 3600, np.random.default_rng(0))
    found, counts = np.unique(offsets, return_counts=True)
    assert found.tolist() == [0, 1, 2, 6602, 6603]
    assert counts.min() > 40
    with pytest.raises(ValueError, match="less than the 3603"):
        gappy.draw("bw", 1, 3603, np.random.default_rng(0))


def test_noise_whose_spans_do_not_fit_its_samples_is_refused() -> None:
    signals = {kind: np.zeros((2, 100), np.float32) for kind in KINDS}
    with pytest.raises(ValueError, match="100 samples"):
        Noise(signals, dict.fromkeys(KINDS, ((0, 50), (60, 100))))


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
    noise = Noise.whole(signals)
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
    for turn, guard_s in ((5, 10), (-1, 10), (0, -1)):
        with pytest.raises(ValueError, match=f"turn {turn}"):
            split_noise(noise, turn, guard_s)
    with pytest.raises(ValueError, match="too short"):
        split_noise(noise, guard_s=100.0)


@needs_data
def test_the_noise_stress_test_database_divides_into_parts_longer_than_a_segment() -> None:
    noise = read_noise(DATA / "nstdb")
    for part in (part for turn in range(5) for part in split_noise(noise, turn)):
        for kind in KINDS:
            assert part.signals[kind].shape[0] == 2
            assert min(part.lengths(kind)) > 10 * 3600
    theirs, _ = wfdb.rdsamp(str(DATA / "nstdb" / "ma"))
    np.testing.assert_allclose(noise.signals["ma"], theirs.T, atol=1e-6)
