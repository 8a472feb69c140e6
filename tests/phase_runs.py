"""Phases of one small experiment, run without building: what each leaves in a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from datasets.folds import Fold
from datasets.parquet import subjects_in
from kd_core.distributed import broadcast, rank
from kd_core.fit import EpochReport, Training
from kd_core.models import MODELS
from orchestration.batches import Batches
from orchestration.experiment import Experiment, Phase, Point, phases_of
from orchestration.halfway import Halfway
from orchestration.nights import HASH_DIGITS, open_nights
from orchestration.phases import run_phase
from orchestration.store import Store

WINDOWS = "w"
SEGMENTS = 7  # of a window; does not divide the nights


def store_of(nights: Path, root: Path) -> Store:
    """A new store that holds the nights of a folder as windows WINDOWS."""
    store = Store.open(root)
    (root / "windows").mkdir()
    (root / "windows" / WINDOWS).symlink_to(nights)
    return store


def sources_of(nights: Path) -> dict[str, str]:
    """Subject -> first digits of its night's source hash."""
    return {night.name: night.source_hash[:HASH_DIGITS] for night in subjects_in(nights)}


def experiment_on(nights: Path, **changes: Any) -> Experiment:
    """AT+SD+CL: four subjects to train with, two to validate, one epoch; fields can be changed."""
    sources = sources_of(nights)
    names = tuple(sources)
    values: dict[str, Any] = {
        "windows": WINDOWS,
        "data": {name: sources[name] for name in names[:6]},
        "fold": Fold(0, names[:4], names[4:6], names[6:]),
        "scheme": "W-N-R",
        "scaling": "night",
        "segments": SEGMENTS,
        "point": Point(method="AT+SD+CL", layers="deep"),
        "teacher": MODELS["tiny"](3),
        "student": MODELS["tiny"](3),
        "weighted": True,
        "training": Training(epochs=2, batch=4, learning_rate=3e-3),
        "seed": 1,
    }
    return Experiment(**values | changes)


def ignore(epoch: EpochReport) -> None:
    """Listen to nothing."""


def run_phases(
    experiment: Experiment,
    store: Store,
    root: Path,
    heard: Callable[[EpochReport], None] = ignore,
) -> dict[str, tuple[Phase, Path]]:
    """Train the experiment's phases one after another: step -> phase, its folder."""
    folders: dict[str, Path] = {}
    done: dict[str, tuple[Phase, Path]] = {}
    for phase in phases_of(experiment):
        out = root / phase.key
        out.mkdir(parents=True, exist_ok=True)
        upstream = {role: folders[key] for role, key in phase.parents.items()}
        halfway = Halfway(store.files, f"halfway/{phase.key}.pt")
        run_phase(phase, upstream, store, out, halfway, heard, torch.device("cpu"))
        if rank() == 0:
            halfway.drop()
        broadcast(None)  # rank 0 has written
        folders[phase.key] = out
        done[phase.step.phase] = phase, out
    return done


def batches_of(phase: Phase, store: Store, part: str, own: int = 0, ranks: int = 1) -> Batches:
    """A phase's batches for "train" or "validation"."""
    spec = phase.spec
    sources = {subject: spec["data"][subject] for subject in spec[part]}
    nights = open_nights(store, spec["windows"], sources, spec["scheme"], spec["scaling"])
    return Batches(nights, spec["segments"], spec["training"]["batch"], own, ranks)
