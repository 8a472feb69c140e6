"""A Ray cluster of several nodes on this machine, in a process of its own: python -m tests.nodes

The head has no CPU and trains nothing. Commands come line by line: "add CPUS GPUS" and "kill N";
each is answered by a line, the first line is the cluster's address. It ends with its input.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


class Nodes:
    """The cluster, as a test commands it."""

    def __init__(self, ray_folder: str, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.nodes"],
            cwd=ray_folder,  # not where the code lies: a node finds that as an installed package
            env=env | {"RAY_TMPDIR": ray_folder, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.address = self._answer()

    def ask(self, command: str) -> str:
        """Give a command; the answer to it, for "add" the process id of the node's raylet."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        return self._answer()

    def end(self) -> None:
        """Take the cluster down."""
        self.process.communicate(timeout=60)

    def _answer(self) -> str:
        assert self.process.stdout is not None
        while not (line := self.process.stdout.readline()).startswith("> "):
            assert line, "the cluster has ended"
        return line[2:].strip()


def main() -> None:
    """Start the head, then do as standard input says."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes: list[Any] = []
    print(f"> {cluster.address}", flush=True)
    for line in sys.stdin:
        match line.split():
            case ["add", cpus, gpus]:
                nodes.append(cluster.add_node(num_cpus=int(cpus), num_gpus=int(gpus)))
                print(f"> {nodes[-1].all_processes['raylet'][0].process.pid}", flush=True)
            case ["kill", number]:
                cluster.remove_node(nodes[int(number)], allow_graceful=False)
                print("> killed", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
