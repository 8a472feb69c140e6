"""A plan so small that the whole way of a recording takes seconds."""

from dataclasses import replace
from pathlib import Path

from datasets.parquet import subjects_in
from kd_core.fit import Training
from orchestration.ingest import windows_key
from orchestration.plan import Plan, Runtime, Search
from orchestration.plans import smoke
from orchestration.store import Store
from orchestration.sweeps import Sweep, make_sweep


def small_plan(**changes: object) -> Plan:
    """Two folds, one epoch, two trials in process; any field can be replaced."""
    plan = replace(
        smoke(),
        training=Training(epochs=1, batch=4),
        search=Search(trials=2, layers=("bottleneck",), startup=1),
        runtime=Runtime(groups=2, gpus=0.0, dashboard=False),
    )
    return replace(plan, **changes)  # type: ignore[arg-type]


def small_sweep(nights: Path, root: Path, plan: Plan) -> tuple[Sweep, Store]:
    """A sweep on nights that are ingested already, and a new store that holds them."""
    store, windows = Store.open(root), windows_key("mass")
    folder = Path(store.root, "windows")
    folder.mkdir()
    (folder / windows).symlink_to(nights)
    return make_sweep(plan, windows, subjects_in(nights)), store
