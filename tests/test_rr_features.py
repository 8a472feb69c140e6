"""Features of RR intervals: hand-computed numbers, a loop over windows, waves of known power."""

import numpy as np
import pytest
from scipy.signal import periodogram

from orchestration.evidence.beats import rr_intervals
from orchestration.evidence.rr_features import (
    FEWEST_A_SECOND,
    GRID_HZ,
    NAMES,
    PERCENTILES,
    SPECTRAL_NAMES,
    TIME_NAMES,
    night_ranks,
    rr_features,
    spectral_features,
    time_features,
)
from orchestration.footprint import FEATURES

CENTRES_S = 15 + 30.0 * np.arange(40)  # twenty minutes of pages


def beats(rr_s: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(rr_s)])


def swaying(hz: float, amplitude_s: float, seconds: float = 1200) -> np.ndarray:
    """Beats 0.8 s apart on average whose distance sways in a wave."""
    times_s = [0.0]
    while times_s[-1] < seconds:
        times_s.append(
            times_s[-1] + 0.8 + amplitude_s * np.sin(2 * np.pi * hz * (times_s[-1] + 0.8))
        )
    return np.array(times_s)


def irregular(seed: int = 0) -> np.ndarray:
    """Beats of a heart with jumps, artefacts and a hole of a minute."""
    rng = np.random.default_rng(seed)
    rr_s = 0.8 + 0.05 * rng.standard_normal(1500)
    rr_s[rng.integers(0, 1500, 20)] = 0.2
    rr_s[700] = 60.0
    return beats(rr_s)


def by_name(features: np.ndarray, names: tuple[str, ...] = NAMES) -> dict[str, np.ndarray]:
    assert features.shape[1] == len(names)
    return dict(zip(names, features.T, strict=True))


def test_every_column_has_a_name_of_its_own() -> None:
    features = rr_features(swaying(0.25, 0.03), CENTRES_S)
    assert features.shape == (40, len(NAMES))
    assert len(NAMES) == FEATURES
    assert features.dtype == np.float64
    assert np.isfinite(features).all()
    assert len(set(NAMES)) == len(NAMES)


def test_a_heart_of_two_intervals_in_turn_gives_the_numbers_worked_out_by_hand() -> None:
    rr_s = np.tile([0.8, 0.9], 750)
    page = by_name(time_features(rr_intervals(beats(rr_s)), CENTRES_S, 600), TIME_NAMES)
    middle = {name: column[20] for name, column in page.items()}
    assert middle["mean_rr"] == pytest.approx(0.85, abs=1e-4)
    assert np.exp(middle["log_sdnn"]) == pytest.approx(0.05, rel=1e-2)
    assert np.exp(middle["log_rmssd"]) == pytest.approx(0.1)
    assert middle["pnn50"] == 1.0
    assert (middle["rr_p5"], middle["rr_p95"]) == pytest.approx((0.8, 0.9))
    assert np.exp(middle["log_range"]) == pytest.approx(0.1)


@pytest.mark.parametrize("window_s", [30, 270])
def test_time_features_are_those_of_a_loop_over_windows(window_s: int) -> None:
    end_s, rr_s = intervals = rr_intervals(irregular())
    found = time_features(intervals, CENTRES_S, window_s)
    for centre_s, row in zip(CENTRES_S, found, strict=True):
        inside = np.flatnonzero(np.abs(end_s - centre_s) < window_s / 2)
        rr = rr_s[inside]
        pairs = [i for i in inside if i and abs(end_s[i] - end_s[i - 1] - rr_s[i]) < 1e-6]
        change = np.array([rr_s[i] - rr_s[i - 1] for i in pairs])
        if min(len(rr), len(change)) < FEWEST_A_SECOND * window_s:
            assert np.isnan(row).all()
            continue
        spreads = [rr.std(ddof=1), np.sqrt((change**2).mean())]
        last = [np.ptp(rr), np.median(np.abs(rr - np.median(rr)))]
        percentiles = np.percentile(rr, PERCENTILES)
        jumps = (np.abs(change) > 0.05).mean()
        want = [rr.mean(), *np.log(spreads), jumps, *percentiles, *np.log(last)]
        assert row == pytest.approx(want)


