"""What a trained phase leaves in its folder, for people and for the phases that stand on it.

spec.json, model.json, model.safetensors    what was trained, and the network of the best epoch
curve.csv           a row an epoch
scores.json         best validation scores; "score" is what the plan selects by; where that is
                    a score of the classes, "subjects" has each validation subject's own
logits.safetensors  of a teacher alone: what it says of its training nights
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from datasets.stages import SCHEMES
from kd_core import checkpoint
from kd_core.batch import Batch
from kd_core.confusion import Confusion
from kd_core.fit import EpochReport
from kd_core.methods import OBJECTIVES
from kd_core.models import spec_from_dict
from kd_core.predict import moved_to, outputs_of
from kd_core.taught import LOGITS, said, save_logits
from orchestration.batches import Batches
from orchestration.experiment import Phase
from orchestration.formats import as_csv, as_json


def write_results(
    phase: Phase,
    model: nn.Module,
    epochs: Sequence[EpochReport],
    train: Batches,
    validation: Batches,
    out: Path,
) -> None:
    """Fill the folder of a phase; rank 0 alone does, with the weights of the best epoch."""
    best = next(epoch for epoch in reversed(epochs) if epoch.best)
    scores: dict[str, Any] = {"score": best.score, "epoch": best.epoch, **best.validation}
    classes = SCHEMES[phase.spec["scheme"]].classes
    extra = {"classes": list(classes), "validation": scores}
    checkpoint.save(out, spec_from_dict(phase.spec["model"]), model, extra)
    if OBJECTIVES[phase.step.objective].uses_labels:
        scores = scores | {"subjects": subject_scores(phase, model, validation)}
    if phase.step.phase == "teacher":
        _write_logits(phase, model, train, out)
    (out / "scores.json").write_bytes(as_json(scores))
    write_course(phase, epochs, out)


def write_course(phase: Phase, epochs: Sequence[EpochReport], out: Path) -> None:
    """Write spec.json and curve.csv, which the phases of all tasks have."""
    (out / "curve.csv").write_bytes(as_csv([_row(epoch) for epoch in epochs]))
    (out / "spec.json").write_bytes(as_json(_spec(phase)))


def subject_scores(phase: Phase, model: nn.Module, batches: Batches) -> dict[str, Any]:
    """Each subject's confusion matrix and its score of the kind that the plan selects by."""
    classes = SCHEMES[phase.spec["scheme"]].classes
    training = phase.spec["training"]
    ask = partial(_named, model.eval(), view=phase.step.view, bf16=training["bf16"])
    named = batches.of_all_ranks().by_night(ask)["class"]
    scores = {}
    for night, predicted in zip(batches.nights, named, strict=True):
        confusion = Confusion.of(classes, night.labels, predicted)
        scores[night.subject] = {
            "confusion": confusion.counts.tolist(),
            "score": confusion.scores()[training["select"]],
        }
    return scores


@torch.no_grad()
def _named(model: nn.Module, batch: Batch, view: str, bf16: bool) -> Mapping[str, Tensor]:
    """The likeliest class of each segment, (B, T)."""
    logits = outputs_of(model, moved_to(model, getattr(batch, view)), (), True, bf16).logits
    assert logits is not None
    return {"class": logits.argmax(1)}  # (B, K, T) -> (B, T)


def _write_logits(phase: Phase, model: nn.Module, train: Batches, out: Path) -> None:
    """What a teacher says of its training nights, so that no student has to ask it."""
    ask = partial(said, model, taps=(), logits=True, bf16=phase.spec["training"]["bf16"])
    logits = train.of_all_ranks().by_night(ask)[LOGITS]
    pairs = zip(train.nights, logits, strict=True)
    save_logits(out, {night.subject: torch.from_numpy(rows) for night, rows in pairs})


def _spec(phase: Phase) -> dict[str, Any]:
    step, parents = asdict(phase.step), dict(phase.parents)
    return {"phase": str(phase), "step": step, **phase.spec, "parents": parents}


def _row(epoch: EpochReport) -> dict[str, Any]:
    validation = {f"validation_{name}": value for name, value in epoch.validation.items()}
    return {"epoch": epoch.epoch, "seconds": epoch.seconds, **epoch.terms, **validation}
