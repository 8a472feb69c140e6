"""Signals to calibrate and to compare an exported network with: nights as it takes them, scaled.

Real nights are a person's own; where none is given they are drawn.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datasets.parquet import read_night, read_subject
from datasets.recording import Hypnogram
from datasets.signals import RATE_HZ
from datasets.synthetic_hypnogram import draw_body, draw_stages
from datasets.synthetic_signals import draw_ecg
from orchestration.staging.prepared import prepared, scale_of
from orchestration.staging.spec import StagingSpec

DRAWN_NIGHTS, DRAWN_SEGMENTS = 6, 80
PAGE_S = 30.0  # of drawn nights
PIECE_SEGMENTS = 40  # what is shown to a network at once
PIECES = 16  # to calibrate with, and as many to compare with


def drawn_night(spec: StagingSpec, segments: int, seed: int) -> np.ndarray:
    """A night that nobody slept, (segments * S,) float32, scaled as the network takes it."""
    rng = np.random.default_rng(seed)
    samples = segments * spec.segment_samples
    pages = int(samples / spec.hz / PAGE_S) + 1
    body = draw_body(draw_stages(max(pages, 4), PAGE_S, rng), rng)
    slept = Hypnogram(np.arange(len(body)) * PAGE_S, PAGE_S, body)
    return as_taken(draw_ecg(slept, samples, spec.hz, rng), spec.hz, spec)


def drawn_nights(spec: StagingSpec) -> list[np.ndarray]:
    """Several, of several people."""
    return [drawn_night(spec, DRAWN_SEGMENTS, seed) for seed in range(DRAWN_NIGHTS)]


def given_night(path: Path, spec: StagingSpec) -> np.ndarray:
    """A person's night: of a store (Parquet), or any recording that can be staged.

    Shapes: returns (T*S,) float32, scaled as the network takes it.

    Raises:
        ValueError: it cannot be read, or is shorter than two segments.
    """
    if not path.exists():
        raise ValueError(f"there is no night {path}. Name files that exist after --calibrate.")
    if _of_store(path):
        taken = as_taken(read_night(path).ecg.ravel(), RATE_HZ, spec)
    else:
        from orchestration.staging.sources import as_recording  # what reads files of all kinds

        recording = as_recording(path)
        taken = as_taken(recording.samples, recording.hz, spec)
    if len(taken) < 2 * spec.segment_samples:
        raise ValueError(f"{path} is shorter than two segments; give a night with --calibrate.")
    return taken


def as_taken(samples: np.ndarray, hz: float, spec: StagingSpec) -> np.ndarray:
    """Samples in mV as the network takes them, whole segments of them."""
    scale = scale_of(samples, hz, np.zeros(0, bool))
    taken = prepared(samples, hz, scale, spec)
    return taken[: len(taken) // spec.segment_samples * spec.segment_samples]


def halves(
    nights: Sequence[np.ndarray], spec: StagingSpec
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Pieces to calibrate with and pieces to compare with, none in both, spread over the nights.

    Shapes: nights (T*S,); pieces (t*S,).
    """
    pieces = [piece for night in nights for piece in _pieces(night, spec)]
    return _spread(pieces[::2]), _spread(pieces[1::2])


def _pieces(night: np.ndarray, spec: StagingSpec) -> list[np.ndarray]:
    """An even number of equal stretches."""
    segments = len(night) // spec.segment_samples
    length = min(PIECE_SEGMENTS, segments // 2) * spec.segment_samples
    count = len(night) // length // 2 * 2
    return [night[k * length : (k + 1) * length] for k in range(count)]


def _spread(pieces: list[np.ndarray]) -> list[np.ndarray]:
    chosen = np.linspace(0, len(pieces) - 1, min(PIECES, len(pieces))).round().astype(int)
    return [pieces[index] for index in chosen]


def _of_store(path: Path) -> bool:
    """Whether it is a night that `prepare` made."""
    if path.suffix != ".parquet":
        return False
    try:
        read_subject(path)
    except ValueError:
        return False
    return True
