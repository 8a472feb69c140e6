"""How many training steps a set of points costs, trained alone, with shared phases, and raced."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from orchestration.chosen import BASELINE
from orchestration.estimate import size_of
from orchestration.experiment import Phase, phases_of
from orchestration.search import Trial
from orchestration.store import Store
from orchestration.sweeps import Sweep


def effort(
    sweep: Sweep, scheme: str, store: Store, trials: Sequence[Trial]
) -> list[dict[str, Any]]:
    """Phases and training steps, from every trial on its own to the raced search.

    The ECG baseline, which trials are raced against, is counted in every way.
    """
    walks = [(trial.folds_done, sweep.over_folds(scheme, trial.point)) for trial in trials]
    walks.append((len(sweep.folds), sweep.over_folds(scheme, sweep.plan.point(BASELINE))))
    naive = [phase for _, folds in walks for e in folds for phase in phases_of(e)]
    shared = list({phase.key: phase for phase in naive}.values())
    walked = (e for done, folds in walks for e in folds[:done])
    kept = list({phase.key: phase for e in walked for phase in phases_of(e)}.values())
    full = _steps(sweep, naive, None)
    rows = [
        ("every trial and fold alone, all epochs", naive, full),
        ("the same, with patience", naive, _steps(sweep, naive, store)),
        ("shared phases, all epochs", shared, _steps(sweep, shared, None)),
        ("shared phases, with patience", shared, _steps(sweep, shared, store)),
        ("raced, all epochs", kept, _steps(sweep, kept, None)),
        ("raced, with patience: what the search trained", kept, _steps(sweep, kept, store)),
    ]
    return [
        {"way": way, "phases": len(phases), "steps": steps, "share": steps / full}
        for way, phases, steps in rows
    ]


def _steps(sweep: Sweep, phases: Iterable[Phase], store: Store | None) -> int:
    """Training steps: of all epochs, or of those that the phases in a store took."""
    subjects = {subject.name: subject for subject in sweep.subjects}
    sizes = [(phase, size_of(phase, subjects, best=False)) for phase in phases]
    return sum((_epochs(store, p) if store else s.epochs) * s.batches for p, s in sizes)


def _epochs(store: Store, phase: Phase) -> int:
    curve = store.read_phase(phase.key, "curve.csv").decode()
    return sum(1 for _ in csv.DictReader(io.StringIO(curve)))
