"""Where the likeness of a fold's three networks is stored, and what a report reads of it.

    likeness/<key>.json    Likeness rows, picked segments; <key> follows from the three phase keys
    likeness/<key>.npz     bottleneck features of the picked segments, plain float32 arrays

Nothing in either executes when it is read: arrays are loaded without pickle.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from orchestration.chosen import BASELINE, TEACHER, Chosen
from orchestration.evidence.likeness import ROLES, Likeness, Measures
from orchestration.evidence.likeness_view import Pooled, combined
from orchestration.evidence.picked import Pick, picked
from orchestration.formats import as_json, from_json
from orchestration.keys import key_of
from orchestration.store import Store

FORMAT = 2  # raise it when the measures change or what is stored does


class Trio(NamedTuple):
    """The rows that are compared; fields are in the order of ROLES."""

    teacher: Chosen
    baseline: Chosen
    student: Chosen

    @property
    def fold_keys(self) -> list[dict[str, str]]:
        """Role -> key of its phase, fold by fold."""
        folds = zip(*(row.folds for row in self), strict=True)
        return [dict(zip(ROLES, (f.key for f in fold), strict=True)) for fold in folds]


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """What is stored of one fold."""

    classes: tuple[str, ...]
    nights: Mapping[str, str]
    """Test subject -> digits of the source hash of the night that was compared."""
    likeness: tuple[Likeness, ...]
    picks: tuple[Pick, ...]


class Found(NamedTuple):
    """What a report tells of one scheme."""

    trio: Trio
    classes: tuple[str, ...]
    likeness: list[Pooled]
    """All folds together."""
    picks: dict[str, Pick]
    """Case -> its segment; a case that never occurs has none."""

    @property
    def table(self) -> list[dict[str, Any]]:
        """A row for each layer and case."""
        words = {"scheme": self.trio.student.scheme, "row": self.trio.student.row}
        return [words | one.row for one in self.likeness]


def trio_of(rows: Sequence[Chosen], scheme: str) -> Trio | None:
    """Teacher, baseline and the distilled row that scores best on validation subjects.

    None where one of them has no result, or nothing but the baseline reads the ECG.
    """
    done = [row for row in rows if row.scheme == scheme and row.folds]
    named = {row.row: row for row in done}
    if TEACHER not in named or BASELINE not in named:
        return None
    baseline = named[BASELINE]
    distilled = [
        row
        for row in done
        if row.view == "student_view" and row.folds[0].key != baseline.folds[0].key
    ]
    if not distilled:
        return None
    return Trio(named[TEACHER], baseline, max(distilled, key=lambda row: row.validation_score))


def read_likeness(rows: Sequence[Chosen], scheme: str, store: Store) -> Found | None:
    """What is stored of a scheme's trio; None if nobody compared it."""
    trio = trio_of(rows, scheme)
    if trio is None or not all(store.files.exists(f"{_stem(k)}.json") for k in trio.fold_keys):
        return None
    folds = [read_compared(keys, store) for keys in trio.fold_keys]
    likeness = combined(fold.likeness for fold in folds)
    return Found(trio, folds[0].classes, likeness, picked(p for f in folds for p in f.picks))


def is_compared(keys: Mapping[str, str], nights: Mapping[str, str], store: Store) -> bool:
    """Whether these networks have been compared on these nights as they are now."""
    try:
        raw = _read(keys, store)
    except FileNotFoundError:
        return False
    return bool(raw["nights"] == dict(nights))


def write_compared(keys: Mapping[str, str], found: Compared, store: Store) -> None:
    """Write a fold; the JSON last, because whoever finds it takes the arrays for granted."""
    arrays = {f"{i}-{role}": p.maps[role] for i, p in enumerate(found.picks) for role in ROLES}
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    store.files.write(f"{_stem(keys)}.npz", content.getvalue())
    raw = asdict(found) | {
        "keys": dict(keys),
        "likeness": [_raw(one) for one in found.likeness],
        "picks": [_without_maps(pick) for pick in found.picks],
    }
    store.files.write(f"{_stem(keys)}.json", as_json(raw))


def read_compared(keys: Mapping[str, str], store: Store) -> Compared:
    """What `write_compared` wrote."""
    raw = _read(keys, store)
    content = io.BytesIO(store.files.read(f"{_stem(keys)}.npz"))
    with np.load(content, allow_pickle=False) as arrays:
        maps = [{role: arrays[f"{i}-{role}"] for role in ROLES} for i in range(len(raw["picks"]))]
    return Compared(
        classes=tuple(raw["classes"]),
        nights=raw["nights"],
        likeness=tuple(_likeness(one) for one in raw["likeness"]),
        picks=tuple(Pick(**p, maps=m) for p, m in zip(raw["picks"], maps, strict=True)),
    )


def _read(keys: Mapping[str, str], store: Store) -> dict[str, Any]:
    path = f"{_stem(keys)}.json"
    raw: dict[str, Any] = from_json(store.files.read(path), f"{store.root}/{path}")
    return raw


def _raw(one: Likeness) -> dict[str, Any]:
    return one._asdict() | {"before": one.before._asdict(), "after": one.after._asdict()}


def _likeness(raw: dict[str, Any]) -> Likeness:
    sides = {side: Measures(**raw[side]) for side in ("before", "after")}
    people = {person: tuple(sums) for person, sums in raw["people"].items()}
    return Likeness(**raw | sides | {"people": people})


def _without_maps(pick: Pick) -> dict[str, Any]:
    return {name: value for name, value in vars(pick).items() if name != "maps"}


def _stem(keys: Mapping[str, str]) -> str:
    """The name of a fold's two files, without what tells them apart."""
    return f"likeness/{key_of({'likeness': FORMAT}, keys)}"
