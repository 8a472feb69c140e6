"""Noise that electrodes picked up where no heart was: muscle, electrode motion, baseline wander.

The folder of the MIT-BIH Noise Stress Test Database in, a Noise out: both leads of each kind at
360 Hz, in mV. split_noise() divides it in time, so that what tests was never heard in training.
Source: Moody, Muldrow, Mark 1984, Computers in Cardiology 11:381-384.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets.clean_records import CLEAN_HZ
from datasets.ecg_files import read_ecg
from datasets.recording import UnusableRecording
from datasets.signals import resample
from datasets.wfdb_files import wfdb_labels

KINDS = {"ma": "muscle artefact", "em": "electrode motion", "bw": "baseline wander"}
SHARES = (0.6, 0.2, 0.2)  # of the time: training, validation, test. Our choice
GUARD_S = 10.0  # between two parts, which nobody hears: a segment's length. Our choice


@dataclass(frozen=True, eq=False)
class Noise:
    """A stretch of noise of each kind, as recorded."""

    signals: Mapping[str, np.ndarray]
    """By KINDS: (leads, n) float32 in mV at 360 Hz."""
    first: Mapping[str, int]
    """By KINDS: which sample of the record the first one is."""

    def __post_init__(self) -> None:
        for kind in KINDS:
            signal = self.signals.get(kind)
            if signal is None or signal.ndim != 2 or not np.isfinite(signal).all():
                raise ValueError(f"noise {kind!r} must be finite samples of shape (leads, n).")

    def span(self, kind: str) -> tuple[int, int]:
        """The first sample of the record that is in here, and the first after it."""
        start = self.first[kind]
        return start, start + self.signals[kind].shape[1]

    def draw(
        self, kind: str, count: int, length: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """For each of `count` pieces a lead and an offset that leaves room for `length` samples.

        Shapes: returns (count,) int64 twice, offsets counted from this stretch's first sample.
        """
        leads, samples = self.signals[kind].shape
        if samples < length:
            raise ValueError(
                f"noise {kind!r} has {samples} samples, which is less than the {length} of a "
                "piece. Give longer noise records, or the training part a smaller share."
            )
        return rng.integers(leads, size=count), rng.integers(samples - length + 1, size=count)

    def pieces(self, kind: str, leads: np.ndarray, offsets: np.ndarray, length: int) -> np.ndarray:
        """The drawn noise. Shapes: leads, offsets (count,); returns (count, length) float32."""
        at = offsets[:, None] + np.arange(length)
        return np.asarray(self.signals[kind][leads[:, None], at])

    def stretched(self, kind: str, length: int, rng: np.random.Generator) -> np.ndarray:
        """Noise of any length: one lead from a drawn sample on, to and fro, so that nothing jumps.

        Shapes: returns (length,) float32.
        """
        lead, samples = self.signals[kind].shape
        signal = self.signals[kind][rng.integers(lead)]
        course = np.concatenate([signal, signal[::-1]])  # its ends meet
        at = rng.integers(samples) + np.arange(length)
        return np.asarray(course[at % len(course)])


class NoiseParts(NamedTuple):
    """Noise divided in time, early to late."""

    train: Noise
    validation: Noise
    test: Noise


def read_noise(folder: Path) -> Noise:
    """The records bw, em and ma of a folder, at 360 Hz."""
    folder = Path(folder)
    missing = [f"{kind}.hea" for kind in KINDS if not (folder / f"{kind}.hea").is_file()]
    if missing:
        raise ValueError(
            f"folder {folder.name} lacks {missing}; give the folder of the MIT-BIH Noise Stress "
            f"Test Database, with {[f'{kind}.hea' for kind in KINDS]} and their .dat files."
        )
    return Noise({kind: _read(folder / f"{kind}.hea") for kind in KINDS}, dict.fromkeys(KINDS, 0))


def split_noise(
    noise: Noise, shares: Sequence[float] = SHARES, guard_s: float = GUARD_S
) -> NoiseParts:
    """The first part trains, a later one validates, the last tests; a gap lies between them.

    Args:
        shares: of the time that remains without the gaps, three that add up to 1.
        guard_s: length of each of the two gaps.
    """
    if len(shares) != 3 or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9 or guard_s < 0:
        raise ValueError(f"shares are {shares}, gap {guard_s} s; give three shares that add to 1.")
    guard = round(guard_s * CLEAN_HZ)
    edges = {kind: _edges(noise.signals[kind].shape[1], shares, guard) for kind in KINDS}
    return NoiseParts(*(_part(noise, {k: edges[k][part] for k in KINDS}) for part in range(3)))


def _edges(samples: int, shares: Sequence[float], guard: int) -> list[tuple[int, int]]:
    """First sample and end of each part."""
    left = samples - 2 * guard
    if left < 3:
        raise ValueError(
            f"noise of {samples} samples is too short to divide; give longer records."
        )
    ends = np.rint(left * np.cumsum(shares)).astype(int) + guard * np.arange(3)
    starts = [0, ends[0] + guard, ends[1] + guard]
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def _part(noise: Noise, edges: Mapping[str, tuple[int, int]]) -> Noise:
    return Noise(
        {kind: noise.signals[kind][:, slice(*edge)] for kind, edge in edges.items()},
        {kind: noise.first[kind] + edge[0] for kind, edge in edges.items()},
    )


def _read(path: Path) -> np.ndarray:
    """(leads, n) float32 in mV at 360 Hz, of one record."""
    leads = [read_ecg(path, label) for label in wfdb_labels(path)]
    for lead in leads:
        if not np.isfinite(lead.samples).all():
            raise UnusableRecording(
                f"{path.name} lacks samples of {lead.label!r}. Fetch it again."
            )
    return np.stack([resample(lead.samples, lead.hz, CLEAN_HZ) for lead in leads])
