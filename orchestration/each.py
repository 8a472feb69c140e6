"""Ray Data: tasks that share many files, and a row of each once its task is done."""

import logging
from collections.abc import Callable, Iterator, Sequence
from math import ceil
from typing import Any

import pyarrow as pa
import ray.data

FILES = 8  # a task: each costs its worker twenty milliseconds, and its rows come once it is done
TASKS = 1000  # at most; each costs the driver ten milliseconds, so of very many files more share


def each_on_ray(
    items: Sequence[dict[str, Any]], do: Callable[..., dict[str, Any]], **same: Any
) -> Iterator[dict[str, Any]]:
    """do(item, **same) of every item on a CPU of the cluster, in the order tasks are done.

    Args:
        items: of columns with plain values.
        same: what all of them are given.
    """
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # its plan, and that it draws no bars
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    # Ray gets all tasks at once and starts one when a core is free. Ray Data would hold them back,
    # to bound the memory of rows that wait: it knows of no core in the first second, and looks for
    # ended tasks every tenth. Here a row is a kilobyte.
    context.op_resource_reservation_enabled = False
    cores = int(ray.cluster_resources().get("CPU", 1))
    rest = iter(items)
    blocks = [
        pa.Table.from_pylist([next(rest) for _ in range(files)])
        for files in shares(len(items), cores)
    ]
    yield from ray.data.from_arrow(blocks).map(do, fn_kwargs=same, num_cpus=1).iter_rows()


def shares(files: int, cores: int) -> list[int]:
    """How many of so many files each task has, so that no core waits long for another at the end.

    A task has half of a core's share of what is left: guided self-scheduling, Polychronopoulos and
    Kuck 1987.
    """
    least = ceil(files / TASKS)
    most = max(FILES, least)
    sizes = []
    while files:
        half = ceil(files / (2 * cores))
        sizes.append(min(files, most, max(least, half)))
        files -= sizes[-1]
    return sizes
