"""A plan so small that the whole way of a recording takes seconds."""

from dataclasses import replace

from kd_core.fit import Training
from orchestration.plan import Plan, Runtime, Search
from orchestration.plans import smoke


def small_plan(**changes: object) -> Plan:
    """Two folds, one epoch, two trials in process; any field can be replaced."""
    plan = replace(
        smoke(),
        training=Training(epochs=1, batch=4),
        search=Search(trials=2, layers=("bottleneck",), startup=1),
        runtime=Runtime(groups=2, gpus=0.0, trials_in_group=False, dashboard=False),
    )
    return replace(plan, **changes)  # type: ignore[arg-type]
