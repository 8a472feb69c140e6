"""Ray Train: worker groups that walk through experiments, phase by phase.

Starting a worker group costs ten seconds, so a group is given a list of experiments, never one
phase; groups run side by side as far as the resources reach.
"""

from collections.abc import Sequence
from typing import Any

import ray
import torch
from ray.train import FailureConfig, LoggingConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer, get_device
from ray.train.v2.api.callback import UserCallback
from ray.train.v2.api.exceptions import TrainingFailedError

from orchestration.build import Outcome, Stop, finished, walk
from orchestration.experiment import AnyExperiment, phases_of
from orchestration.keys import key_of
from orchestration.metrics import log_epochs, watch
from orchestration.plan import Runtime
from orchestration.store import Store, this_run


def train_all(
    experiments: Sequence[AnyExperiment], runtime: Runtime, store: Store
) -> list[Outcome]:
    """Build all experiments in at most `runtime.groups` worker groups; outcomes in their order.

    What is in the store already starts no group. Experiments of one fold and scheme stay in one
    group, because they share phases.
    """
    outcomes = {i: done for i, e in enumerate(experiments) if (done := finished(e, store))}
    shares = _shares(
        [i for i in range(len(experiments)) if i not in outcomes], experiments, runtime
    )
    here = {"env_vars": {"RAY_ADDRESS": ray.get_runtime_context().gcs_address}}
    # A task each, so that they run side by side. Which Ray it is, where a machine runs several,
    # Train's own helper would otherwise guess.
    group = ray.remote(num_cpus=0, runtime_env=here)(train)
    running = [group.remote([experiments[i] for i in s], runtime, store.root) for s in shares]
    for share, found in zip(shares, ray.get(running), strict=True):
        outcomes.update(zip(share, found, strict=True))
    return [outcomes[index] for index in range(len(experiments))]


def _shares(
    indices: Sequence[int], experiments: Sequence[AnyExperiment], runtime: Runtime
) -> list[list[int]]:
    """Which group builds which experiments: folds and schemes dealt out in turn."""
    owners: dict[tuple[str, int], int] = {}
    shares: list[list[int]] = [[] for _ in range(runtime.groups)]
    for index in indices:
        part = (experiments[index].scheme, experiments[index].fold.index)
        shares[owners.setdefault(part, len(owners) % runtime.groups)].append(index)
    return [share for share in shares if share]


def train(
    experiments: Sequence[AnyExperiment],
    runtime: Runtime,
    store: str,
    name: str = "",
    callbacks: Sequence[UserCallback] = (),
    stop: Stop | None = None,
) -> list[Outcome]:
    """Build the experiments in one Ray Train worker group of `runtime.workers` workers.

    After each experiment the group reports its running mean, which is what a Tune trial that owns
    the group passes on.

    Args:
        store: root of the store.
        name: tells the groups of one command apart. By default it is what they build.
        stop: asked after each experiment whether the ones that follow are to be left out.
    """
    name = name or key_of({"experiments": [phases_of(e)[-1].key for e in experiments]})
    name, files = f"{experiments[0].scheme}-{name}-{this_run()}", Store(store).files
    trainer = TorchTrainer(
        _walk,
        train_loop_config={
            "experiments": list(experiments),
            "store": store,
            "stop": stop,
        },
        scaling_config=_scaling(runtime),
        torch_config=TorchConfig(backend=_backend(runtime)),
        run_config=RunConfig(
            name=name,
            **files.for_ray("train"),
            failure_config=FailureConfig(max_failures=runtime.retries, controller_failure_limit=3),
            callbacks=list(callbacks),
            logging_config=LoggingConfig(log_level="WARNING"),
        ),
    )
    outcomes = fit_on(trainer, [phase.key for e in experiments for phase in phases_of(e)], store)
    files.remove(f"train/{name}")  # Ray's notes on the run; all that counts is in the phases
    return outcomes


def fit_on(trainer: TorchTrainer, keys: Sequence[str], store: str) -> list[Outcome]:
    """What the group returns; one that lost too many workers starts anew if it has got on.

    Ray counts losses over a group's whole life, which may be days on machines that get reclaimed.
    """
    while True:
        before = _done(keys, store)
        try:
            outcomes: list[Outcome] = trainer.fit().return_value
            return outcomes
        except TrainingFailedError:
            if _done(keys, store) == before:
                raise


def _done(keys: Sequence[str], store: str) -> int:
    """How many of these phases are finished."""
    return len(Store(store).phase_keys().intersection(keys))


def _walk(config: dict[str, Any]) -> list[Outcome]:
    """What each worker of a group runs; the ranks train every phase together."""
    log_epochs()
    return walk(
        config["experiments"],
        Store(config["store"]),
        watch,
        ray.train.report,
        get_device() if torch.cuda.is_available() else None,
        config["stop"],
    )


def _scaling(runtime: Runtime) -> ScalingConfig:
    resources = {"CPU": runtime.cpus}
    if runtime.gpus:
        resources["GPU"] = runtime.gpus
    return ScalingConfig(
        num_workers=runtime.workers, use_gpu=runtime.gpus > 0, resources_per_worker=resources
    )


def _backend(runtime: Runtime) -> str:
    """NCCL refuses two workers on one GPU, so a shared GPU talks through gloo."""
    return "nccl" if runtime.gpus >= 1 else "gloo"
