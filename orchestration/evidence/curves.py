"""How the phases behind the network to take home learned, read from what each has left."""

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from orchestration.chosen import ChosenFold, Record, best_row
from orchestration.evidence.figures_training import LearningCurve
from orchestration.store import Store

TERMS = ("loss", "ce", "kd", "at")  # columns of curve.csv that are terms of the training loss


def read_curves(record: Record, scheme: str, store: Store) -> list[LearningCurve]:
    """The curves of every fold's final phase and of those it stands on, in that order."""
    keys: dict[str, None] = {}
    for fold in best_row(record.rows, scheme).folds:
        keys |= dict.fromkeys(_chain(fold, store))
    return [_curve(key, record.plan["training"]["select"], store) for key in keys]


def _chain(fold: ChosenFold, store: Store) -> Sequence[str]:
    """Keys of the phases that a fold's result stands on, then its own."""
    parents = _json(store, fold.key, "spec.json")["parents"]
    return [*parents.values(), fold.key]


def _curve(key: str, select: str, store: Store) -> LearningCurve:
    rows = list(csv.DictReader(io.StringIO(store.read_phase(key, "curve.csv").decode())))
    columns = {name: np.array([_number(row.get(name)) for row in rows]) for name in rows[0]}
    chosen_by = f"validation_{select}"
    return LearningCurve(
        name=_json(store, key, "spec.json")["phase"],
        epochs=columns["epoch"],
        terms={name: columns[name] for name in TERMS if name in columns},
        validation=columns.get(chosen_by, np.full(len(rows), math.nan)),
        best=int(_json(store, key, "scores.json")["epoch"]),
    )


def _json(store: Store, key: str, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(store.read_phase(key, name))
    return content


def _number(text: str | None) -> float:
    return float(text) if text else math.nan
