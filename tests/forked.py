"""Processes of their own that need not import torch again: forked from one that did so once.

A new interpreter works for three seconds until it has imported the libraries. These processes have
the libraries, nothing of ours and nothing of pytest; they share no memory with whoever asks.
"""

import multiprocessing
import os
import runpy
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

LIBRARIES = ("torch._dynamo", "ray.data", "s3fs", "scipy.stats", "sklearn.utils")  # any optimizer


def forked() -> ForkServerContext:
    """How such processes are started; their environment is that of the first start."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LIBRARIES))
    return context


def pool(processes: int) -> Pool:
    """So many at once, with the environment of now."""
    return forked().Pool(processes, _see, (dict(os.environ),))


def ranks(work: Callable[..., None], world: int, *given: Any) -> None:
    """Run `work(rank, *given)` in a process a rank; an error in one of them is raised."""
    from torch.multiprocessing.spawn import start_processes

    forked()
    start_processes(work, given, world, start_method="forkserver")  # type: ignore[no-untyped-call]


def typed(folder: Path, module: str, *words: str) -> int:
    """What `python -m MODULE WORDS` exits with; what it says is in `folder`: stdout, stderr."""
    process = forked().Process(target=_type, args=(folder, module, words))
    process.start()
    process.join(120)
    assert process.exitcode is not None, f"{module} {words} has not ended in two minutes"
    return process.exitcode


def _see(environment: dict[str, str]) -> None:
    os.environ.update(environment)


def _type(folder: Path, module: str, words: tuple[str, ...]) -> None:
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(folder / name, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), number)
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
