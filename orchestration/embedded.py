"""A Ray that a script starts for itself: behind a token, and on this machine's loopback alone."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ray._private import ray_constants, services

LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"
# By which interface PyTorch's workers meet; they are all on this machine.
LOOPBACK_ENV = {"GLOO_SOCKET_IFNAME": LOOPBACK, "NCCL_SOCKET_IFNAME": LOOPBACK}
JOINS_CLUSTERS = ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR
TOKEN = Path("~/.ray/auth_token")


def starts_its_own() -> bool:
    """Whether ray.init() finds no cluster: none in RAY_ADDRESS, none that `ray start` began."""
    named = os.environ.get("RAY_ADDRESS")
    return named == "local" if named else services.find_bootstrap_address(None) is None


def leave_the_cleaner_silent() -> None:
    """Run in each worker of a Ray without a dashboard, which Train's helper needs to watch runs.

    It would say every second that it cannot ask. Nothing is lost: a run ends with its driver.
    """
    name = "ray.train.v2._internal.execution.controller.placement_group_cleaner"
    logging.getLogger(name).setLevel(logging.ERROR)


@contextmanager
def on_loopback() -> Iterator[None]:
    """A Ray that starts while this is open listens on 127.0.0.1 and nowhere else.

    Ray replaces 127.0.0.1 by an address that other machines reach, and then listens on every
    interface, unless it takes the machine for one that joins no cluster, as it does a Mac. This
    process has read that setting already; those that Ray starts read it from the environment.
    """
    constant, setting = ray_constants.ENABLE_RAY_CLUSTER, os.environ.get(JOINS_CLUSTERS)
    ray_constants.ENABLE_RAY_CLUSTER = False
    os.environ[JOINS_CLUSTERS] = "0"
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = constant
        os.environ.pop(JOINS_CLUSTERS)
        if setting is not None:
            os.environ[JOINS_CLUSTERS] = setting


def keep_token_private() -> None:
    """Close the token's file, where there is one, to everybody else on the machine.

    Ray makes it readable by all. Called before Ray starts this closes its folder, so that there
    is no moment at which a new token can be read.
    """
    file = TOKEN.expanduser()
    if "RAY_AUTH_TOKEN" not in os.environ:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.parent.chmod(0o700)
    if file.is_file():
        file.chmod(0o600)
