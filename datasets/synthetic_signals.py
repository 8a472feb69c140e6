"""An EEG and an ECG that nobody gave, drawn from what the body did page by page.

Takes a hypnogram of the body and gives samples. Every number below is ours, set so that the EEG
tells the stages well and the heart tells them less well; none is fitted to a recording.
"""

import numpy as np

from datasets.recording import Hypnogram
from datasets.stages import Stage

BANDS_HZ = ((0.5, 4.0), (4.0, 8.0), (8.0, 12.0), (12.0, 16.0), (16.0, 30.0))
BAND_UV = np.array(  # amplitude of each band in each stage
    [  # delta theta alpha sigma beta
        [5.0, 4.0, 13.0, 4.0, 7.0],  # W
        [7.0, 9.5, 6.0, 3.5, 5.0],  # N1
        [12.0, 7.0, 4.0, 5.5, 3.0],  # N2
        [26.0, 8.0, 3.0, 4.0, 2.0],  # N3
        [6.5, 11.0, 3.5, 2.5, 4.0],  # R
    ]
)
SPINDLES_A_MINUTE = {Stage.N2: 4.0, Stage.N3: 1.0}
SPINDLE_UV, SPINDLE_S = 18.0, 1.2
NOISE_UV = 2.0
CROSSING_S = 1.0  # the EEG crosses from one page's level to the next in this time

GRID_HZ = 4.0  # of the heart rate's course
HEART = np.array(  # beats a minute above the person's rest, and what sways it, as shares of it
    [  # rate  breath slow  breaths a second
        [9.0, 0.020, 0.050, 0.27],  # W
        [3.5, 0.030, 0.040, 0.25],  # N1
        [0.0, 0.040, 0.028, 0.24],  # N2
        [-2.0, 0.060, 0.012, 0.22],  # N3
        [5.0, 0.015, 0.055, 0.28],  # R
    ]
)
HEART_SCATTER = np.array([0.3, 0.35, 0.35, 0.05])  # log sd of each column, over pages and people
DRIFT_BPM, DRIFT_S = 4.0, 300.0  # a wandering of minutes that no stage explains
SLOW_S = 10.0  # period of the waves at 0.1 Hz
LAG_S = 30.0  # the heart follows the brain slowly
WAVES = np.array(  # P, Q, R, S, T: s from the R peak, width in s, height in mV
    [
        [-0.170, 0.022, 0.12],
        [-0.028, 0.010, -0.10],
        [0.000, 0.011, 1.00],
        [0.030, 0.011, -0.22],
        [0.260, 0.055, 0.28],
    ]
)
MUSCLE_MV = {Stage.W: 0.05, Stage.N1: 0.03, Stage.N2: 0.025, Stage.N3: 0.025, Stage.R: 0.022}
BREATH_MV = 0.06  # baseline wander


def draw_eeg(body: Hypnogram, samples: int, hz: float, rng: np.random.Generator) -> np.ndarray:
    """Microvolts: noise in five bands whose levels follow the stage, and spindles.

    Shapes: returns (samples,) float32.
    """
    person = rng.lognormal(0.0, 0.12, size=len(BANDS_HZ))
    pages = rng.lognormal(0.0, 0.12, size=(len(body.stages), len(BANDS_HZ)))
    levels = BAND_UV[body.stages] * person * pages  # (pages, bands)
    at_s = np.arange(samples) / hz
    eeg = NOISE_UV * rng.standard_normal(samples, dtype=np.float32)
    for level, wave in zip(levels.T, _band_noise(samples, hz, rng), strict=True):
        eeg += (_course(body, level, at_s, CROSSING_S) * wave).astype(np.float32)
    _add_spindles(eeg, body, hz, rng)
    return eeg


