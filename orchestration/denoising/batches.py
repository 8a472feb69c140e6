"""Clean segments and recorded noise -> batches; the noise is drawn anew in every epoch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from datasets.noise import Noise
from datasets.noise_mix import mix_group
from kd_core.batch import Batch
from orchestration.denoising.clean import Clean
from orchestration.denoising.variation import varied
from orchestration.spent import Clock

VALIDATION_SEED = 7  # of the noise that validates: the same for every network


@dataclass(frozen=True)
class NoisyBatches:
    """The segments of some patients under the noise of some groups."""

    clean: Clean
    noise: Noise
    groups: Sequence[str]
    """Of which each segment hears one: drawn in training, every one in turn in validation."""
    size: int
    """Segments a batch, over all ranks together."""
    varied: bool = False
    """Whether training changes the clean segments too."""
    rank: int = 0
    ranks: int = 1
    clock: Clock = field(default_factory=Clock)
    """Of the making of batches."""

    def shuffled(self, seed: int, epoch: int) -> Iterator[Batch]:
        """One pass for training; what is drawn depends on seed, epoch and batch alone."""
        order = np.random.default_rng([seed, epoch]).permutation(len(self.clean))
        for start in range(0, len(order), self.size):
            chosen = order[start : start + self.size]
            if len(chosen) < self.ranks:  # every rank must take every step
                return
            with self.clock.running():
                batch = self._drawn(chosen, np.random.default_rng([seed, epoch, start]))
            yield batch

    def in_order(self) -> Iterator[Batch]:
        """One pass for validation: every segment once under every group, over all ranks."""
        for place, group in enumerate(self.groups):
            with self.clock.running():
                noisy = self.heard(group, place)
            for start in range(0, len(noisy), self.size):
                rows = slice(start + self.rank, start + self.size, self.ranks)
                if len(noisy[rows]):
                    yield _batch(noisy[rows], self.clean.samples[rows])

    def heard(self, group: str, place: int) -> np.ndarray:
        """All segments under a group's noise, always the same. Shapes: (n, 3600) float32."""
        return mix_group(
            self.clean.samples,
            self.noise,
            group,
            np.random.default_rng([VALIDATION_SEED, place]),
        )

    def _drawn(self, chosen: np.ndarray, rng: np.random.Generator) -> Batch:
        clean = varied(self.clean, chosen, rng) if self.varied else self.clean.samples[chosen]
        of = rng.integers(len(self.groups), size=len(chosen))
        noisy = np.empty_like(clean)
        for place, group in enumerate(self.groups):
            noisy[of == place] = mix_group(clean[of == place], self.noise, group, rng)
        own = slice(self.rank, None, self.ranks)
        return _batch(noisy[own], clean[own])


def _batch(noisy: np.ndarray, clean: np.ndarray) -> Batch:
    """(B, 3600) twice to views and target (B, 1, 3600)."""
    view = torch.from_numpy(noisy).unsqueeze(1)
    return Batch(view, view, torch.from_numpy(clean).unsqueeze(1))
