"""An embedded Ray answers nobody without its token and no other machine; secrets stay secret."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from datasets.synthetic import write_synthetic_mass
from orchestration import embedded
from tests.listening import Listener, listeners, processes_in

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 300.0
SECRET = "wJalrXUtnFEMI-not-a-key-K7MDENG"  # as long and as odd as AWS makes them
START = """
import json, sys
import ray
from orchestration.cluster import connect
from orchestration.plan import Runtime

connect(Runtime())
print(json.dumps({"address": ray.get_runtime_context().gcs_address}), flush=True)
arguments = json.loads(sys.stdin.readline())  # until then it only waits
from orchestration.sweep import main
sys.argv[1:] = arguments
main()
"""
JOIN = """
import sys
import ray
ray.init(address=sys.argv[1], logging_level="ERROR")
print(int(ray.cluster_resources()["CPU"]), "CPU")
"""

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc"),
]


@dataclass(frozen=True)
class Embedded:
    """A Ray that connect() started in a process and a home of its own."""

    process: subprocess.Popen[str]
    home: Path
    dashboard: str
    address: str

    @property
    def token(self) -> str:
        """What its requests are signed with."""
        return (self.home / ".ray" / "auth_token").read_text()


def environment(home: Path) -> dict[str, str]:
    """A person's environment who never set anything up for Ray, but works with AWS."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    aws = {"AWS_ACCESS_KEY_ID": "AKIANOTAKEYNOTAKEYNO", "AWS_SECRET_ACCESS_KEY": SECRET}
    return plain | aws | {"HOME": str(home), "RAY_TMPDIR": str(home), "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def ray() -> Iterator[Embedded]:
    with tempfile.TemporaryDirectory(
        prefix="s-", dir="/tmp", ignore_cleanup_errors=True
    ) as name:  # a socket's path is short
        home = Path(name)
        process = subprocess.Popen(
            [sys.executable, "-c", START],
            cwd=home,
            env=environment(home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield begun(process, home)
        finally:
            stop(process, name)


def stop(process: subprocess.Popen[str], ray_folder: str) -> None:
    """End the process and everything it started."""
    for pid in {process.pid, *processes_in(ray_folder)}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.communicate()


def begun(process: subprocess.Popen[str], home: Path) -> Embedded:
    """The Ray, once it says where it is."""
    assert process.stdout is not None
    said, dashboard = "", ""
    for line in process.stdout:
        said += line
        if line.startswith("Ray dashboard: "):
            dashboard = line.split()[-1]
        if line.startswith("{"):
            return Embedded(process, home, dashboard, json.loads(line)["address"])
    raise AssertionError(said)


def answer(url: str, token: str = "", body: bytes | None = None) -> int:
    """The status that a request gets."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        request = urllib.request.Request(url, body, headers | {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def join(address: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """What happens to somebody who joins from another home."""
    return subprocess.run(
        [sys.executable, "-c", JOIN, address],
        cwd=home,
        env=environment(home) | {"RAY_AUTH_MODE": "token", embedded.JOINS_CLUSTERS: "0"} | more,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


def test_the_dashboard_is_on_loopback_and_answers_401_without_the_token(ray: Embedded) -> None:
    assert ray.dashboard.startswith("http://127.0.0.1:")
    for path in ("/api/jobs/", "/nodes?view=summary", "/api/cluster_status", "/api/v0/actors"):
        assert answer(ray.dashboard + path) == 401, path
        assert answer(ray.dashboard + path, "0" * 64) == 403, path
        assert answer(ray.dashboard + path, ray.token) == 200, path


def test_nobody_runs_a_job_without_the_token(ray: Embedded) -> None:
    jobs, job = f"{ray.dashboard}/api/jobs/", json.dumps({"entrypoint": "true"}).encode()
    assert answer(jobs, body=job) == 401
    assert answer(jobs, "0" * 64, job) == 403
    assert answer(jobs, ray.token, job) in (200, 500)  # 500: another Ray's agent has the port


def test_who_has_no_token_cannot_join(ray: Embedded, tmp_path: Path) -> None:
    refused = join(ray.address, tmp_path)
    assert refused.returncode != 0
    assert "AuthenticationError" in refused.stderr
    wrong = join(ray.address, tmp_path, RAY_AUTH_TOKEN="0" * 64)
    assert wrong.returncode != 0
    assert "CPU" not in wrong.stdout
    unguarded = join(ray.address, tmp_path, RAY_AUTH_MODE="disabled")
    assert unguarded.returncode != 0
    assert "CPU" not in unguarded.stdout


def test_who_has_the_token_joins(ray: Embedded, tmp_path: Path) -> None:
    joined = join(ray.address, tmp_path, RAY_AUTH_TOKEN=ray.token)
    assert joined.stdout.endswith(" CPU\n"), joined.stderr


def test_the_token_is_for_its_owner_alone(ray: Embedded) -> None:
    file = ray.home / ".ray" / "auth_token"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_sweep_is_out_of_reach_of_other_machines_and_keeps_no_secret(
    ray: Embedded, tmp_path: Path
) -> None:
    write_synthetic_mass(tmp_path / "recordings", 4, pages=40)
    words = "--plan smoke --training.epochs 3 --runtime.groups 1 --methods SD+CL"
    words += " --search.methods SD+CL --search.trials 1"
    tell(ray, [*words.split(), f"--recordings={tmp_path}/recordings", f"--storage={tmp_path}/s"])
    seen, said = listeners_until_the_end(ray)
    assert any("raylet" in one.process for one in seen)
    beyond = {one for one in seen if one.beyond_loopback}
    # PyTorch's rendezvous cannot be bound: one port a worker group, for as long as it trains.
    assert len({one.port for one in beyond}) <= 1, beyond
    assert not beyond or any(one.process.startswith("ray::RayTrainWorker") for one in beyond)
    kept = [path for path in (tmp_path / "s").rglob("*") if path.is_file()]
    logs = [path for path in ray.home.glob("ray/session_2*/logs/**/*") if path.is_file()]
    assert any(path.suffix == ".safetensors" for path in kept)
    assert any(path.name.startswith("worker-") for path in logs)
    assert [path for path in kept + logs if SECRET.encode() in path.read_bytes()] == []
    assert SECRET not in said


def tell(ray: Embedded, arguments: list[str]) -> None:
    """Let its process sweep."""
    assert ray.process.stdin is not None
    ray.process.stdin.write(json.dumps(arguments) + "\n")
    ray.process.stdin.flush()


def listeners_until_the_end(ray: Embedded) -> tuple[set[Listener], str]:
    """Every port that was open while the sweep ran, looked at often, and what it printed."""
    seen: set[Listener] = set()
    end = time.monotonic() + PATIENCE_S
    while ray.process.poll() is None and time.monotonic() < end:
        seen |= listeners(str(ray.home))
        time.sleep(0.1)
    said = ray.process.stdout.read() if ray.process.stdout else ""
    assert ray.process.returncode == 0, said
    return seen, said


@pytest.mark.parametrize(
    ("address", "recorded", "own"),
    [
        ("", "", True),
        ("local", "", True),
        ("local", "10.0.0.1:6379", True),
        ("", "10.0.0.1:6379", False),
        ("auto", "", False),
        ("10.0.0.1:6379", "", False),
    ],
)
def test_a_ray_is_embedded_where_no_cluster_is_named_or_runs(
    monkeypatch: pytest.MonkeyPatch, address: str, recorded: str, own: bool
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    found = recorded or None
    monkeypatch.setattr("ray._private.services.find_bootstrap_address", lambda folder: found)
    assert embedded.starts_its_own() is own
