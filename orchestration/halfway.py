"""A phase that is not finished: its state and its epochs so far, for whoever takes it up again."""

import io
import logging
import time
from typing import Any

import torch

from kd_core.distributed import from_rank_0, rank
from kd_core.fit import EpochReport, FitState
from orchestration.files import Files

logger = logging.getLogger(__name__)

SHARE = 0.05  # of the time that writing may take: a kill costs an epoch, or 20 times a write


class Halfway:
    """One file a phase, written by rank 0; holds tensors and numbers, nothing that executes."""

    def __init__(self, files: Files, path: str) -> None:
        self.files, self.path = files, path
        self.next_at = 0.0  # when it may be written again, on the monotonic clock

    def load(self) -> tuple[FitState, list[EpochReport]]:
        """Where the phase was left, the same on every rank; the beginning if it is new."""
        state = FitState()
        kept, epochs = from_rank_0(self._read)
        if kept:
            state.load_state_dict(kept)
        return state, [EpochReport(*epoch) for epoch in epochs]

    def keep(self, state: FitState, epochs: list[EpochReport]) -> None:
        """Write where the phase stands, unless that would slow it down."""
        started = time.monotonic()
        if rank() != 0 or started < self.next_at:
            return
        content = io.BytesIO()
        kept = {"state": state.state_dict(), "epochs": [tuple(epoch) for epoch in epochs]}
        torch.save(kept, content)
        try:
            self.files.write(self.path, content.getvalue())
        except OSError as error:  # a full disk: what was kept before stays, training goes on
            logger.warning("%s cannot be written: %s", self.path, error)
        ended = time.monotonic()
        self.next_at = ended + (ended - started) / SHARE

    def drop(self) -> None:
        """Forget it: the phase is finished."""
        self.files.remove(self.path)

    def _read(self) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
        try:
            content = self.files.read(self.path)
        except FileNotFoundError:
            return {}, []
        kept = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        return kept["state"], kept["epochs"]
