"""Noisy ECG from clean ECG and recorded noise: the three published groups, and any given SNR.

Clean segments, a Noise and a seed in; noisy segments out, the same for the same seed.
Source: groups as in the code of Qiu 2021, github.com/LishenQ-1995/ECG-processing, whose first
author also wrote the denoiser: noisy = clean + .6 ma + .2 em + .2 bw and so on.
"""

from collections.abc import Mapping

import numpy as np

from datasets.noise import KINDS, Noise

GROUPS: Mapping[str, Mapping[str, float]] = {  # weights of the noise as recorded, in mV
    "group 1": {"ma": 0.6, "em": 0.2, "bw": 0.2},
    "group 2": {"ma": 0.2, "em": 0.6, "bw": 0.2},
    "group 3": {"ma": 0.2, "em": 0.2, "bw": 0.6},
}
_ROWS = 256  # at a time, so that float64 stays small
Seed = int | np.random.Generator


def mix_group(clean: np.ndarray, noise: Noise, group: str, seed: Seed) -> np.ndarray:
    """Clean segments with a group's noise added as it was recorded, neither centred nor scaled.

    The noise is in mV; what clean ECG it meets is the caller's choice (datasets.clean_scale has
    ours, and why). Each kind has its own drawn lead and offset in each segment.

    Shapes: clean (n, S), float32 or float64; returns the same.
    """
    return _mixed(clean, noise, group, seed, None)


def mix_at_snr(
    clean: np.ndarray, noise: Noise, group: str, snr_db: float | np.ndarray, seed: Seed
) -> np.ndarray:
    """Clean segments with a group's mixture scaled to a given ratio of their powers.

    Both powers are taken about the segment's mean, and the noise is added without its mean.

    Args:
        snr_db: one for all, or one a segment (n,).

    Shapes: clean (n, S), float32 or float64; returns the same.
    """
    return _mixed(clean, noise, group, seed, np.broadcast_to(snr_db, len(clean)))


def at_snr(clean: np.ndarray, noise: np.ndarray, snr_db: float | np.ndarray) -> np.ndarray:
    """Noise without its mean, scaled so that clean ECG stands out by the given SNR.

    Shapes: clean, noise (..., S); snr_db a number or (...,); returns (..., S) float64.
    """
    centred = noise - noise.mean(-1, keepdims=True, dtype=np.float64)
    signal_power = clean.var(-1, dtype=np.float64)
    noise_power = np.square(centred).mean(-1)
    if not (np.all(signal_power > 0) and np.all(noise_power > 0)):
        raise ValueError("a clean segment or its noise is flat, which has no SNR; leave it out.")
    ratio = signal_power / noise_power / 10 ** (np.asarray(snr_db, np.float64) / 10)
    return np.asarray(centred * np.sqrt(ratio)[..., None])


def mixture(noise: Noise, group: str, count: int, length: int, seed: Seed) -> np.ndarray:
    """A group's noise alone, in mV. Shapes: returns (count, length) float64."""
    return _mixed(np.zeros((count, length)), noise, group, seed, None)


def long_mixture(noise: Noise, group: str, length: int, seed: Seed) -> np.ndarray:
    """A group's noise for a whole recording, without jumps. Shapes: returns (length,) float64."""
    rng = np.random.default_rng(seed)
    total = np.zeros(length)
    for kind, weight in weights_of(group).items():
        total += weight * noise.stretched(kind, length, rng).astype(np.float64)
    return total


def weights_of(group: str) -> Mapping[str, float]:
    """The weight of each kind of noise in a group."""
    if group not in GROUPS:
        raise ValueError(f"group {group!r} is unknown; known are {list(GROUPS)}.")
    return GROUPS[group]


def _mixed(
    clean: np.ndarray, noise: Noise, group: str, seed: Seed, snr_db: np.ndarray | None
) -> np.ndarray:
    n, S = clean.shape
    weights = weights_of(group)
    rng = np.random.default_rng(seed)
    drawn = {kind: noise.draw(kind, n, S, rng) for kind in KINDS}
    noisy = np.empty_like(clean)
    for start in range(0, n, _ROWS):
        rows = slice(start, start + _ROWS)
        added = np.zeros(clean[rows].shape)
        for kind, (leads, offsets) in drawn.items():
            piece = noise.pieces(kind, leads[rows], offsets[rows], S)
            added += weights[kind] * piece.astype(np.float64)
        if snr_db is not None:
            added = at_snr(clean[rows], added, snr_db[rows])
        noisy[rows] = clean[rows] + added
    return noisy
