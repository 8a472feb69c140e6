"""What the beats around each page tell: heart rate, its spread and its rhythms, as a table.

Times of beats and middles of pages in; a row a page, a column a name of NAMES out, NaN where too
few beats were found. Windows reach from the page itself to ten minutes around it, so that slow
changes are seen too. Each column comes twice: as it is, and as its rank among the night's pages,
which takes out what differs from person to person.

Differs from Fonseca 2015 (Physiol Meas 36, 2027): RR intervals alone, without a breathing belt.
Left out on purpose: the time of night, because the networks are not told it either.
"""

import numpy as np
from scipy.signal import periodogram
from scipy.stats import rankdata

from datasets.night import Night
from orchestration.evidence.beats import RRIntervals, beats_of, page_centres, rr_intervals

TIME_WINDOWS_S = (30, 60, 270, 600)  # 270 is nine pages of 30 s
PERCENTILES = (5, 25, 50, 75, 95)
LONG_CHANGE_S = 0.050  # the 50 of pNN50: Task Force 1996 (doi:10.1161/01.CIR.93.5.1043)
FEWEST_A_SECOND = 0.2  # intervals, of a window that can be described
SMALLEST_S = 0.001  # of what a logarithm is taken; a fifth of a sample
TIME_NAMES = (
    "mean_rr",
    "log_sdnn",
    "log_rmssd",
    "pnn50",
    *(f"rr_p{percent}" for percent in PERCENTILES),
    "log_range",
    "log_mad",
)

SPECTRAL_WINDOWS_S = (270, 600)  # shorter ones hold no whole wave of the slowest band
BANDS_HZ = {"vlf": (0.003, 0.04), "lf": (0.04, 0.15), "hf": (0.15, 0.40)}  # Task Force 1996
GRID_HZ = 4.0  # of the evenly resampled RR intervals; sleepecg's number
LONGEST_HOLE_S = 5.0  # that interpolation may bridge
MOST_MISSING = 0.5  # of a window; at the ends of a night half of it is
SMALLEST_S2 = 1e-9  # of what a logarithm is taken
SPECTRAL_NAMES = (
    *(f"log_{band}" for band in BANDS_HZ),
    "lf_share",
    "hf_peak_hz",
    "hf_peak_share",
)

RAW_NAMES = (
    *(f"{name}_{window_s}s" for window_s in TIME_WINDOWS_S for name in TIME_NAMES),
    *(f"{name}_{window_s}s" for window_s in SPECTRAL_WINDOWS_S for name in SPECTRAL_NAMES),
)
NAMES: tuple[str, ...] = (*RAW_NAMES, *(f"rank_{name}" for name in RAW_NAMES))


def features_of(night: Night) -> np.ndarray:
    """The features of each scored page of a night. Returns (n, F) float64, columns NAMES."""
    return rr_features(beats_of(night), page_centres(night))


def rr_features(beats_s: np.ndarray, centres_s: np.ndarray) -> np.ndarray:
    """The features around some times of one night, NaN where too few beats are.

    Shapes: beats_s (beats,) and centres_s (n,), rising; returns (n, F) float64, columns NAMES.
    """
    intervals = rr_intervals(beats_s)
    if not len(intervals.rr_s):
        return np.full((len(centres_s), len(NAMES)), np.nan)
    raw = np.hstack(
        [
            *(time_features(intervals, centres_s, window_s) for window_s in TIME_WINDOWS_S),
            *(spectral_features(intervals, centres_s, w) for w in SPECTRAL_WINDOWS_S),
        ]
    )
    return np.hstack([raw, night_ranks(raw)])


def time_features(intervals: RRIntervals, centres_s: np.ndarray, window_s: float) -> np.ndarray:
    """How long the intervals around each centre are and how much they differ, in s.

    Shapes: centres_s (n,); returns (n, 11), columns TIME_NAMES.
    """
    rr = _windows(intervals.rr_s, intervals.end_s, centres_s, window_s)  # (n, most intervals)
    change = _windows(*_changes(intervals), centres_s, window_s)
    described = np.full((len(centres_s), len(TIME_NAMES)), np.nan)
    fewer = np.minimum((~np.isnan(rr)).sum(1), (~np.isnan(change)).sum(1))
    enough = fewer >= FEWEST_A_SECOND * window_s
    if enough.any():
        described[enough] = _described(rr[enough], change[enough])
    return described


