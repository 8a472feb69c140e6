"""Windows in memory -> the batches that a network sees, in the order that a seed decides."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from datasets.stages import SCHEMES, UNSCORED
from datasets.windows import ScaledNight, WindowRef, cut, load_night, window_refs
from kd_core.batch import Batch


def _night(path: Path, scheme: str, scaling: str) -> ScaledNight:
    """A night from memory, if this process has read it; all schemes share its signals."""
    night = _cached(path, path.stat().st_mtime_ns, scaling)
    return replace(night, labels=SCHEMES[scheme].labels(night.labels))


@lru_cache(maxsize=512)  # a night is 23 MB at float16
def _cached(path: Path, changed: int, scaling: str) -> ScaledNight:
    """A night labelled by its stages."""
    return load_night(path, SCHEMES["W-N1-N2-N3-R"], scaling)


class Batches:
    """The windows of some subjects, as often as they are asked for.

    Args:
        folder: where the nights lie, one Parquet file a subject.
        subjects: whose nights; nobody else's file is opened.
        segments: T, segments a window.
        size: windows a batch, over all ranks together.
        rank, ranks: this worker's share; each batch is dealt out evenly.
    """

    def __init__(
        self,
        folder: Path,
        subjects: Sequence[str],
        scheme: str,
        scaling: str,
        segments: int,
        size: int,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self.nights = [
            _night(folder / f"{subject}.parquet", scheme, scaling) for subject in subjects
        ]
        self.classes = len(SCHEMES[scheme].classes)
        self.segments = segments
        self.size = size
        self.rank, self.ranks = rank, ranks

    def class_counts(self) -> np.ndarray:
        """Scored segments of each class, (K,)."""
        labels = np.concatenate([night.labels for night in self.nights])
        return np.bincount(labels[labels != UNSCORED], minlength=self.classes)

    def shuffled(self, seed: int, epoch: int) -> Iterator[Batch]:
        """One pass for training: a grid of windows from a random segment on, shuffled."""
        rng = np.random.default_rng([seed, epoch])
        offset = int(rng.integers(self.segments))
        refs = window_refs(self.nights, self.segments, offset=offset)
        order = rng.permutation(len(refs))
        for start in range(0, len(order), self.size):
            chosen = order[start : start + self.size]
            if len(chosen) >= self.ranks:  # every rank must take every step
                yield self._batch([refs[i] for i in chosen[self.rank :: self.ranks]])

    def in_order(self) -> Iterator[Batch]:
        """One pass for scoring: every segment's label appears exactly once over all ranks."""
        refs = window_refs(self.nights, self.segments)[self.rank :: self.ranks]
        for start in range(0, len(refs), self.size):
            chosen = refs[start : start + self.size]
            batch = self._batch(chosen)
            for row, ref in enumerate(chosen):
                batch.target[row, : ref.length - ref.fresh] = UNSCORED
            yield batch

    def _batch(self, refs: Sequence[WindowRef]) -> Batch:
        eeg, ecg, labels = cut(self.nights, refs, self.segments)
        return Batch(*map(torch.from_numpy, (eeg, ecg, labels)))  # float16 until on the device
