"""What a running phase shows: gauges in Ray's metrics, a line in the worker's log."""

import logging
from collections.abc import Callable
from functools import lru_cache

from ray.train.v2._internal.execution import context as ray_context
from ray.util.metrics import Gauge

from kd_core.distributed import rank
from kd_core.fit import EpochReport
from orchestration.experiment import Phase

logger = logging.getLogger(__name__)

TAGS = ("phase", "key", "scheme", "fold")
SHOWN = ("loss", "mse", "ce", "kd", "at", "weighted_f1", "kappa", "macro_f1", "accuracy", "epoch")
LOGGED = {"loss": ".3f", "mse": ".3g", "weighted_f1": ".3f", "kappa": ".3f"}


def watch(phase: Phase) -> Callable[[EpochReport], None]:
    """A listener that publishes each epoch of `phase` from rank 0.

    Metrics are named `ray_sleep_<what>` and tagged with the phase's name, key, scheme and fold.
    """
    tags = dict(
        zip(TAGS, (str(phase), phase.key, phase.spec["scheme"], str(phase.fold)), strict=True)
    )

    def listen(epoch: EpochReport) -> None:
        if rank() != 0:
            return
        values = {**epoch.terms, **epoch.validation, "epoch": float(epoch.epoch)}
        for name in SHOWN:
            if name in values:
                _gauge(name).set(values[name], tags)
        text = " ".join(f"{n}={values[n]:{form}}" for n, form in LOGGED.items() if n in values)
        logger.info("%s: epoch=%d %s%s", phase, epoch.epoch, text, " best" if epoch.best else "")

    return listen


def log_epochs() -> None:
    """Let this process's listeners write their lines to its log."""
    logging.getLogger(ray_context.__file__).setLevel(logging.WARNING)  # a line a report, else
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
        logger.setLevel(logging.INFO)
        logger.propagate = False


@lru_cache
def _gauge(name: str) -> Gauge:
    return Gauge(f"sleep_{name}", description=f"{name} of the running phase", tag_keys=TAGS)
