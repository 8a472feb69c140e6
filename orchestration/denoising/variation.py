"""Clean segments as other people might have them: mixed of two leads, stretched, turned.

Ours: a few thousand segments of twenty people teach a network their QRS complexes by heart; what
it gave to people it had not seen was 4 dB worse than what it gave to its own. Mixing two leads is
looking at the same heart from another side; stretching moves the heart rate and all widths.
"""

import numpy as np

from datasets.clean_scale import scaled
from orchestration.denoising.clean import Clean

STRETCH = 0.4  # octaves, either way: 0.76 to 1.32 times as long
SHIFT = 1800  # samples that a segment may begin earlier or later
MIXED = 0.67  # share of the segments that are of two leads
FLAT_MV = 1e-3  # what spans less is not used
TRIES = 4


def varied(clean: Clean, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some segments of a Clean, each varied, scaled anew.

    What a segment is moved or stretched into, and the lead that it is mixed with, are free of
    faults, but may have more power outside the heart's band than segments that validate and test.
    Left to those that have not, networks came out the same (benchmarks/README.md, 2026-11-22).

    Shapes: chosen (m,) numbers of segments; returns (m, 3600) float32.
    """
    rows = [_varied(clean, int(number), rng) for number in chosen]
    return scaled(np.stack(rows).astype(np.float32))


def _varied(clean: Clean, number: int, rng: np.random.Generator) -> np.ndarray:
    S = clean.samples.shape[1]
    record, lead, start = clean.places[number].tolist()
    leads, faulty = clean.records[record], clean.faulty[record]
    for _ in range(TRIES):
        rate = min(2 ** rng.uniform(-STRETCH, STRETCH), (leads.shape[1] - 1) / S)
        length = int(S * rate) + 1
        first = int(np.clip(start + rng.integers(-SHIFT, SHIFT + 1), 0, leads.shape[1] - length))
        piece = slice(first, first + length)
        seen = _seen(leads[:, piece], lead, rng)
        if not faulty[piece].any() and np.ptp(seen) > FLAT_MV:
            stretched = np.interp(rate * np.arange(S), np.arange(length), seen)
            return np.asarray(stretched * (1 if rng.random() < 0.5 else -1))
    return np.asarray(clean.samples[number])  # too near a fault


def _seen(leads: np.ndarray, lead: int, rng: np.random.Generator) -> np.ndarray:
    """The heart from the side of this lead, or between it and another."""
    own: np.ndarray = leads[lead]
    others = [other for other in range(len(leads)) if other != lead]
    if not others or rng.random() >= MIXED:
        return own
    weights = rng.normal(size=2)
    return np.asarray(weights[0] * own + weights[1] * leads[rng.choice(others)])
