"""What every node of a cluster has, asked by a Ray task on each: the same code, files, GPUs."""

import json
import os
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from orchestration.checks import FAIL, OK, WARN, Check, in_bytes, versions
from orchestration.files import open_files
from orchestration.night_files import FOLDER, night_folder

ANSWER_S = 60.0  # in which a node must answer; an idle one takes five
GPUS = """import json, torch
devices = map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
print(json.dumps([[device.name, device.total_memory] for device in devices]))"""


class Node(NamedTuple):
    """What a node says of itself."""

    host: str
    versions: Mapping[str, str]
    reached: Sequence[str]  # what could be used from there
    storage: str  # what is wrong with it as seen from there, else ""
    recordings: str  # likewise
    nights: str  # likewise, of the folder for scaled nights
    free_bytes: int  # for scaled nights
    gpus: Sequence[tuple[str, int]]  # name and memory of those that PyTorch sees


def check_nodes(root: str, recordings: Sequence[str], cache_bytes: int) -> Iterator[Check]:
    """A line a node: what it holds, and whether it can do its work.

    Args:
        root: of the storage, or "" to leave it out.
        recordings: files that every node must be able to read.
        cache_bytes: what the scaled nights need on each node.
    """
    probe = f"leases/probe-{uuid.uuid4().hex}"
    files = open_files(root) if root else None
    if files:
        files.write(probe, b"doctor")
    nodes = [node for node in ray.nodes() if node["Alive"]]
    asked = [(node, _ask(node["NodeID"], root, probe, recordings)) for node in nodes]
    try:
        for node, answer in asked:
            yield _check(node, answer, cache_bytes)
    finally:
        if files:
            files.remove(probe)


def look_around(root: str, probe: str, recordings: Sequence[str]) -> Node:
    """What this node has; runs on it."""
    nights, free_bytes = "", 0
    reached = ["storage written"] * bool(root) + ["recordings read"] * bool(recordings)
    try:
        free_bytes = shutil.disk_usage(night_folder()).free
    except OSError as error:
        nights = str(error)
    return Node(
        host=socket.gethostname(),
        versions=versions(),
        reached=reached,
        storage=_trouble(lambda: _use(root, probe)) if root else "",
        recordings=_trouble(lambda: _read(recordings)),
        nights=nights,
        free_bytes=free_bytes,
        gpus=_gpus(),
    )


def _ask(node_id: str, root: str, probe: str, recordings: Sequence[str]) -> Any:
    there = NodeAffinitySchedulingStrategy(node_id, soft=False)
    task = ray.remote(num_cpus=0, scheduling_strategy=there, max_retries=0)(look_around)
    return task.remote(root, probe, recordings)


def _check(node: Mapping[str, Any], answer: Any, cache_bytes: int) -> Check:
    name = f"node {node['NodeManagerHostname']}"
    try:
        found: Node = ray.get(answer, timeout=ANSWER_S)
    except Exception as error:  # whatever keeps a task from running there is what is wrong
        reason = " ".join(str(error).split())[-300:]
        return Check(
            FAIL, name, f"no answer ({reason}). Install the same code there: see cluster.yaml."
        )
    resources = node["Resources"]
    cpus, gpus = resources.get("CPU", 0.0), int(resources.get("GPU", 0.0))
    has = [f"{cpus:g} CPU", *(f"{gpu}, {in_bytes(size)}" for gpu, size in found.gpus)]
    if wrong := [*_differences(found.versions), *_wrong(found, gpus)]:
        return Check(FAIL, name, "; ".join(wrong))
    has += ["versions as here", *found.reached]
    if found.nights:
        return Check(WARN, name, f"nights will be held in memory: {found.nights}")
    room = f"{in_bytes(found.free_bytes)} free for {in_bytes(cache_bytes)} of scaled nights"
    if found.free_bytes < cache_bytes:
        return Check(WARN, name, f"{', '.join(has)}; only {room}: set {FOLDER} to a larger disk")
    if len(found.gpus) > gpus:
        return Check(WARN, name, f"{', '.join(has)}; Ray counts {gpus} GPU(s): --num-gpus?")
    return Check(OK, name, ", ".join([*has, room]))


def _wrong(found: Node, gpus: int) -> list[str]:
    """What keeps a node from working."""
    wrong = []
    if found.storage:
        wrong.append(f"storage: {found.storage}. Every node must reach the same one")
    if found.recordings:
        wrong.append(f"recordings: {found.recordings}. They must lie at one path on all nodes")
    if len(found.gpus) < gpus:
        wrong.append(
            f"Ray counts {gpus} GPU(s), PyTorch sees {len(found.gpus)}: "
            "look at nvidia-smi, and at the CUDA that PyTorch was built for"
        )
    return wrong


def _differences(there: Mapping[str, str]) -> list[str]:
    """Versions that differ from this process's; builds for other devices are the same."""
    return [
        f"{name} is {there.get(name)} there and {here} here: install the same"
        for name, here in versions().items()
        if there.get(name, "").split("+")[0] != here.split("+")[0]
    ]


def _use(root: str, probe: str) -> None:
    """Read what the script has written to the storage, and write beside it."""
    files = open_files(root)
    if not files.exists(probe):
        raise OSError(f"{root} is another folder there: what was written here is not in it")
    mine = f"{probe}-{uuid.uuid4().hex}"
    files.write(mine, b"node")
    files.remove(mine)


def _read(recordings: Sequence[str]) -> None:
    for name in recordings:
        with Path(name).open("rb") as file:
            file.read(1)


def _trouble(work: Callable[[], None]) -> str:
    """What goes wrong when it is done; "" if nothing does."""
    try:
        work()
    except Exception as error:  # an object store's client raises what it likes
        return " ".join(str(error).split()) or type(error).__name__
    return ""


def _gpus() -> list[tuple[str, int]]:
    """GPUs that PyTorch sees where Ray hides none of them, as it does from a task without."""
    if not Path("/dev/nvidiactl").exists():
        return []
    env = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    command = [sys.executable, "-c", GPUS]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    return [(name, size) for name, size in json.loads(done.stdout or "[]")]
