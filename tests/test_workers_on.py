"""How many workers a node holds: by its CPUs and by whole or shared GPUs, whichever are fewer."""

import pytest

from orchestration.cluster import _workers_on
from orchestration.plan import Runtime


@pytest.mark.parametrize(
    ("held", "runtime", "workers"),
    [
        ({"CPU": 16, "GPU": 2}, Runtime(gpus=0.6), 2),  # a share never spans two GPUs
        ({"CPU": 16, "GPU": 2}, Runtime(gpus=0.25), 8),
        ({"CPU": 3, "GPU": 2}, Runtime(gpus=0.5), 3),
        ({"CPU": 16, "GPU": 2}, Runtime(gpus=0.2), 10),
        ({"CPU": 16, "GPU": 2}, Runtime(gpus=1.0), 2),
        ({"CPU": 16, "GPU": 5}, Runtime(gpus=2.0), 2),
        ({"CPU": 16, "GPU": 1}, Runtime(gpus=2.0), 0),
        ({"CPU": 16}, Runtime(gpus=0.5), 0),
        ({"CPU": 16, "GPU": 2}, Runtime(gpus=0.0, cpus=3.0), 5),
        ({"CPU": 2}, Runtime(gpus=0.0, cpus=0.1), 20),
        ({"GPU": 2}, Runtime(gpus=0.0), 0),
        ({}, Runtime(gpus=1.0), 0),
    ],
)
def test_a_node_holds_as_many_workers_as_its_scarcest_resource(
    held: dict[str, float], runtime: Runtime, workers: int
) -> None:
    assert _workers_on(held, runtime) == workers
