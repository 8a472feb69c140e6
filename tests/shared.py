"""What the workers of one test session share: the first that asks makes it, the others wait."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(name: str, factory: pytest.TempPathFactory, fill: Callable[[Path], object]) -> Path:
    """The session's folder of this name, filled by one worker; nobody may change what is in it."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # a worker's own folder lies in the session's
    made = folder / name
    with FileLock(folder / f"{name}.lock"):
        if not made.exists():
            filling = folder / f"{name}.part"
            shutil.rmtree(filling, ignore_errors=True)  # of a worker that failed
            filling.mkdir()
            fill(filling)
            filling.rename(made)
    return made
