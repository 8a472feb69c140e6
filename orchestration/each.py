"""Ray Data: a task for each of many files, and a row of each once it is done."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ray.data

TASKS = 1000  # at most; each costs the driver ten milliseconds, so more files share them


def each_on_ray(
    items: Sequence[dict[str, Any]], do: Callable[..., dict[str, Any]], **same: Any
) -> Iterator[dict[str, Any]]:
    """do(item, **same) of every item on a CPU of the cluster, in the order they are done.

    Args:
        items: of columns with plain values.
        same: what all of them are given.
    """
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # its plan, and that it draws no bars
    ray.data.DataContext.get_current().enable_progress_bars = False
    tasks = ray.data.from_items(list(items), override_num_blocks=min(len(items), TASKS))
    yield from tasks.map(do, fn_kwargs=same, num_cpus=1).iter_rows()