@pytest.mark.parametrize(("hz", "band"), [(0.02, "log_vlf"), (0.1, "log_lf"), (0.25, "log_hf")])
def test_a_wave_has_its_power_in_its_own_band(hz: float, band: str) -> None:
    intervals = rr_intervals(swaying(hz, 0.04))
    middle = by_name(spectral_features(intervals, CENTRES_S, 270)[20:21], SPECTRAL_NAMES)
    bands = {name: np.exp(middle[name][0]) for name in ("log_vlf", "log_lf", "log_hf")}
    power = bands.pop(band)
    assert power == pytest.approx(0.04**2 / 2, rel=0.25)  # interpolation flattens fast waves
    assert power > 10 * max(bands.values())
    share = {"log_lf": 1.0, "log_hf": 0.0}.get(band)
    assert share is None or middle["lf_share"][0] == pytest.approx(share, abs=0.1)
    if band == "log_hf":
        assert middle["hf_peak_hz"][0] == pytest.approx(0.25, abs=1 / 270)


def test_the_spectrum_is_scipys_of_the_window_alone() -> None:
    end_s, rr_s = intervals = rr_intervals(swaying(0.25, 0.03))
    found = by_name(spectral_features(intervals, CENTRES_S, 270), SPECTRAL_NAMES)
    grid_s = CENTRES_S[20] - 135 + np.arange(int(270 * GRID_HZ)) / GRID_HZ
    rr = np.interp(grid_s, end_s, rr_s)
    hz, density = periodogram(rr, GRID_HZ, "hann", detrend="linear")
    power = density[(hz >= 0.15) & (hz < 0.40)].sum() / 270
    assert found["log_hf"][20] == pytest.approx(np.log(power))


def test_pages_without_beats_are_missing_and_say_nothing_of_the_others() -> None:
    times_s = swaying(0.25, 0.03)
    cut = rr_features(times_s[times_s < 600], CENTRES_S)
    whole = rr_features(times_s, CENTRES_S)
    raw = len(NAMES) // 2
    assert np.isnan(cut[-8:]).all()  # from ten minutes and a half window on
    assert cut[:10, :raw] == pytest.approx(whole[:10, :raw])
    assert np.isnan(rr_features(np.array([]), CENTRES_S)).all()
    assert np.isnan(rr_features(np.array([3.0]), CENTRES_S)).all()


def test_a_hole_longer_than_breathing_is_missing_from_the_spectrum() -> None:
    times_s = swaying(0.25, 0.03)
    holed = times_s[(times_s < 400) | (times_s > 640)]
    spectra = spectral_features(rr_intervals(holed), CENTRES_S, 270)
    missing = np.isnan(spectra).all(1)
    assert missing.tolist() == [400 < centre_s < 640 for centre_s in CENTRES_S]


def test_ranks_are_places_within_the_night() -> None:
    columns = np.array([[3.0, 5.0], [1.0, 5.0], [np.nan, np.nan], [2.0, 9.0]])
    want = np.array([[1, 0.5], [1 / 3, 0.5], [np.nan, np.nan], [2 / 3, 1]])
    assert night_ranks(columns) == pytest.approx(want, nan_ok=True)


def test_ranks_do_not_know_how_fast_a_persons_heart_beats() -> None:
    drift_s = np.linspace(0, 0.2, 1600)
    slow, fast = (
        by_name(rr_features(beats(rest_s + drift_s), CENTRES_S)) for rest_s in (0.9, 0.7)
    )
    assert (slow["mean_rr_270s"] > fast["mean_rr_270s"] + 0.15).all()
    assert slow["rank_mean_rr_270s"] == pytest.approx(fast["rank_mean_rr_270s"])
