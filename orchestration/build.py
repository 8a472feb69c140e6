"""An experiment -> its phases, each found in the store or trained into it. Knows no Ray.

A Ray Train worker, a trial and a test all run this; the ranks of a worker group run it together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from kd_core.distributed import broadcast, from_rank_0, rank
from kd_core.fit import Diverged, EpochReport
from orchestration.experiment import Experiment, Phase, phases_of
from orchestration.halfway import Halfway
from orchestration.phases import read_scores, run_phase
from orchestration.store import Store

Watch = Callable[[Phase], Callable[[EpochReport], None]]  # a phase's listener to its epochs


class Outcome(NamedTuple):
    """What became of an experiment."""

    key: str  # of its last phase
    validation: Mapping[str, Any]  # best validation scores; "score" is what the plan selects by
    built: int  # phases trained now
    reused: int  # phases that were there already
    failed: str = ""  # why there is no result


def walk(
    experiments: Sequence[Experiment],
    store: Store,
    watch: Watch,
    report: Callable[[dict[str, Any]], None],
    device: torch.device | None = None,
    stop_at_failure: bool = False,
) -> list[Outcome]:
    """Build the experiments one after another; `report` hears the running mean after each."""
    outcomes: list[Outcome] = []
    for experiment in experiments:
        found = from_rank_0(partial(finished, experiment, store))
        outcomes.append(found or build(experiment, store, watch, device))
        if outcomes[-1].failed and stop_at_failure:
            break
        scores = [o.validation["score"] for o in outcomes if not o.failed]
        if scores:
            report({"score": sum(scores) / len(scores), "folds_done": len(scores)})
    return outcomes


def finished(experiment: Experiment, store: Store) -> Outcome | None:
    """The outcome of an experiment whose last phase is in the store, or None."""
    phases = phases_of(experiment)
    key = phases[-1].key
    if not store.has_phase(key):
        return None
    return Outcome(key, read_scores(store.phase(key)), 0, len(phases))


def build(
    experiment: Experiment, store: Store, watch: Watch, device: torch.device | None = None
) -> Outcome:
    """Have every phase of the experiment in the store and give the scores of the last one.

    A phase whose loss diverges is an Outcome with a reason, not an exception: the next experiment
    may do better. The reason is kept, because the same phase would diverge again.
    """
    device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
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
    scores = from_rank_0(partial(read_scores, store.phase(key)))
    return Outcome(key, scores, built, len(phases) - built)


def _ensure(phase: Phase, store: Store, watch: Watch, device: torch.device) -> bool:
    """Train the phase unless it is there; whether it was trained now. The same on every rank."""
    with _one_builder(phase.key, store):
        if from_rank_0(partial(store.has_phase, phase.key)):
            return False
        upstream = {role: store.phase(key) for role, key in phase.parents.items()}
        windows = store.windows(phase.spec["windows"])
        halfway = Halfway(store.halfway(phase.key))

        def fill(out: Path) -> None:
            run_phase(phase, upstream, windows, out, halfway, watch(phase), device)

        if rank() == 0:
            store.publish(store.phase(phase.key), fill)
            halfway.drop()
        else:
            fill(store.root)  # trains along; only rank 0 writes
        broadcast(None)  # nobody reads the folder before rank 0 has published it
    return True


@contextmanager
def _one_builder(key: str, store: Store) -> Iterator[None]:
    """Rank 0 holds the phase's lock for its whole worker group."""
    if rank() == 0:
        with store.lock(key):
            yield
    else:
        yield
