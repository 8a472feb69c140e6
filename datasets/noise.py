"""Noise that electrodes picked up where no heart was: muscle, electrode motion, baseline wander.

The folder of the MIT-BIH Noise Stress Test Database in, a Noise out: both leads of each kind at
360 Hz, in mV. split_noise() divides it in time, so that what tests was never heard in training;
over its turns every moment tests once.
Source: Moody, Muldrow, Mark 1984, Computers in Cardiology 11:381-384.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets.clean_records import CLEAN_HZ
from datasets.clean_split import PARTS
from datasets.ecg_files import read_ecg
from datasets.recording import UnusableRecording
from datasets.signals import resample
from datasets.wfdb_files import wfdb_labels

KINDS = {"ma": "muscle artefact", "em": "electrode motion", "bw": "baseline wander"}
GUARD_S = 10.0  # between two parts, which nobody hears: a segment's length. Our choice
Span = tuple[int, int]  # of a record: the first sample, and the first after the last


@dataclass(frozen=True, eq=False)
class Noise:
    """Noise of each kind as recorded: one stretch, or several with a gap between them."""

    signals: Mapping[str, np.ndarray]
    """By KINDS: (leads, n) float32 in mV at 360 Hz, one stretch after the other."""
    spans: Mapping[str, tuple[Span, ...]]
    """By KINDS: where in the record each stretch lies, early to late."""

    def __post_init__(self) -> None:
        for kind in KINDS:
            signal = self.signals.get(kind)
            if signal is None or signal.ndim != 2 or not np.isfinite(signal).all():
                raise ValueError(f"noise {kind!r} must be finite samples of shape (leads, n).")
            if sum(self.lengths(kind)) != signal.shape[1]:
                raise ValueError(f"noise {kind!r}: {signal.shape[1]} samples, {self.spans[kind]}.")

    @classmethod
    def whole(cls, signals: Mapping[str, np.ndarray]) -> "Noise":
        """Whole records."""
        return cls(signals, {kind: ((0, signal.shape[1]),) for kind, signal in signals.items()})

    def lengths(self, kind: str) -> list[int]:
        """Samples of each stretch."""
        return [end - first for first, end in self.spans[kind]]

    def stretches(self, kind: str) -> list[np.ndarray]:
        """Each stretch by itself. Shapes: (leads, its length)."""
        return np.split(self.signals[kind], np.cumsum(self.lengths(kind))[:-1], axis=1)

    def draw(
        self, kind: str, count: int, length: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """For each of `count` pieces a lead and an offset that leaves room for `length` samples.

        No piece lies across a gap; all places that are left are as likely.

        Shapes: returns (count,) int64 twice, offsets into `signals`.
        """
        lengths = np.array(self.lengths(kind))
        if lengths.max() < length:
            raise ValueError(
                f"noise {kind!r} has {lengths.max()} samples without a gap, which is less than "
                f"the {length} of a piece. Give longer noise records."
            )
        places = np.maximum(lengths - length + 1, 0)
        leads = rng.integers(len(self.signals[kind]), size=count)
        drawn = rng.integers(places.sum(), size=count)
        passed = lengths - places  # samples at the end of a stretch, where no piece begins
        of = np.searchsorted(places.cumsum(), drawn, side="right")
        return leads, drawn + (passed.cumsum() - passed)[of]

    def pieces(self, kind: str, leads: np.ndarray, offsets: np.ndarray, length: int) -> np.ndarray:
        """The drawn noise. Shapes: leads, offsets (count,); returns (count, length) float32."""
        at = offsets[:, None] + np.arange(length)
        return np.asarray(self.signals[kind][leads[:, None], at])

    def stretched(self, kind: str, length: int, rng: np.random.Generator) -> np.ndarray:
        """Noise of any length: one lead from a drawn sample on, to and fro, so that nothing jumps.

        It is of the longest stretch.

        Shapes: returns (length,) float32.
        """
        longest = max(self.stretches(kind), key=lambda stretch: stretch.shape[1])
        signal = longest[rng.integers(len(longest))]
        course = np.concatenate([signal, signal[::-1]])  # its ends meet
        at = rng.integers(len(signal)) + np.arange(length)
        return np.asarray(course[at % len(course)])


class NoiseParts(NamedTuple):
    """Noise divided in time."""

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
    return Noise.whole({kind: _read(folder / f"{kind}.hea") for kind in KINDS})


def split_noise(noise: Noise, turn: int = 0, guard_s: float = GUARD_S) -> NoiseParts:
    """One fifth of the time tests, the one before it validates, the other three train.

    There are as many parts as of patients. Before the first fifth comes the last one. Between
    parts that meet lies a gap that nobody hears; it is never taken from the part that tests.

    Args:
        noise: whole records.
        turn: which fifth tests: 0 the last, 1 the one before it, to 4, the first. As the index
            of a fold of patients it lets every moment test once.
        guard_s: length of each gap.

    Raises:
        ValueError: there is no such turn, or the noise is too short to divide.
    """
    if not 0 <= turn < PARTS or guard_s < 0:
        raise ValueError(f"turn {turn}, gap {guard_s} s: allowed are 0 to {PARTS - 1}, and 0 s.")
    guard = round(guard_s * CLEAN_HZ)
    spans = {kind: _spans(noise.signals[kind].shape[1], turn, guard) for kind in KINDS}
    return NoiseParts(*(_part(noise, {k: spans[k][part] for k in KINDS}) for part in range(3)))


def _spans(samples: int, turn: int, guard: int) -> list[tuple[Span, ...]]:
    """Of training, validation and test."""
    if samples < PARTS * (guard + 1):
        raise ValueError(
            f"noise of {samples} samples is too short to divide; give longer records."
        )
    edges = [round(samples * fifth / PARTS) for fifth in range(PARTS + 1)]
    tests = PARTS - 1 - turn
    validates = (tests - 1) % PARTS
    before = (0, edges[max(tests - 1, 0)] - guard)
    after = (edges[tests + 1] + guard, samples if tests else edges[validates] - guard)
    train = tuple(span for span in (before, after) if span[1] > span[0])
    validation = (edges[validates], edges[validates + 1] - (guard if tests else 0))
    return [train, (validation,), ((edges[tests], edges[tests + 1]),)]


def _part(noise: Noise, spans: Mapping[str, tuple[Span, ...]]) -> Noise:
    return Noise(
        {
            kind: np.concatenate([noise.signals[kind][:, slice(*span)] for span in own], axis=1)
            for kind, own in spans.items()
        },
        spans,
    )


def _read(path: Path) -> np.ndarray:
    """(leads, n) float32 in mV at 360 Hz, of one record."""
    leads = [read_ecg(path, label) for label in dict.fromkeys(wfdb_labels(path))]
    for lead in leads:
        if not np.isfinite(lead.samples).all():
            raise UnusableRecording(
                f"{path.name} lacks samples of {lead.label!r}. Fetch it again."
            )
    return np.stack([resample(lead.samples, lead.hz, CLEAN_HZ) for lead in leads])
