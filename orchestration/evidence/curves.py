"""How every phase of a sweep learned, read from what each has left: those of all rows and trials.

A phase is read once, however many rows and trials stand on it.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

from orchestration.chosen import SIMPLE, TEACHER, Chosen, ChosenFold, Record
from orchestration.evidence.figures_training import LearningCurve
from orchestration.store import READERS, Store
from orchestration.tried import key_of_trial

TERMS = ("loss", "ce", "kd", "at")  # columns of curve.csv that are terms of the training loss

Name = TypeVar("Name")
Finals = Mapping[tuple[str, int], str]  # row and fold -> key of the result
Curves = dict[str, list[LearningCurve]]  # a phase's name -> its curves, fold by fold


class Learned(NamedTuple):
    """The curves of a scheme."""

    phases: Mapping[str, Curves]
    """Kind of phase -> all teachers, all attention phases, the final phases of rows."""
    trials: Mapping[int, list[LearningCurve]]
    """Number of a trial -> its result's curves; those that have left nothing are left out."""


class Left(NamedTuple):
    """What a phase has left."""

    spec: Mapping[str, Any]
    curve: LearningCurve

    @property
    def kind(self) -> str:
        """ "teacher", "attention" or "final"."""
        return str(self.spec["step"]["phase"])


def read_curves(record: Record, scheme: str, store: Store) -> Learned:
    """Every curve of a scheme that can be found."""
    finals = _finals(record.rows, scheme)
    folds = {f.fold: f for row in record.rows if row.scheme == scheme for f in row.folds}
    left = _read_results(finals, store)
    tried = _tried(record, scheme, folds, left, store)
    left |= _read_chains({key: fold for (_, fold), key in tried.items()}, store, left)
    phases = _by_kind(finals, left)
    for repeat in record.repeats:
        again = _finals(repeat.rows, scheme)
        for kind, curves in _by_kind(again, _read_results(again, store)).items():
            phases[kind] |= {f"{name}, seed {repeat.seed}": c for name, c in curves.items()}
    trials = _grouped((number, left[key]) for (number, _), key in sorted(tried.items()))
    return Learned(phases, trials)


def _finals(rows: Sequence[Chosen], scheme: str) -> Finals:
    mine = [row for row in rows if row.scheme == scheme and row.row != SIMPLE]
    return {(row.row, fold.fold): fold.key for row in mine for fold in row.folds}


def _read_results(finals: Finals, store: Store) -> dict[str, Left]:
    """Key -> what these phases, and those that they stand on, have left."""
    return _read_chains({key: fold for (_, fold), key in finals.items()}, store)


def _by_kind(finals: Finals, left: Mapping[str, Left]) -> dict[str, Curves]:
    """Kind of phase -> all teachers, all attention phases, the final phases of rows."""
    of_rows = [(row, left[key]) for (row, _), key in finals.items()]
    return {
        "teacher": _grouped((TEACHER, each) for each in left.values() if each.kind == "teacher"),
        "attention": _grouped((_title(e.spec), e) for e in left.values() if e.kind == "attention"),
        "final": _grouped((row, each) for row, each in of_rows if each.kind == "final"),
    }


def _grouped(found: Iterable[tuple[Name, Left]]) -> dict[Name, list[LearningCurve]]:
    """Name -> its curves, fold by fold."""
    groups: dict[Name, list[LearningCurve]] = {}
    for name, each in found:
        groups.setdefault(name, []).append(each.curve)
    return {name: sorted(group, key=lambda curve: curve.fold) for name, group in groups.items()}


def _tried(
    record: Record,
    scheme: str,
    folds: Mapping[int, ChosenFold],
    left: Mapping[str, Left],
    store: Store,
) -> dict[tuple[int, int], str]:
    """Trial and fold -> key of its result, of the trials that came so far."""
    known: dict[tuple[str, int], Mapping[str, Any]] = {
        (each.kind, each.curve.fold): each.spec for each in left.values()
    }
    there, found = store.phase_keys(), {}
    for trial in record.trials:
        for index, fold in folds.items():
            teacher, final = known.get(("teacher", index)), known.get(("final", index))
            if trial["scheme"] == scheme and teacher and final:
                key = key_of_trial(trial, fold, teacher, final)
                if key in there:
                    found[int(trial["number"]), index] = str(key)
    return found


def _read_chains(
    keys: Mapping[str, int], store: Store, known: Iterable[str] = ()
) -> dict[str, Left]:
    """Key -> what these phases, and those that they stand on, have left.

    Args:
        keys: key of a phase -> its fold.
    """
    found: dict[str, Left] = {}
    asked = {key: fold for key, fold in keys.items() if key not in set(known)}
    with ThreadPoolExecutor(READERS) as pool:
        while asked:
            read = pool.map(partial(_read, store), asked, asked.values())
            new = dict(zip(asked, read, strict=True))
            found |= new
            parents = {
                parent: each.curve.fold
                for each in new.values()
                for parent in each.spec["parents"].values()
            }
            asked = {k: fold for k, fold in parents.items() if k not in {*found, *known}}
    return found


def _read(store: Store, key: str, fold: int) -> Left:
    spec, scores = (
        json.loads(store.read_phase(key, f"{name}.json")) for name in ("spec", "scores")
    )
    text = store.read_phase(key, "curve.csv").decode()
    select = spec["training"].get("select", "loss")  # without labels the least loss is kept
    return Left(spec, curve_of(text, fold, select, int(scores["epoch"])))


def curve_of(text: str, fold: int, select: str, best: int) -> LearningCurve:
    """The content of a curve.csv.

    Args:
        select: what the best epoch was chosen by: a score, or "loss".
    """
    rows = list(csv.DictReader(io.StringIO(text)))
    names: Sequence[str] = list(rows[0]) if rows else ["epoch"]
    columns = {name: np.array([_number(row.get(name)) for row in rows]) for name in names}
    return LearningCurve(
        fold=fold,
        epochs=columns["epoch"],
        terms={name: columns[name] for name in TERMS if name in columns},
        validation=columns.get(f"validation_{select}", np.full(len(rows), math.nan)),
        best=best,
    )


def _title(spec: Mapping[str, Any]) -> str:
    """What a phase does, without scheme, fold and kind."""
    return str(spec["phase"].split(f" {spec['step']['phase']} ", 1)[1])


def _number(text: str | None) -> float:
    return float(text) if text else math.nan
