"""Nights -> the batches that a network sees, in the order that a seed decides."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from datasets.stages import UNSCORED
from datasets.windows import ScaledNight, WindowRef, cut, paste, window_refs
from kd_core.batch import Batch
from kd_core.taught import as_outputs
from orchestration.room import Room
from orchestration.rows import Hold, HostRows, Rows
from orchestration.spent import Clock

Ask = Callable[[Batch], Mapping[str, Tensor]]  # what is said of a batch: (B, T, ...) by name


class Grid(NamedTuple):
    """One way to divide the nights into windows."""

    refs: list[WindowRef]
    said: Mapping[str, Tensor]
    """What a teacher says of each window by name, (windows, T, ...); empty if nobody asked."""


class Batches:
    """The windows of some nights, as often as they are asked for.

    Args:
        segments: T, segments a window.
        size: windows a batch, over all ranks together.
        rank, ranks: this worker's share; each batch is dealt out evenly.
        hold: where the nights are held, see `hold_on`.
    """

    def __init__(
        self,
        nights: Sequence[ScaledNight],
        segments: int,
        size: int,
        rank: int = 0,
        ranks: int = 1,
        hold: Hold = HostRows,
    ) -> None:
        self.nights = nights
        self.segments, self.size = segments, size
        self.rank, self.ranks = rank, ranks
        self.hold = hold
        self.eeg, self.ecg = hold([n.eeg for n in nights]), hold([n.ecg for n in nights])
        self.known: dict[str, Rows] = {}
        self.offsets: Sequence[int] = range(segments)  # that a training pass may begin at
        self.ask: Ask | None = None
        self.room = Room()
        self.clock = Clock()  # of the cutting of windows, in all copies of these batches
        self.said: dict[int, Mapping[str, Tensor]] = {}  # by offset

    def knowing(self, known: Mapping[str, Sequence[np.ndarray]]) -> Self:
        """The same batches with what a teacher says of each segment, as `by_night` gives it."""
        batches = copy.copy(self)
        batches.known = {name: self.hold(nights) for name, nights in known.items()}
        return batches

    def asking(self, ask: Ask, grids: int, room: Room) -> Self:
        """The same batches with what `ask` says of each window; it is asked once a window.

        Args:
            grids: among so many grids of windows a training pass chooses; each is remembered.
            room: where it is remembered.
        """
        batches = copy.copy(self)
        batches.offsets = [self.segments * grid // grids for grid in range(grids)]
        batches.ask, batches.room, batches.said = ask, room, {}
        return batches

    def of_all_ranks(self) -> Self:
        """The same nights, none of them left to other workers."""
        batches = copy.copy(self)
        batches.rank, batches.ranks = 0, 1
        return batches

    def class_counts(self, classes: int) -> np.ndarray:
        """Scored segments of each class, (K,)."""
        labels = np.concatenate([night.labels for night in self.nights])
        return np.bincount(labels[labels != UNSCORED], minlength=classes)

    def shuffled(self, seed: int, epoch: int) -> Iterator[Batch]:
        """One pass for training: a grid of windows from a random segment on, shuffled."""
        rng = np.random.default_rng([seed, epoch])
        grid = self._grid(self.offsets[int(rng.integers(len(self.offsets)))])
        order = rng.permutation(len(grid.refs))
        for start in range(0, len(order), self.size):
            chosen = order[start : start + self.size]
            if len(chosen) >= self.ranks:  # every rank must take every step
                yield self._batch(grid, chosen[self.rank :: self.ranks])

    def in_order(self) -> Iterator[Batch]:
        """One pass for scoring: every segment's label appears exactly once over all ranks."""
        return (batch for _, batch in self._scored())

    def by_night(self, ask: Ask) -> dict[str, list[np.ndarray]]:
        """What is said of every segment in one pass for scoring, where it is fresh.

        Shapes: each name's arrays are (n, ...), one a night; rows of other ranks are 0.
        """
        said: dict[str, list[np.ndarray]] = {}
        for refs, batch in self._scored():
            for name, tensor in ask(batch).items():
                windows = tensor.cpu().numpy()
                if name not in said:
                    said[name] = [_rows(night, windows) for night in self.nights]
                paste(said[name], refs, windows)
        return said

    def _scored(self) -> Iterator[tuple[Sequence[WindowRef], Batch]]:
        """Each batch of a pass for scoring beside where its windows lie."""
        grid = self._grid(0)
        order = np.arange(self.rank, len(grid.refs), self.ranks)
        for start in range(0, len(order), self.size):
            chosen = order[start : start + self.size]
            refs, batch = [grid.refs[i] for i in chosen], self._batch(grid, chosen)
            for row, ref in enumerate(refs):
                batch.target[row, : ref.length - ref.fresh] = UNSCORED
            yield refs, batch

    def _grid(self, offset: int) -> Grid:
        """The windows of a grid, and what is said of them: the same on every rank."""
        with self.clock.running():
            refs = window_refs(self.nights, self.segments, offset=offset)
        if self.ask and offset not in self.said:
            self.said[offset] = self._answers(self.ask, refs)
        return Grid(refs, self.said.get(offset, {}))

    def _answers(self, ask: Ask, refs: list[WindowRef]) -> dict[str, Tensor]:
        """What is said of all windows of a grid, on the host; (windows, T, ...) by name."""
        said: dict[str, Tensor] = {}
        for start in range(0, len(refs), self.size):
            chosen = np.arange(start, min(start + self.size, len(refs)))
            for name, windows in ask(self._batch(Grid(refs, {}), chosen)).items():
                if name not in said:
                    said[name] = self.room.take((len(refs), *windows.shape[1:]), windows.dtype)
                said[name][start : start + len(windows)] = windows
        return said

    def _batch(self, grid: Grid, chosen: np.ndarray) -> Batch:
        """Windows in float16 until they are on the device; targets in host memory."""
        with self.clock.running():
            return self._cut(grid, chosen)

    def _cut(self, grid: Grid, chosen: np.ndarray) -> Batch:
        refs = [grid.refs[i] for i in chosen]
        eeg, ecg = (
            side.cut(refs, self.segments).flatten(1).unsqueeze(1)  # (B, T, S) -> (B, 1, T*S)
            for side in (self.eeg, self.ecg)
        )
        labels = cut([night.labels for night in self.nights], refs, self.segments, UNSCORED)
        said = {name: rows.cut(refs, self.segments) for name, rows in self.known.items()}
        said |= {name: windows[chosen] for name, windows in grid.said.items()}
        return Batch(eeg, ecg, torch.from_numpy(labels), as_outputs(said) if said else None)


def _rows(night: ScaledNight, windows: np.ndarray) -> np.ndarray:
    """Room for what belongs to each segment of a night, (B, T, ...) -> (n, ...)."""
    return np.zeros((len(night.segment), *windows.shape[2:]), windows.dtype)
