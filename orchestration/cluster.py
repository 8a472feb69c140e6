"""The Ray that a script runs on, joined or embedded, and what it holds."""

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import ray

from orchestration.cli import end_on_sigterm
from orchestration.credentials import keep_from_trials
from orchestration.embedded import (
    LOOPBACK_ENV,
    keep_token_private,
    leave_the_cleaner_silent,
    on_loopback,
    starts_its_own,
)
from orchestration.plan import Runtime
from orchestration.store import RUN, this_run

# The environment of every worker, set before it starts. MALLOC_*: large activations are
# page-faulted at every use unless the allocator keeps its pages; GLIBC_TUNABLES: huge ones are
# translated faster. RAY_TRAIN_*: a worker group starts and ends seconds sooner.
WORKER_ENV = {
    "MALLOC_MMAP_THRESHOLD_": "8589934592",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "268435456",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "86400",  # a group whose node left waits for a place
    "RAY_TRAIN_ENABLE_STATE_TRACKING": "1",  # runs at the dashboard's /api/train/v2/runs/v1
    "PYTHONWARNINGS": "ignore:`ExecutionOptions.exclude_resources`",  # Ray's own, at each start
}


def connect(runtime: Runtime) -> None:
    """Join the cluster that RAY_ADDRESS names or that runs here; else start an embedded Ray."""
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # Tune's boxes; TrialLines says what moves
    os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")  # Ctrl-C ends more than a search
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")  # the study is the record
    keep_from_trials()
    if ray.is_initialized():
        return
    keep_token_private()
    url = (_embed(runtime) if starts_its_own() else _init(WORKER_ENV, {})).dashboard_url
    keep_token_private()
    if url:
        print(f"Ray dashboard: http://{url}", flush=True)


def _embed(runtime: Runtime) -> Any:
    """A Ray of this process, which nobody reaches from another machine or without its token."""
    hook = {} if runtime.dashboard else {"worker_process_setup_hook": leave_the_cleaner_silent}
    with on_loopback():
        return _init(
            WORKER_ENV | LOOPBACK_ENV,
            hook,
            address="local",
            include_dashboard=runtime.dashboard,
            dashboard_host="127.0.0.1",
        )


def _init(worker_env: Mapping[str, str], hook: Mapping[str, Any], **options: Any) -> Any:
    context = ray.init(
        runtime_env={"env_vars": {**worker_env, RUN: this_run()}, **hook},
        logging_level=logging.WARNING,
        log_to_driver=True,
        **options,
    )
    end_on_sigterm()  # Ray has put its own way of ending in the place of ours
    return context


def fitted(runtime: Runtime) -> Runtime:
    """The runtime with what it left open filled in from the cluster.

    Raises:
        ValueError: a training run needs more than the cluster holds; it would wait for ever.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cpus, gpus = (sum(node.get(kind, 0.0) for node in nodes) for kind in ("CPU", "GPU"))
    chosen = replace(runtime, gpus=min(gpus, 1.0) if runtime.gpus < 0 else runtime.gpus)
    groups = sum(_workers_on(node, chosen) for node in nodes) // chosen.workers
    if groups < 1:
        raise ValueError(
            f"A training run asks for {chosen.workers} worker(s) of {chosen.cpus:g} CPU and "
            f"{chosen.gpus:g} GPU each, but the cluster holds {cpus:g} CPU and {gpus:g} GPU on "
            f"{len(nodes)} node(s). Lower --runtime.workers, --runtime.cpus or --runtime.gpus, "
            "or start more nodes."
        )
    return replace(chosen, groups=min(groups, chosen.groups or groups))


def _workers_on(node: Mapping[str, float], runtime: Runtime) -> int:
    """How many workers of this size one node holds."""
    workers = _fits(node.get("CPU", 0.0), runtime.cpus)
    if not runtime.gpus:
        return workers
    gpus = int(node.get("GPU", 0.0))
    shared = runtime.gpus <= 1  # a share never spans two GPUs
    return min(workers, gpus * _fits(1, runtime.gpus) if shared else _fits(gpus, runtime.gpus))


def _fits(held: float, share: float) -> int:
    """How many shares there are in what is held: ten tenths in one, where 1 // 0.1 finds nine."""
    return int(round(held / share, 6))
