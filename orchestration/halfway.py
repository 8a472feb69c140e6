"""A phase that is not finished: its state and its epochs so far, for whoever takes it up again."""

import io
import logging
import time
from collections.abc import Callable
from functools import partial

import torch

from kd_core.distributed import from_rank_0
from kd_core.fit import EpochReport, FitState
from orchestration.files import Files

logger = logging.getLogger(__name__)

SHARE = 0.05  # of the time that writing may take: a kill costs an epoch, or 20 times a write


class Lost(RuntimeError):  # noqa: N818 - it reads as what happened
    """Another builder has taken the phase over."""


class Halfway:
    """One file a phase, written by rank 0; holds tensors and numbers, nothing that executes.

    Args:
        is_mine: whether the phase is still this builder's, asked before each writing.
    """

    def __init__(
        self, files: Files, path: str, is_mine: Callable[[], bool] = lambda: True
    ) -> None:
        self.files, self.path, self.is_mine = files, path, is_mine
        self.next_at = 0.0  # when it may be written again, on the monotonic clock
        self.warned = False  # that it cannot be written

    def load(self) -> tuple[FitState, list[EpochReport]]:
        """Where the phase was left, the same on every rank; the beginning if it is new."""
        return from_rank_0(self._read)

    def keep(self, state: FitState, epochs: list[EpochReport]) -> None:
        """Write where the phase stands, unless that would slow it down.

        Raises:
            Lost: another builder has taken the phase over; on every rank.
        """
        if not from_rank_0(partial(self._keep, state, epochs)):
            raise Lost(f"another builder has taken {self.path} over")

    def drop(self) -> None:
        """Forget it: the phase is finished."""
        self.files.remove(self.path)

    def _keep(self, state: FitState, epochs: list[EpochReport]) -> bool:
        """Write if it is time; whether the phase is this builder's, as far as it knows."""
        started = time.monotonic()
        if started < self.next_at:
            return True
        content = io.BytesIO()
        kept = {"state": state.state_dict(), "epochs": [tuple(epoch) for epoch in epochs]}
        torch.save(kept, content)
        try:
            if not self.is_mine():  # this machine slept, or could not reach the storage
                logger.warning("another builder has taken %s over; it is left to it", self.path)
                return False
            self.files.write(self.path, content.getvalue())
        except Exception as error:  # a full disk, a storage that is away: a client's own errors
            self._warn(error)
        ended = time.monotonic()
        self.next_at = ended + (ended - started) / SHARE
        return True

    def _warn(self, error: Exception) -> None:
        """Say once that what was kept before stays."""
        if not self.warned:
            logger.warning("%s cannot be written, training goes on: %s", self.path, error)
        self.warned = True

    def _read(self) -> tuple[FitState, list[EpochReport]]:
        try:
            content = self.files.read(self.path)
        except FileNotFoundError:
            return FitState(), []
        state = FitState()
        try:
            kept = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            state.load_state_dict(kept["state"])
            return state, [EpochReport(*epoch) for epoch in kept["epochs"]]
        except Exception as error:  # whatever damaged bytes make torch raise
            reason = str(error).partition("\n")[0] or type(error).__name__
            logger.warning("%s cannot be used, the phase begins anew: %s", self.path, reason)
            return FitState(), []
