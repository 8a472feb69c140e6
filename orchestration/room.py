"""Room for the tensors that a phase remembers: in memory while they are few, then in files.

What is held in memory stays there as long as the process; a file's pages are written out and
dropped when memory runs short, and read again. The files lie beside the scaled nights and have no
name: they are gone with their tensors, or with the process, even one that is killed. Where none
can be made, tensors are held in memory.
"""

import logging
import math
import mmap
import os
import tempfile
from collections.abc import Sequence

import torch
from torch import Tensor

from orchestration.night_files import night_folder

logger = logging.getLogger(__name__)

# Of one phase. A constant, because a process does not know how many share its machine: eight hold
# 8 GB of maps at most, and the 200 nights of MASS with 3 MB each never leave memory.
HELD_BYTES = 1e9


class Room:
    """Host memory for tensors, of which no more than some bytes are held.

    Args:
        held_bytes: what is taken beyond them lies in files.
    """

    def __init__(self, held_bytes: float = HELD_BYTES) -> None:
        self.left_bytes = held_bytes

    def take(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """A tensor of any content, to be written to."""
        size = math.prod(shape) * dtype.itemsize
        if size > self.left_bytes:
            try:
                return _mapped(size, dtype).reshape(*shape)
            except OSError as error:
                self.left_bytes = math.inf  # no other file is tried
                logger.warning("maps are held in memory, as they cannot lie on disk: %s", error)
        self.left_bytes -= size
        return torch.empty(*shape, dtype=dtype)


def _mapped(size: int, dtype: torch.dtype) -> Tensor:
    """A file's bytes as a tensor, which alone keeps the file."""
    with tempfile.TemporaryFile(dir=night_folder()) as file:
        if hasattr(os, "posix_fallocate"):  # not on macOS
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk says so here, not at a write
        else:
            file.truncate(size)
        return torch.frombuffer(mmap.mmap(file.fileno(), size), dtype=dtype)
