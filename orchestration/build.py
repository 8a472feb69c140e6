"""An experiment -> its phases, each found in the store or trained into it. Knows no Ray.

A Ray Train worker, a trial and a test all run this; the ranks of a worker group run it together.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from kd_core.distributed import broadcast, from_rank_0, rank
from kd_core.fit import Diverged, EpochReport
from kd_core.predict import device_at_hand
from orchestration.aside import drop_left_over
from orchestration.experiment import AnyExperiment, Phase, phases_of
from orchestration.halfway import Halfway, Lost
from orchestration.leases import Lease
from orchestration.phases import run_phase
from orchestration.store import Store

LOOK_S = 30.0  # after so long rank 0 tells its group that it still waits for another builder

Watch = Callable[[Phase], Callable[[EpochReport], None]]  # a phase's listener to its epochs
Stop = Callable[[Sequence["Outcome"]], bool]  # after a fold: whether that was the last


class Outcome(NamedTuple):
    """What became of an experiment."""

    key: str  # of its last phase
    validation: Mapping[str, Any]  # best validation scores; "score" is what the plan selects by
    built: int  # phases trained now
    reused: int  # phases that were there already
    failed: str = ""  # why there is no result


def walk(
    experiments: Sequence[AnyExperiment],
    store: Store,
    watch: Watch,
    report: Callable[[dict[str, Any]], None],
    device: torch.device | None = None,
    stop: Stop | None = None,
) -> list[Outcome]:
    """Build the experiments one after another; `report` hears the running mean after each.

    Args:
        stop: asked after each; if it says so, those that follow are left out.
    """
    outcomes: list[Outcome] = []
    for experiment in experiments:
        found = from_rank_0(partial(finished, experiment, store))
        outcomes.append(found or build(experiment, store, watch, device))
        scores = [o.validation["score"] for o in outcomes if not o.failed]
        if scores:
            report({"score": sum(scores) / len(scores), "folds_done": len(scores)})
        if stop and from_rank_0(partial(stop, outcomes)):
            break
    return outcomes


def finished(experiment: AnyExperiment, store: Store) -> Outcome | None:
    """The outcome of an experiment whose last phase is in the store, or None."""
    phases = phases_of(experiment)
    key = phases[-1].key
    if not store.has_phase(key):
        return None
    return Outcome(key, scores_of(key, store), 0, len(phases))


def scores_of(key: str, store: Store) -> dict[str, Any]:
    """A finished phase's best validation scores."""
    scores: dict[str, Any] = json.loads(store.read_phase(key, "scores.json"))
    return scores


def build(
    experiment: AnyExperiment, store: Store, watch: Watch, device: torch.device | None = None
) -> Outcome:
    """Have every phase of the experiment in the store and give the scores of the last one.

    A phase whose loss diverges is an Outcome with a reason, not an exception: the next experiment
    may do better. The reason is kept, because the same phase would diverge again.
    """
    device = device or device_at_hand()
    phases, built = phases_of(experiment), 0
    for phase in phases:
        failed = from_rank_0(partial(store.failure, phase.key))
        if not failed:
            try:
                built += _ensure(phase, store, watch, device)
            except Diverged as error:
                failed = f"{phase}: {error}"
                if rank() == 0:
                    store.keep_failure(phase.key, failed)
        if failed:
            return Outcome(phases[-1].key, {}, built, 0, failed)
    key = phases[-1].key
    scores = from_rank_0(partial(scores_of, key, store))
    return Outcome(key, scores, built, len(phases) - built)


def tidy(store: Store) -> None:
    """Drop what killed builders have left: of finished phases, half-written, on this machine."""
    done = store.phase_keys()
    for folder in ("halfway", "leases"):
        for name in store.files.names(folder):
            if name.split(".")[0] in done:
                store.files.remove(f"{folder}/{name}")
    store.files.tidy()
    drop_left_over()


def _ensure(phase: Phase, store: Store, watch: Watch, device: torch.device) -> bool:
    """Have the phase in the store; whether it was published now. The same on every rank."""
    while True:
        try:
            return _wait_or_train(phase, store, watch, device)
        except Lost:
            continue  # wait for the result of who has taken it over, like anybody


def _wait_or_train(phase: Phase, store: Store, watch: Watch, device: torch.device) -> bool:
    """Wait until the phase is in the store or ours to train; whether it was published now."""
    lease = Lease(store.files, phase.key)
    while not from_rank_0(lambda: store.has_phase(phase.key) or lease.acquire(LOOK_S)):
        continue  # somebody else trains it; the other ranks hear of us before they give up
    try:
        if from_rank_0(partial(store.has_phase, phase.key)):
            return False
        return _train(phase, store, watch, device, lease)
    finally:
        lease.release()


def _train(phase: Phase, store: Store, watch: Watch, device: torch.device, lease: Lease) -> bool:
    """Train the phase from where it was left, publish it from rank 0; whether it is ours.

    Raises:
        Lost: the lease is another's.
    """
    halfway = Halfway(store.files, f"halfway/{phase.key}.pt", lease.is_mine)
    published = False
    with ExitStack() as stack:
        upstream = {
            role: stack.enter_context(store.phase(key)) for role, key in phase.parents.items()
        }

        def fill(out: Path) -> Mapping[str, float]:
            return run_phase(phase, upstream, store, out, halfway, watch(phase), device)

        if rank() == 0:
            published = store.publish(phase.key, fill)
            halfway.drop()
        else:
            fill(Path())  # trains along; only rank 0 writes
    return broadcast(published)  # nobody reads the phase before rank 0 has published it
