"""The main job in the order it happens: fixed points, search, test scores, record."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from kd_core.methods import METHODS
from orchestration.alike import compare
from orchestration.build import Outcome, tidy
from orchestration.chosen import BEST, Chosen, ChosenFold, Record, Repeat, write_record
from orchestration.evidence.compared import trio_of
from orchestration.experiment import Point, phases_of
from orchestration.formats import as_json
from orchestration.ingest import Ingest
from orchestration.plan import Plan
from orchestration.provenance import provenance
from orchestration.restaging import restage
from orchestration.scoring import score_all
from orchestration.search import Trial, best_of, search
from orchestration.simple import stage_simply
from orchestration.spent import total
from orchestration.store import Store, this_run
from orchestration.sweeps import Sweep
from orchestration.training import train_all

Entry = tuple[str, str, Point]  # scheme, row of the leaderboard, point


def run_sweep(sweep: Sweep, nights: Ingest, store: Store) -> Record:
    """Train the plan's methods, search, score what is chosen on test subjects; the record."""
    plan, before = sweep.plan, store.phase_keys()
    store.files.write(f"sweeps/{sweep.name}/plan.json", as_json(asdict(plan)))
    rows = _finish(sweep, _fixed(plan), store) + stage_simply(sweep, store)
    repeats = tuple(
        Repeat(seed=other.plan.seed, rows=tuple(_finish(other, _fixed(plan), store)))
        for other in sweep.repeats
    )
    trials = {scheme: _search(sweep, scheme, store) for scheme in plan.schemes}
    best = {scheme: best_of(found, len(sweep.folds)) for scheme, found in trials.items()}
    rows += _finish(sweep, [(s, BEST, trial.point) for s, trial in best.items() if trial], store)
    restage(sweep, rows, store)
    for scheme in plan.schemes:
        if trio := trio_of(rows, scheme):
            compare(sweep, trio, store)
    tidy(store)
    phases, spent = _phases(_asked(sweep, trials), before, store)
    record = Record(
        name=sweep.name,
        plan=asdict(plan),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        nights={"used": len(nights.subjects), "refused": len(nights.refused)},
        phases=phases,
        spent=spent,
        rows=tuple(sorted(rows, key=lambda row: plan.schemes.index(row.scheme))),
        trials=tuple(_trial(scheme, t) for scheme, found in trials.items() for t in found),
        made=provenance(sweep.windows, sweep.sources),
        repeats=repeats,
    )
    write_record(record, store)
    return record


def _fixed(plan: Plan) -> list[Entry]:
    """The points of the table that need no search."""
    return [(s, method, plan.point(method)) for s in plan.schemes for method in plan.methods]


def _finish(sweep: Sweep, entries: Sequence[Entry], store: Store) -> list[Chosen]:
    """Train each entry on all folds, then open its test subjects; one row an entry."""
    folds = len(sweep.folds)
    experiments = [e for scheme, _, point in entries for e in sweep.over_folds(scheme, point)]
    outcomes = train_all(experiments, sweep.plan.runtime, store)
    done = [e for e, outcome in zip(experiments, outcomes, strict=True) if not outcome.failed]
    score_all(done, sweep.subjects, sweep.plan.runtime, store)
    return [
        _row(sweep, entry, outcomes[start : start + folds])
        for entry, start in zip(entries, range(0, len(outcomes), folds), strict=True)
    ]


def _row(sweep: Sweep, entry: Entry, outcomes: Sequence[Outcome]) -> Chosen:
    scheme, name, point = entry
    failed = next((outcome.failed for outcome in outcomes if outcome.failed), "")
    pairs = zip(sweep.folds, outcomes, strict=True)
    folds = tuple(
        ChosenFold(fold=f.index, key=o.key, test=f.test, validation=o.validation) for f, o in pairs
    )
    return Chosen(
        scheme=scheme,
        row=name,
        view=METHODS[point.method][-1].view,
        point=str(point),
        folds=() if failed else folds,
        failed=failed,
    )


def _search(sweep: Sweep, scheme: str, store: Store) -> list[Trial]:
    if not sweep.plan.search.trials:
        return []
    print(
        f"search {scheme}: {sweep.plan.search.trials} trials, {len(sweep.folds)} folds", flush=True
    )
    return search(sweep, scheme, store)


def _trial(scheme: str, trial: Trial) -> dict[str, Any]:
    searched = {name: getattr(trial.point, name) for name in trial.point.parameters}
    plain = trial._asdict() | {"point": str(trial.point), "method": trial.point.method}
    return {"scheme": scheme, **plain, "searched": searched}


def _asked(sweep: Sweep, trials: Mapping[str, Sequence[Trial]]) -> set[str]:
    """Keys of every phase that the fixed points and the trials stand on."""
    tried = [(scheme, trial.point) for scheme, found in trials.items() for trial in found]
    experiments = [e for one in (sweep, *sweep.repeats) for e in one.of_methods()]
    experiments += [e for scheme, point in tried for e in sweep.over_folds(scheme, point)]
    return {phase.key for experiment in experiments for phase in phases_of(experiment)}


def _phases(
    asked: set[str], before: set[str], store: Store
) -> tuple[dict[str, int], dict[str, float]]:
    """Of the phases asked for: trained by this run, found from others, failed; our time."""
    there = asked & store.phase_keys()
    builds = [store.build_of(key) for key in there - before]
    ours = [build.spent for build in builds if build.by == this_run()]
    failed = len(asked & store.failed_keys())
    counts = {"built": len(ours), "reused": len(there) - len(ours), "failed": failed}
    return counts, total(ours)
