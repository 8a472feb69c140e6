"""The quality of a recording as it comes: the flags of the whole, block by block."""

import numpy as np

from datasets.ecg import whole_seconds
from orchestration.staging.noise import BLOCK_S
from orchestration.staging.quality import Quality, assess


class Judged:
    """Which of the seconds that have come can be staged, kept until they are forgotten."""

    def __init__(self, hz: float, limits_mv: tuple[float, float] | None) -> None:
        self.hz, self.limits_mv = hz, limits_mv
        self._rest = np.empty(0, np.float32)  # samples of the block that is not whole yet
        self._first_sample = self._judged_s = self._forgotten_s = 0
        self._flags = np.empty(0, np.bool_)  # of the seconds from _forgotten_s on

    def push(self, samples: np.ndarray) -> None:
        """Take (n,) samples in mV, NaN where missing."""
        self._rest = np.concatenate([self._rest, samples])
        blocks = (self._come_s - self._judged_s) // BLOCK_S
        if blocks > 0:
            self._judge(self._judged_s + blocks * BLOCK_S)

    def finish(self) -> None:
        """Judge the last block by what there is of it."""
        if self._come_s > self._judged_s:
            self._judge(self._come_s)

    @property
    def settled(self) -> np.ndarray:
        """(seconds,) bool: what is unusable of all that was judged and not forgotten."""
        return self._flags

    def unusable(self, first: int, last: int) -> np.ndarray:
        """(last - first,) bool: the flags of some seconds."""
        return self._flags[first - self._forgotten_s : last - self._forgotten_s]

    def forget(self, second: int) -> None:
        """Drop the flags of what lies before a second."""
        self._flags = self._flags[second - self._forgotten_s :]
        self._forgotten_s = second

    @property
    def _come_s(self) -> int:
        return whole_seconds(self._first_sample + len(self._rest), self.hz)

    def _judge(self, until_s: int) -> None:
        end = round(until_s * self.hz) - self._first_sample
        found: Quality = assess(
            self._rest[:end], self.hz, self.limits_mv, first_second=self._judged_s
        )
        self._flags = np.concatenate([self._flags, found.unusable])
        self._rest = self._rest[end:]
        self._first_sample += end
        self._judged_s = until_s
