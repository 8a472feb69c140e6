"""A phase that is not finished: its state and its epochs so far, for whoever takes it up again."""

import time
from pathlib import Path
from typing import Any

import torch

from kd_core.distributed import from_rank_0, rank
from kd_core.fit import EpochReport, FitState
from orchestration.store import whole

EVERY_S = 60.0  # what a kill may cost, against writing the weights four times over


class Halfway:
    """One file a phase, written by rank 0; holds tensors and numbers, nothing that executes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept_at = time.monotonic()

    def load(self) -> tuple[FitState, list[EpochReport]]:
        """Where the phase was left, the same on every rank; the beginning if it is new."""
        state = FitState()
        kept, epochs = from_rank_0(self._read)
        if kept:
            state.load_state_dict(kept)
        return state, [EpochReport(*epoch) for epoch in epochs]

    def keep(self, state: FitState, epochs: list[EpochReport]) -> None:
        """Write where the phase stands, unless that was done a moment ago."""
        if rank() == 0 and time.monotonic() - self.kept_at >= EVERY_S:
            with whole(self.path) as scratch:
                kept = {"state": state.state_dict(), "epochs": [tuple(epoch) for epoch in epochs]}
                torch.save(kept, scratch)
            self.kept_at = time.monotonic()

    def drop(self) -> None:
        """Forget it: the phase is finished."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
        if not self.path.is_file():
            return {}, []
        kept = torch.load(self.path, map_location="cpu", weights_only=True)
        return kept["state"], kept["epochs"]
