"""cluster.yaml is valid, names the folders a sweep needs, and opens nothing to strangers."""

import copy
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.cli import RECORDINGS, STORAGE

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "cluster.yaml").read_text()
CONFIG: dict[str, Any] = yaml.safe_load(TEXT)
AWS_TITLE = "# ---- the same on AWS"


def aws_variant() -> dict[str, Any]:
    """The configuration with the commented block at the end of the file put in force."""
    block = TEXT[TEXT.index(AWS_TITLE) :].split("#\n", 1)[1]
    variant = yaml.safe_load(re.sub(r"^# ?", "", block, flags=re.MULTILINE))
    return {**CONFIG, **variant}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What a login shell knows after the setup commands that write it, run twice."""
    setup = "\n".join(CONFIG["setup_commands"][:2])
    shell = ["env", "-i", f"HOME={tmp_path}", "PATH=/usr/bin:/bin", "bash", "-c"]
    for _ in range(2):
        subprocess.run([*shell, setup], check=True)
    shown = subprocess.run(
        [*shell, ". ~/.bashrc; env -0"], check=True, capture_output=True, text=True
    ).stdout
    assert (tmp_path / ".bashrc").read_text().count("\n") == 1
    return dict(item.split("=", 1) for item in shown.split("\0") if item)


@pytest.mark.parametrize("config", [CONFIG, aws_variant()], ids=["local", "aws"])
def test_ray_accepts_the_file(config: dict[str, Any]) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared = prepare_config(copy.deepcopy(config))
    validate_config(prepared)
    assert prepared["max_workers"] >= 1


def test_the_login_shell_names_recordings_storage_and_this_project(
    environment: dict[str, str],
) -> None:
    home = environment["HOME"]
    assert Path(environment[RECORDINGS]).is_absolute()
    assert Path(environment[STORAGE]).is_absolute()
    assert environment["PYTHONPATH"] == f"{home}/sleep"
    assert environment["PATH"].startswith(f"{home}/sleep/.venv/bin:")
    assert environment["RAY_ADDRESS"] == "auto"


def test_token_authentication_is_on_and_the_token_is_private(environment: dict[str, str]) -> None:
    assert environment["RAY_AUTH_MODE"] == "token"
    assert "RAY_AUTH_TOKEN" not in TEXT
    assert CONFIG["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    assert any("chmod 600 ~/.ray/auth_token" in command for command in CONFIG["setup_commands"])


def test_the_dashboard_listens_on_loopback_only() -> None:
    start = CONFIG["head_start_ray_commands"][1]
    assert re.findall(r"--dashboard-host=(\S+)", start) == ["127.0.0.1"]
    assert not re.search(r"(?<!\d)0\.0\.0\.0(?!/)", TEXT)


def test_ports_between_machines_lie_in_the_ranges_that_the_file_names() -> None:
    opened = re.search(r"between machines +(\d+)-(\d+) and (\d+)-(\d+)", TEXT)
    assert opened is not None
    low, high, workers_low, workers_high = map(int, opened.groups())
    for commands in (CONFIG["head_start_ray_commands"], CONFIG["worker_start_ray_commands"]):
        ports = dict(re.findall(r"--([a-z-]*port)=(\d+)", commands[1]))
        ports.pop("dashboard-port", None)
        ports.pop("ray-client-server-port", None)
        assert {"node-manager-port", "object-manager-port", "min-worker-port"} <= set(ports)
        for name, port in ports.items():
            inside = low <= int(port) <= high or workers_low <= int(port) <= workers_high
            assert inside, f"--{name}={port} is in no range that the file names"


def test_ray_client_is_ended_and_nothing_else() -> None:
    (pattern,) = re.findall(r"pkill -f '(.*)' \|\| true", CONFIG["head_start_ray_commands"][2])
    assert re.search(pattern, "/usr/bin/python3 -u -m ray.util.client.server --port=10001")
    assert not re.search(pattern, CONFIG["head_start_ray_commands"][2])
    assert not re.search(pattern, "ray/core/src/ray/raylet/raylet --raylet_socket_name=x")


def test_ray_client_cannot_be_left_out_so_the_firewall_closes_its_port_first() -> None:
    """Where Ray accepts a port that is none, say so in the file instead."""
    from ray._private.parameter import RayParams

    (port,) = re.findall(r"--ray-client-server-port=(\d+)", CONFIG["head_start_ray_commands"][1])
    (rules,) = re.findall(r"^#   (ufw .*)$", TEXT, flags=re.MULTILINE)
    assert rules.split("; ")[:2] == [f"ufw deny {port}/tcp", "ufw allow from 10.0.0.0/24"]
    with pytest.raises(ValueError, match="ray_client_server_port"):
        RayParams(ray_client_server_port=0)


def test_the_file_holds_no_secret() -> None:
    assert not re.search(r"[0-9a-f]{32}|BEGIN .*KEY|AKIA[0-9A-Z]{16}", TEXT)
    assert CONFIG["auth"]["ssh_private_key"].startswith("~/")


def test_what_is_mounted_is_there_and_is_all_that_the_project_needs() -> None:
    local = {path for path in CONFIG["file_mounts"].values() if not path.startswith("~")}
    packages = {path.parent.name for path in ROOT.glob("[a-z]*/__init__.py")} - {"tests"}
    assert packages <= local
    assert {"pyproject.toml", "LICENSE", "README.md"} <= local
    assert [path for path in local if not (ROOT / path).exists()] == []
