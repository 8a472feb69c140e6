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
TRIES = 8  # to find a fit piece; what lies alone among unfit segments stays where it is


def varied(clean: Clean, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some segments of a Clean, each varied, scaled anew.

    Shapes: chosen (m,) numbers of segments; returns (m, 3600) float32.
    """
    rows = [_varied(clean, int(number), rng) for number in chosen]
    return scaled(np.stack(rows).astype(np.float32))


def _varied(clean: Clean, number: int, rng: np.random.Generator) -> np.ndarray:
    S = clean.samples.shape[1]
    record, lead, start = clean.places[number].tolist()
    leads, fit = clean.records[record], clean.fit[record]
    for _ in range(TRIES):
        rate = min(2 ** rng.uniform(-STRETCH, STRETCH), (leads.shape[1] - 1) / S)
        length = int(S * rate) + 1
        first = int(np.clip(start + rng.integers(-SHIFT, SHIFT + 1), 0, leads.shape[1] - length))
        piece = slice(first, first + length)
        if fit[lead, piece].all():
            break
    else:
        rate, length, piece = 1.0, S, slice(start, start + S)
    seen = _seen(leads[:, piece], lead, np.flatnonzero(fit[:, piece].all(1)), rng)
    stretched = np.interp(rate * np.arange(S), np.arange(length), seen)
    return np.asarray(stretched * (1 if rng.random() < 0.5 else -1))


def _seen(leads: np.ndarray, lead: int, fit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The heart from the side of this lead, or between it and another that is fit."""
    own: np.ndarray = leads[lead]
    others = fit[fit != lead]
    if not len(others) or rng.random() >= MIXED:
        return own
    weights = rng.normal(size=2)
    mixed = np.asarray(weights[0] * own + weights[1] * leads[rng.choice(others)])
    return mixed if np.ptp(mixed) > FLAT_MV else own
