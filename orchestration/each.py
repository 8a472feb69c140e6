"""Ray Data: a task for each of many files, and a row of each once it is done."""

import logging
from collections.abc import Callable, Iterator, Sequence
from math import ceil
from typing import Any

import ray.data

TASKS = 1000  # at most; each costs the driver ten milliseconds, so more files share them
# Ray Data looks every tenth of a second whether a task has ended, and twice before it starts the
# next, so a task has several files; not so many that a core has no work
FILES, TASKS_A_CORE = 8, 2


def each_on_ray(
    items: Sequence[dict[str, Any]], do: Callable[..., dict[str, Any]], **same: Any
) -> Iterator[dict[str, Any]]:
    """do(item, **same) of every item on a CPU of the cluster, in the order tasks are done.

    Args:
        items: of columns with plain values.
        same: what all of them are given.
    """
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # its plan, and that it draws no bars
    ray.data.DataContext.get_current().enable_progress_bars = False
    cores = int(ray.cluster_resources().get("CPU", 1))
    blocks = tasks_for(len(items), cores)
    tasks = ray.data.from_items(list(items), override_num_blocks=blocks)
    yield from tasks.map(do, fn_kwargs=same, num_cpus=1).iter_rows()


def tasks_for(files: int, cores: int) -> int:
    """How many tasks share so many files on a cluster of so many cores."""
    return min(files, TASKS, max(ceil(files / FILES), TASKS_A_CORE * cores))
