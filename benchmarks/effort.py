"""What a set of points costs in steps and time, trained alone, with shared phases, and raced."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from orchestration.chosen import BASELINE
from orchestration.estimate import size_of
from orchestration.experiment import Phase, phases_of
from orchestration.pace import Kind, kind_of
from orchestration.search import Trial
from orchestration.store import Store
from orchestration.sweeps import Sweep


def effort(
    sweep: Sweep, scheme: str, store: Store, trials: Sequence[Trial]
) -> list[dict[str, Any]]:
    """Phases, training steps and time, from every trial on its own to the raced search.

    The ECG baseline, which trials are raced against, is counted in every way. Time is that of the
    epochs, each taken as long as the median one of its kind of phase in the store, so that what
    else the machine did while the search ran does not count.
    """
    walks = [(trial.folds_done, sweep.over_folds(scheme, trial.point)) for trial in trials]
    walks.append((len(sweep.folds), sweep.over_folds(scheme, sweep.plan.point(BASELINE))))
    naive = [phase for _, folds in walks for e in folds for phase in phases_of(e)]
    shared = list({phase.key: phase for phase in naive}.values())
    walked = (e for done, folds in walks for e in folds[:done])
    kept = list({phase.key: phase for e in walked for phase in phases_of(e)}.values())
    pace = _pace(store, kept)
    rows = [
        ("every trial and fold alone, all epochs", naive, None),
        ("the same, with patience", naive, store),
        ("shared phases, all epochs", shared, None),
        ("shared phases, with patience", shared, store),
        ("raced, all epochs", kept, None),
        ("raced, with patience: what the search trained", kept, store),
    ]
    known = [(way, phases, where) for way, phases, where in rows if _trained(phases, where)]
    costs = [_cost(sweep, phases, where, pace) for _, phases, where in known]
    steps, hours = costs[0]
    return [
        {
            "way": way,
            "phases": len(phases),
            "steps": done,
            "share": done / steps,
            "hours": took,
            "share of them": took / hours,
        }
        for (way, phases, _), (done, took) in zip(known, costs, strict=True)
    ]


def _trained(phases: Iterable[Phase], store: Store | None) -> bool:
    """Whether all of them are in the store, if that matters."""
    return store is None or all(store.has_phase(phase.key) for phase in phases)


def _pace(store: Store, phases: Iterable[Phase]) -> dict[Kind, float]:
    """Seconds of the median epoch of each kind of phase."""
    found: dict[Kind, list[float]] = defaultdict(list)
    for phase in phases:
        found[kind_of(phase)] += [float(epoch["seconds"]) for epoch in _curve(store, phase)]
    return {kind: median(each) for kind, each in found.items()}


def _cost(
    sweep: Sweep, phases: Iterable[Phase], store: Store | None, pace: Mapping[Kind, float]
) -> tuple[int, float]:
    """Steps and hours: of all epochs, or of those that the phases in a store took."""
    subjects = {subject.name: subject for subject in sweep.subjects}
    steps, seconds = 0, 0.0
    for phase in phases:
        size = size_of(phase, subjects, best=False)
        epochs = len(_curve(store, phase)) if store else size.epochs
        steps += epochs * size.batches
        seconds += epochs * pace[kind_of(phase)]
    return steps, seconds / 3600


def _curve(store: Store, phase: Phase) -> list[dict[str, str]]:
    """What is known of each epoch of a phase."""
    text = store.read_phase(phase.key, "curve.csv").decode()
    return list(csv.DictReader(io.StringIO(text)))
