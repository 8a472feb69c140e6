"""Every node must have the same code, reach the same files and show the GPUs that Ray counts."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import ray

from orchestration import nodes
from orchestration.checks import FAIL, OK, WARN, Check, versions
from orchestration.nodes import Node, check_nodes, look_around
from orchestration.store import Store

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


def checked(cache_bytes: int = 10, gpus: int = 0, **changes: Any) -> Check:
    """The line of a node that says so of itself, where Ray counts so many GPUs."""
    values: dict[str, Any] = {
        "host": "worker-1",
        "versions": versions(),
        "reached": ["storage written"],
        "storage": "",
        "recordings": "",
        "nights": "",
        "free_bytes": 100,
        "gpus": [("H200", 139 << 30)] * gpus,
    }
    node = {"NodeManagerHostname": "worker-1", "Resources": {"CPU": 4.0, "GPU": float(gpus)}}
    return nodes._check(node, ray.put(Node(**values | changes)), cache_bytes)


def test_this_machine_is_a_sound_node(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    (check,) = check_nodes(store.root, [__file__], 10)
    assert check.state == OK
    assert "2 CPU, versions as here, storage written, recordings read" in check.text
    assert store.files.names("leases") == []


def test_a_node_that_sees_another_folder_fails(tmp_path: Path) -> None:
    found = look_around(str(tmp_path), "leases/probe-1", ["/nowhere/01-01-0001 PSG.edf"])
    assert "is another folder there" in found.storage
    assert "No such file" in found.recordings


@pytest.mark.parametrize(
    ("changes", "state", "said"),
    [
        ({}, OK, "100 B free for 10 B of scaled nights"),
        ({"storage": "no permission"}, FAIL, "storage: no permission"),
        ({"recordings": "No such file"}, FAIL, "must lie at one path on all nodes"),
        ({"versions": versions() | {"ray": "2.9"}}, FAIL, "ray is 2.9 there and 2.60"),
        ({"gpus": 2}, OK, "4 CPU, H200, 149 GB, H200, 149 GB"),
        ({"cache_bytes": 1000}, WARN, "only 100 B free for 1 kB.*SLEEP_CACHE"),
        ({"nights": "belongs to others"}, WARN, "held in memory: belongs to others"),
    ],
)
def test_a_node_says_what_is_wrong_with_it(
    changes: Mapping[str, Any], state: str, said: str
) -> None:
    check = checked(**changes)
    assert check.state == state
    assert re.search(said, check.text)


def test_builds_of_one_version_for_other_devices_are_the_same() -> None:
    here = versions()
    there = here | {"torch": f"{here['torch'].split('+')[0]}+cu130"}
    assert checked(versions=there).state == OK


def test_gpus_that_pytorch_does_not_see_fail() -> None:
    node = {"NodeManagerHostname": "w", "Resources": {"CPU": 4.0, "GPU": 1.0}}
    blind = Node("w", versions(), [], "", "", "", 100, [])
    check = nodes._check(node, ray.put(blind), 10)
    assert check.state == FAIL
    assert "Ray counts 1 GPU(s), PyTorch sees 0: look at nvidia-smi" in check.text


def test_a_node_without_our_code_is_a_line_and_not_a_traceback() -> None:
    def fails() -> None:
        raise ModuleNotFoundError("No module named 'orchestration'")

    node = {"NodeManagerHostname": "w", "Resources": {}}
    check = nodes._check(node, ray.remote(max_retries=0)(fails).remote(), 10)
    assert check.state == FAIL
    assert "No module named 'orchestration'" in check.text
    assert "\n" not in check.text
