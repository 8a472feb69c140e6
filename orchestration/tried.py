"""The phases that a trial of a finished sweep has left, found by its point and a row's phases.

A record holds each trial's point, not its keys; what else decides them stands in the spec.json of
any phase of the same scheme and fold.
"""

from collections.abc import Mapping
from typing import Any

from datasets.folds import Fold
from kd_core.fit import Training
from kd_core.models import spec_from_dict
from orchestration.chosen import ChosenFold
from orchestration.experiment import Experiment, Point, phases_of
from orchestration.staging.denoiser import DenoisedBy

Spec = Mapping[str, Any]


def key_of_trial(
    trial: Mapping[str, Any], fold: ChosenFold, teacher: Spec, final: Spec
) -> str | None:
    """Key of the phase that is a trial's result on a fold, whether or not it was ever trained.

    None if networks and training have other settings now than when the sweep was run.

    Args:
        trial: an entry of Record.trials.
        teacher: spec.json of the fold's teacher.
        final: spec.json of any row's last phase on the fold.
    """
    try:
        return phases_of(_experiment(trial, fold, teacher, final))[-1].key
    except (TypeError, ValueError):
        return None


def _experiment(
    trial: Mapping[str, Any], fold: ChosenFold, teacher: Spec, final: Spec
) -> Experiment:
    return Experiment(
        windows=final["windows"],
        data=final["data"],
        fold=Fold(fold.fold, tuple(final["train"]), tuple(final["validation"]), fold.test),
        scheme=final["scheme"],
        scaling=final["scaling"],
        segments=final["segments"],
        point=Point(method=trial["method"], **trial["searched"]),
        teacher=spec_from_dict(teacher["model"]),
        student=spec_from_dict(final["model"]),
        weighted=final["weighted"],
        training=Training(**final["training"]),
        seed=final["seed"],
        denoiser=DenoisedBy(**final["denoiser"]) if "denoiser" in final else None,
    )
