"""What a phase trains on, for, and leaves behind: all in which staging and denoising differ."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import nn

from kd_core.batch import Batch
from kd_core.fit import EpochReport
from kd_core.objectives import Objective


class Task(NamedTuple):
    """What `fit` needs beside a network, and who writes down what came of it."""

    train: Callable[[int], Iterable[Batch]]
    """Epoch, from 1 -> this rank's part of its training batches."""
    validation: Callable[[], Iterable[Batch]]
    """This rank's part of the validation batches."""
    objective: Objective
    classes: tuple[str, ...]
    """Their names; none where a signal is what is learned."""
    teacher: nn.Module | None
    """Runs along with the student; None where there is none, or batches know what it says."""
    waited_s: Callable[[], float]
    """Seconds that were spent so far on making batches."""
    write: Callable[[nn.Module, Sequence[EpochReport], Path], None]
    """Fills the phase's folder; rank 0 alone calls it, with the network of the best epoch."""