def draw_beats(
    body: Hypnogram, seconds: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Times of the R peaks, and the breath: heart rate, its sway and its drift.

    Shapes: returns (beats,) float64 in s, and (seconds * GRID_HZ,) float64 from -1 to 1.
    """
    at_s = np.arange(int(seconds * GRID_HZ) + 1) / GRID_HZ
    rest = rng.normal(58.0, 6.0)
    heart = HEART[body.stages] * rng.lognormal(0.0, HEART_SCATTER, (len(body.stages), 4))
    heart *= rng.lognormal(0.0, HEART_SCATTER, 4)  # the person's own, on top of the pages'
    rate, breath, slow, breaths_hz = (_course(body, h, at_s, LAG_S) for h in heart.T)
    sway = np.sin(2 * np.pi * np.cumsum(breaths_hz * rng.normal(1.0, 0.12, len(at_s))) / GRID_HZ)
    drift = DRIFT_BPM * _smooth_noise(len(at_s), DRIFT_S, rng)
    bpm = (rest + rate + drift) * (
        1 + breath * sway + slow * _smooth_noise(len(at_s), SLOW_S / 2, rng)
    )
    beats_so_far = np.cumsum(bpm.clip(35.0, 140.0)) / 60.0 / GRID_HZ
    return np.interp(np.arange(1, int(beats_so_far[-1])), beats_so_far, at_s), sway


def draw_ecg(body: Hypnogram, samples: int, hz: float, rng: np.random.Generator) -> np.ndarray:
    """Millivolts: a person's own PQRST at every beat, breath in the baseline, muscle noise.

    Shapes: returns (samples,) float32.
    """
    beats_s, sway = draw_beats(body, samples / hz, rng)
    waves = WAVES * rng.uniform(0.85, 1.15, size=WAVES.shape)
    at_s = np.arange(samples) / hz
    breath = np.interp(at_s, np.arange(len(sway)) / GRID_HZ, sway)
    muscle = np.array([MUSCLE_MV[stage] for stage in Stage])[body.stages]
    ecg = _course(body, muscle, at_s, CROSSING_S) * rng.standard_normal(samples, dtype=np.float32)
    ecg += BREATH_MV * breath
    ecg += rng.uniform(0.7, 1.3) * (1 + 0.05 * breath) * _heartbeats(at_s, beats_s, waves)
    return np.asarray(ecg, np.float32)


def _course(body: Hypnogram, values: np.ndarray, at_s: np.ndarray, ramp_s: float) -> np.ndarray:
    """A value a page -> a value a time, flat within pages, with a ramp across each border."""
    ramp_s = min(ramp_s, 0.99 * body.page_s)
    starts = body.onset_s + ramp_s / 2
    ends = body.onset_s + body.page_s - ramp_s / 2
    knots_s = np.stack([starts, ends], axis=1).ravel()  # (pages, 2) -> (2 * pages,)
    return np.asarray(np.interp(at_s, knots_s, np.repeat(values, 2)))


def _band_noise(samples: int, hz: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Noise of unit variance in each band, cut from one spectrum.

    Shapes: returns one (samples,) float32 a band.
    """
    size = 1 << (samples - 1).bit_length()
    spectrum = np.fft.rfft(rng.standard_normal(size, dtype=np.float32))
    freqs_hz = np.fft.rfftfreq(size, 1 / hz)
    waves = []
    for low_hz, high_hz in BANDS_HZ:
        inside = (freqs_hz >= low_hz) & (freqs_hz < high_hz)
        wave = np.fft.irfft(np.where(inside, spectrum, 0), size)[:samples]
        waves.append((wave / np.sqrt(inside.mean())).astype(np.float32))
    return waves


def _add_spindles(eeg: np.ndarray, body: Hypnogram, hz: float, rng: np.random.Generator) -> None:
    """Adds bursts of 12.5 to 14 Hz where the stage has them."""
    length = int(SPINDLE_S * hz)
    window, at_s = np.hanning(length), np.arange(length) / hz
    for onset_s, stage in zip(body.onset_s, body.stages, strict=True):
        a_page = SPINDLES_A_MINUTE.get(stage, 0.0) * body.page_s / 60
        for start_s in onset_s + rng.uniform(0, body.page_s - SPINDLE_S, rng.poisson(a_page)):
            start = int(start_s * hz)
            burst = window * np.sin(2 * np.pi * rng.uniform(12.5, 14.0) * at_s)
            room = eeg[start : start + length]
            room += SPINDLE_UV * burst[: len(room)].astype(np.float32)


def _smooth_noise(points: int, width_s: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of unit variance whose course bends over about `width_s`, on the heart's grid."""
    knots = np.arange(0, points / GRID_HZ + 2 * width_s, width_s)
    values = 1.2 * rng.standard_normal(len(knots))  # interpolation takes some of the variance
    return np.interp(np.arange(points) / GRID_HZ, knots, values)


def _heartbeats(at_s: np.ndarray, beats_s: np.ndarray, waves: np.ndarray) -> np.ndarray:
    """The sum of each sample's last and next beat; every other beat is too far to matter."""
    following = np.searchsorted(beats_s, at_s)
    total = np.zeros(len(at_s))
    for beat in (following - 1, following):
        from_peak_s = at_s - beats_s[beat.clip(0, len(beats_s) - 1)]
        for offset_s, width_s, height_mv in waves:
            total += height_mv * np.exp(-0.5 * ((from_peak_s - offset_s) / width_s) ** 2)
    return total
