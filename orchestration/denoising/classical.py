"""Denoisers that learn nothing: band-pass, wavelet shrinkage, median with Savitzky-Golay.

Segments (n, S) and their rate in, segments of the same shape and type out. CLASSICAL holds them.
What is marked "tuned" was chosen by the mean SNR gain over the three groups on 240 segments of
0.5 to 40 Hz of the first fold's training patients, under its training part of the noise
(2026-11-22); nobody else was looked at.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pywt
from scipy.ndimage import median_filter
from scipy.signal import butter, savgol_filter, sosfiltfilt

Denoiser = Callable[[np.ndarray, float], np.ndarray]  # segments (n, S) and their rate
Whole = Callable[[np.ndarray, float], np.ndarray]  # a recording (n,) and its rate, to (n,)

FILTERS_MADE = 2  # raise it when a filter changes, so that its results are made again

BAND_HZ = (0.67, 40.0)  # AHA 2007 (Circulation 115:1306) allows .67; 40 is usual in monitors
BAND_ORDER = 2  # each way; tuned: 6.90 dB; 1, 3, 4: 6.59, 6.76, 6.62
WAVELET = "db6"  # tuned: 7.32 dB; db10, sym8, db8: 7.33, 7.22, 7.20
WANDER_HZ = 0.7  # where the approximation band ends; tuned: at .35, 1.4 Hz 6.43, 4.57 dB
UNIVERSAL = 0.3  # share of the universal threshold; tuned: .15, .5, 1 7.27, 7.27, 6.95 dB
SHRUNK_HZ = 23.0  # detail bands that reach above it are shrunk; tuned: at 12, 46 7.17, 7.14 dB
MEDIANS_S = (0.2, 0.6)  # de Chazal 2004 (IEEE Trans Biomed Eng 51:1196): QRS and P go, then T
SMOOTHED_S, SMOOTHED_ORDER = 0.035, 2  # tuned: 5.21 dB; over .02, .05, .07 s 5.07, 5.01, 3.86
_NORMAL_MAD = 0.6745  # median absolute value of a normal distribution of deviation 1


def band_pass(noisy: np.ndarray, hz: float) -> np.ndarray:
    """A Butterworth filter forth and back, which moves no wave. Shapes: (n, S) to (n, S)."""
    high_hz = min(BAND_HZ[1], 0.45 * hz)
    sos = butter(BAND_ORDER, (BAND_HZ[0], high_hz), "bandpass", fs=hz, output="sos")
    padding = min(noisy.shape[-1] - 1, round(3 * hz / BAND_HZ[0]))  # what a drift needs to settle
    clean = sosfiltfilt(sos, noisy.astype(np.float64), axis=-1, padlen=padding)
    return np.asarray(clean, noisy.dtype)


def wavelet(noisy: np.ndarray, hz: float) -> np.ndarray:
    """Wavelet coefficients shrunk towards 0, and those of the wander left out.

    Every detail band has its own noise level, from the median of its coefficients, for this noise
    is not white. Shapes: (n, S) to (n, S).
    Source: universal soft threshold of Donoho 1995, IEEE Trans Inf Theory 41:613-627.
    """
    S = noisy.shape[-1]
    mirrored = np.pad(noisy.astype(np.float64), ((0, 0), (S, S)), mode="symmetric")
    levels = max(1, min(_levels(hz), pywt.dwt_max_level(3 * S, WAVELET)))
    bands = pywt.wavedec(mirrored, WAVELET, level=levels, axis=-1)
    bands[0] = np.zeros_like(bands[0])
    for index in range(1, levels + 1):
        top_hz = hz / 2 ** (levels - index + 1)
        if top_hz > SHRUNK_HZ:
            bands[index] = _shrunk(bands[index], S)
    return np.asarray(pywt.waverec(bands, WAVELET, axis=-1)[..., S : 2 * S], noisy.dtype)


def median_savgol(noisy: np.ndarray, hz: float) -> np.ndarray:
    """What two medians in a row leave is the wander; the rest is smoothed by local parabolas.

    Shapes: (n, S) to (n, S).
    """
    wander = noisy.astype(np.float64)
    for seconds in MEDIANS_S:
        wander = median_filter(wander, size=(1, _odd(seconds * hz)), mode="nearest")
    window = max(_odd(SMOOTHED_S * hz), SMOOTHED_ORDER + 3 - SMOOTHED_ORDER % 2)
    clean = savgol_filter(noisy - wander, window, SMOOTHED_ORDER, axis=-1)
    return np.asarray(clean, noisy.dtype)


CLASSICAL: Mapping[str, Denoiser] = {
    "band-pass": band_pass,
    "wavelet": wavelet,
    "median + Savitzky-Golay": median_savgol,
}


def whole_of(name: str) -> Whole:
    """A row of CLASSICAL for recordings of any length."""
    return lambda samples, hz: CLASSICAL[name](samples[None], hz)[0]


def _levels(hz: float) -> int:
    """So many that the approximation band, up to hz / 2^(levels + 1), ends at WANDER_HZ."""
    return int(np.rint(np.log2(hz / WANDER_HZ))) - 1


def _shrunk(band: np.ndarray, samples: int) -> np.ndarray:
    """Soft threshold, each row at its own. Shapes: (n, m) to (n, m)."""
    level = np.median(np.abs(band), axis=-1, keepdims=True) / _NORMAL_MAD
    threshold = UNIVERSAL * level * np.sqrt(2 * np.log(samples))
    return np.asarray(np.sign(band) * np.maximum(np.abs(band) - threshold, 0))


def _odd(samples: float) -> int:
    """The nearest odd number."""
    return 2 * round((samples - 1) / 2) + 1
