"""A sweep whose phases nobody trains: what they would leave in the storage, written at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestration.experiment import Phase, phases_of
from orchestration.formats import as_csv, as_json
from orchestration.store import Store
from orchestration.study import Drawn, Study
from orchestration.sweeps import Sweep, make_sweep
from tests.small import small_plan
from tests.test_study import NIGHTS, PLAN, ended

SCHEME = "W-N-R"
EPOCHS = (
    {"epoch": 1, "seconds": 2.0, "loss": 0.5, "ce": 0.25},
    {"epoch": 2, "seconds": 4.0, "loss": 0.125, "ce": 0.0625, "validation_kappa": 0.75},
)


def pretended(place: str | Path) -> tuple[Sweep, Store]:
    """Two folds, one fixed method, a search of eight; nothing is in the storage yet."""
    plan = small_plan(methods=("SD+CL",), search=PLAN.search)
    return make_sweep(plan, "w", NIGHTS), Store.open(place)


def publish(
    phase: Phase, store: Store, epochs: Sequence[Mapping[str, float]] = EPOCHS, score: float = 0.5
) -> None:
    """Have the phase finished."""

    def fill(out: Path) -> None:
        (out / "curve.csv").write_bytes(as_csv(epochs))
        (out / "scores.json").write_bytes(as_json({"score": score}))

    store.publish(phase.key, fill)


def fixed_phases(sweep: Sweep) -> list[Phase]:
    """Teacher and student of each fold, for the plan's own point."""
    experiments = sweep.over_folds(SCHEME, sweep.plan.point("SD+CL"))
    return [phase for experiment in experiments for phase in phases_of(experiment)]


def search_round(sweep: Sweep, store: Store) -> list[Drawn]:
    """Draw a round of three and end its first two trials: one complete, one failed."""
    study = Study(sweep, SCHEME, store)
    drawn = study.unfinished(8)
    for trial in drawn[:2]:
        study.end(ended(trial))
    return drawn