def spectral_features(
    intervals: RRIntervals, centres_s: np.ndarray, window_s: float
) -> np.ndarray:
    """Power of the rhythms around each centre, and where breathing shows in it.

    Shapes: centres_s (n,); returns (n, 6), columns SPECTRAL_NAMES.
    """
    start_s = centres_s[0] - window_s / 2
    points = int((centres_s[-1] - centres_s[0] + window_s) * GRID_HZ) + 1
    rr, missing = _resampled(intervals, start_s + np.arange(points) / GRID_HZ)
    first = np.rint((centres_s - centres_s[0]) * GRID_HZ).astype(np.int64)
    rows = first[:, None] + np.arange(int(window_s * GRID_HZ))  # (n, points of a window)
    hz, density = periodogram(rr[rows], GRID_HZ, window="hann", detrend="linear")
    described = _rhythms(hz, density * hz[1])  # s^2 in each bin
    described[missing[rows].mean(1) > MOST_MISSING] = np.nan
    return described


def night_ranks(columns: np.ndarray) -> np.ndarray:
    """The place of each value among its column's, above 0 and up to 1; NaN stays NaN.

    Shapes: columns (n, F); returns (n, F).
    """
    places = rankdata(columns, axis=0, nan_policy="omit")
    return np.asarray(places / np.maximum((~np.isnan(columns)).sum(0), 1))


def _changes(intervals: RRIntervals) -> tuple[np.ndarray, np.ndarray]:
    """From an interval to the next, where no interval between them was left out, and when."""
    adjacent = np.isclose(np.diff(intervals.end_s), intervals.rr_s[1:])
    return np.diff(intervals.rr_s)[adjacent], intervals.end_s[1:][adjacent]


def _windows(
    values: np.ndarray, at_s: np.ndarray, centres_s: np.ndarray, window_s: float
) -> np.ndarray:
    """The values in each window, filled up with NaN. (m,) -> (n, most values of a window)."""
    first = np.searchsorted(at_s, centres_s - window_s / 2)
    last = np.searchsorted(at_s, centres_s + window_s / 2)
    index = first[:, None] + np.arange(max(1, (last - first).max()))
    padded = np.append(values, np.nan)
    return padded[np.where(index < last[:, None], index, len(values))]


def _described(rr: np.ndarray, change: np.ndarray) -> np.ndarray:
    """TIME_NAMES of windows with enough intervals. (n, any), (n, any) -> (n, 11)."""
    percentiles = np.nanpercentile(rr, PERCENTILES, axis=1)  # (5, n)
    median = percentiles[PERCENTILES.index(50)]
    spreads = {
        "sdnn": np.nanstd(rr, axis=1, ddof=1),
        "rmssd": np.sqrt(np.nanmean(change**2, axis=1)),
        "range": np.nanmax(rr, axis=1) - np.nanmin(rr, axis=1),
        "mad": np.nanmedian(np.abs(rr - median[:, None]), axis=1),
    }
    logs = {name: np.log(np.maximum(spread, SMALLEST_S)) for name, spread in spreads.items()}
    long = (np.abs(change) > LONG_CHANGE_S).sum(1) / (~np.isnan(change)).sum(1)
    mean = np.nanmean(rr, axis=1)
    return np.stack(
        [mean, logs["sdnn"], logs["rmssd"], long, *percentiles, logs["range"], logs["mad"]], axis=1
    )


def _resampled(intervals: RRIntervals, grid_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """RR intervals on an even grid, and where they are missing. Returns two (points,)."""
    end_s = intervals.end_s
    following = np.searchsorted(end_s, grid_s)
    hole_s = np.diff(end_s, prepend=-np.inf, append=np.inf)[following]
    return np.interp(grid_s, end_s, intervals.rr_s), hole_s > LONGEST_HOLE_S


def _rhythms(hz: np.ndarray, power: np.ndarray) -> np.ndarray:
    """SPECTRAL_NAMES of spectra in s^2 a bin. (bins,), (n, bins) -> (n, 6)."""
    bands = {
        name: np.maximum(power[:, (hz >= low) & (hz < high)].sum(1), SMALLEST_S2)
        for name, (low, high) in BANDS_HZ.items()
    }
    breaths = (hz >= BANDS_HZ["hf"][0]) & (hz < BANDS_HZ["hf"][1])
    highest = power[:, breaths].argmax(1)
    peak = power[:, breaths].max(1) / bands["hf"]
    lf_share = bands["lf"] / (bands["lf"] + bands["hf"])
    logs = [np.log(band) for band in bands.values()]
    return np.stack([*logs, lf_share, hz[breaths][highest], peak], axis=1)
