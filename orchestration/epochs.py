"""The epochs of a phase as the storage has them, finished or not; no Ray."""

import csv
import io
from typing import NamedTuple

import torch

from orchestration.store import Store


class Passed(NamedTuple):
    """One pass over the training windows."""

    epoch: int  # counts from 1
    seconds: float
    values: dict[str, float]  # "train/<term>" and, where it was validated, "validation/<score>"


def epochs_of(key: str, store: Store) -> list[Passed]:
    """Of a phase that is finished."""
    rows = csv.DictReader(io.StringIO(store.read_phase(key, "curve.csv").decode()))
    return [_passed({name: float(text) for name, text in row.items() if text}) for row in rows]


def epochs_so_far(key: str, store: Store) -> list[Passed]:
    """Of a phase in training, as far as they are kept; none where the storage is no folder.

    What is kept holds weights too. Mapped into memory these are not read; a bucket would send
    them all, each time.
    """
    if "://" in store.root:
        return []
    try:
        with store.files.reading(f"halfway/{key}.pt") as path:
            kept = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except Exception:  # none yet, none any more, or damaged: `halfway` begins such a phase anew
        return []
    return [
        _passed(
            {"epoch": number, "seconds": seconds}
            | terms
            | {f"validation_{name}": value for name, value in validation.items()}
        )
        for number, terms, validation, _, _, seconds in kept["epochs"]
    ]


def _passed(row: dict[str, float]) -> Passed:
    """From a row of curve.csv."""
    epoch, seconds = int(row.pop("epoch")), row.pop("seconds")
    return Passed(epoch, seconds, {_tag(name): value for name, value in row.items()})


def _tag(column: str) -> str:
    name = column.removeprefix("validation_")
    return f"train/{name}" if name == column else f"validation/{name}"
