"""Nights that nobody slept: the stages of a night, drawn page by page from a Markov chain.

The chain is ours, tuned by eye and by count: its cycles last about 90 minutes, deep sleep comes
early in the night and early in a cycle, REM sleep late in both, and over many nights the class
shares are near those of MASS (W .14, N1 .09, N2 .47, N3 .13, R .17).
"""

import numpy as np

from datasets.stages import Stage

CYCLE_S = 5400.0  # one sleep cycle, 90 minutes
MIN_CYCLES = 2  # a short night is a night in miniature
MIN_SHARE = 0.03  # of a night's pages that each stage should hold
MAX_DRAWS = 100
STEP = np.array(  # probability of the next 30 s page's stage, before the drives act
    [  # W     N1     N2     N3     R
        [0.840, 0.150, 0.008, 0.000, 0.002],  # W
        [0.070, 0.520, 0.390, 0.000, 0.020],  # N1
        [0.018, 0.030, 0.862, 0.060, 0.030],  # N2
        [0.010, 0.010, 0.080, 0.900, 0.000],  # N3
        [0.020, 0.035, 0.015, 0.000, 0.930],  # R
    ]
)
MISREADINGS: dict[Stage, tuple[tuple[Stage, float], ...]] = {
    # what the body did where a scorer wrote the key; the rates are ours, humans disagree more
    Stage.W: ((Stage.N1, 0.04),),
    Stage.N1: ((Stage.W, 0.08), (Stage.N2, 0.12), (Stage.R, 0.03)),
    Stage.N2: ((Stage.N1, 0.03), (Stage.N3, 0.03)),
    Stage.N3: ((Stage.N2, 0.08),),
    Stage.R: ((Stage.N1, 0.03), (Stage.N2, 0.02)),
}


def draw_stages(pages: int, page_s: float, rng: np.random.Generator) -> np.ndarray:
    """The stages of one night as a scorer writes them; from 60 pages on, each stage occurs.

    Shapes: returns (pages,) int8.
    """
    for _ in range(MAX_DRAWS):
        stages = _walk(pages, page_s, rng)
        if np.bincount(stages, minlength=len(Stage)).min() >= MIN_SHARE * pages:
            break
    return stages


def draw_body(stages: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What the body did on each page: mostly what the scorer wrote, so no staging is perfect.

    Shapes: stages (pages,) int8; returns the same.
    """
    body = stages.copy()
    chance = rng.random(len(stages))
    for stage, misreadings in MISREADINGS.items():
        low = 0.0
        for other, share in misreadings:
            body[(stages == stage) & (chance >= low) & (chance < low + share)] = other
            low += share
    return body


def _walk(pages: int, page_s: float, rng: np.random.Generator) -> np.ndarray:
    """One walk of the chain, from waking to waking."""
    cycles = max(MIN_CYCLES, round(pages * page_s / CYCLE_S))
    stages = np.zeros(pages, np.int8)
    for page, chance in enumerate(rng.random(pages)):
        row = STEP[stages[page - 1]] * _drives(page / pages, page * cycles / pages % 1.0)
        stages[page] = np.searchsorted(np.cumsum(row), chance * row.sum(), side="right")
    stages[0] = stages[-1] = Stage.W
    return stages


def _drives(night: float, cycle: float) -> tuple[float, float, float, float, float]:
    """How strongly each stage pulls at a point of the night and of its cycle, both 0 to 1."""
    deep = 1.7 * (1.0 - night) if 0.15 < cycle < 0.65 else 0.3
    dream = 1.5 + 2.5 * night if cycle > 0.65 else 0.1
    return 1.0, 1.0, 1.0, deep, dream
