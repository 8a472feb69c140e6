"""The main job of denoisers in the order it happens: fixed points, search, test patients."""

from collections.abc import Sequence
from dataclasses import asdict
from statistics import fmean
from typing import NamedTuple

from orchestration.build import Outcome, tidy
from orchestration.chosen import BEST
from orchestration.denoising.experiment import DenoisingSweep
from orchestration.denoising.scoring import score_all
from orchestration.experiment import Point
from orchestration.formats import as_json
from orchestration.search import Trial, best_of, search
from orchestration.store import Store
from orchestration.training import train_all


class Trained(NamedTuple):
    """One network of the table, on every fold."""

    scheme: str
    name: str
    """A row of DENOISING, or BEST."""
    point: Point
    outcomes: tuple[Outcome, ...]
    """A fold each."""

    @property
    def keys(self) -> list[str]:
        """Of the phases that are the results, a fold each."""
        return [outcome.key for outcome in self.outcomes]

    @property
    def failed(self) -> str:
        """Why there is no result; "" if there is one."""
        return next((outcome.failed for outcome in self.outcomes if outcome.failed), "")

    @property
    def said(self) -> str:
        """What became of it, for people: validation patients tell, not test patients."""
        if self.failed:
            return self.failed
        rises = [float(outcome.validation["score"]) for outcome in self.outcomes]
        return f"SNR {fmean(rises):+.2f} dB in validation patients; folds: {len(rises)}"


def run_denoising(
    sweep: DenoisingSweep, store: Store
) -> tuple[list[Trained], dict[str, list[Trial]]]:
    """Train the plan's methods, search, test what is chosen; the rows, and trials by scheme."""
    plan = sweep.plan
    store.files.write(f"sweeps/{sweep.name}/plan.json", as_json(asdict(plan)))
    fixed = [(s, method, plan.point(method)) for s in plan.schemes for method in plan.methods]
    rows = _finish(sweep, fixed, store)
    trials = {scheme: _search(sweep, scheme, store) for scheme in plan.schemes}
    best = {scheme: best_of(found, len(sweep.folds)) for scheme, found in trials.items()}
    rows += _finish(sweep, [(s, BEST, trial.point) for s, trial in best.items() if trial], store)
    tidy(store)
    return rows, trials


def _finish(
    sweep: DenoisingSweep, entries: Sequence[tuple[str, str, Point]], store: Store
) -> list[Trained]:
    """Train each entry on all folds, then open its test patients."""
    folds = len(sweep.folds)
    experiments = [e for scheme, _, point in entries for e in sweep.over_folds(scheme, point)]
    outcomes = train_all(experiments, sweep.plan.runtime, store)
    rows = [
        Trained(scheme, name, point, tuple(outcomes[start : start + folds]))
        for (scheme, name, point), start in zip(
            entries, range(0, len(outcomes), folds), strict=True
        )
    ]
    for row in rows:
        print(f"{row.scheme}, {row.name}: {row.said}", flush=True)
    pairs = zip(experiments, outcomes, strict=True)
    score_all(sweep, [e for e, outcome in pairs if not outcome.failed], store)
    return rows


def _search(sweep: DenoisingSweep, scheme: str, store: Store) -> list[Trial]:
    plan = sweep.plan
    if not plan.search.trials:
        return []
    print(f"search {scheme}: {plan.search.trials} trials, {len(sweep.folds)} folds", flush=True)
    return search(sweep, scheme, store)
