"""The chosen points of a sweep: what was scored on test subjects, and which phases hold it.

This record is all that report and pull need: neither asks Ray, or the code that ran the sweep.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from orchestration.formats import as_json, from_json
from orchestration.store import Store

TEACHER = "EEG baseline"  # the network that teaches is a row of its own
BASELINE = "ECG baseline"
BEST = "Best found"
SIMPLE = "RR intervals"  # the row that needs no network


@dataclass(frozen=True, kw_only=True)
class ChosenFold:
    """One fold of a row."""

    fold: int
    key: str  # of the phase that is the result
    test: tuple[str, ...]  # test subjects
    validation: Mapping[str, Any]  # validation scores; "score" is what the plan selects by


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One row of the leaderboard."""

    scheme: str
    row: str  # a method's name, or BEST
    view: str  # "teacher_view" (EEG) or "student_view" (ECG): what it reads at night
    point: str  # the hyperparameters that matter
    folds: tuple[ChosenFold, ...] = ()
    failed: str = ""  # why there are no folds

    @property
    def validated(self) -> tuple[frozenset[str], ...]:
        """Subjects that each fold was chosen by; none where nothing was."""
        return tuple(frozenset(fold.validation.get("subjects", ())) for fold in self.folds)

    @property
    def validation_score(self) -> float:
        """Mean over folds of what the plan selects by."""
        return sum(float(f.validation["score"]) for f in self.folds) / max(1, len(self.folds))


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """The plan's methods trained again, on the same folds, with another seed."""

    seed: int
    rows: tuple[Chosen, ...]


@dataclass(frozen=True, kw_only=True)
class Record:
    """A finished sweep."""

    name: str
    plan: Mapping[str, Any]
    finished_at: str  # ISO 8601, UTC
    nights: Mapping[str, Any]  # how many could be used, how many were refused
    phases: Mapping[str, int]  # how many were built, reused, failed
    rows: tuple[Chosen, ...]
    trials: tuple[Mapping[str, Any], ...] = field(default=())
    made: Mapping[str, Any] = field(default_factory=dict)  # what `provenance` says
    spent: Mapping[str, float] = field(default_factory=dict)  # of the phases built, see `spent`
    repeats: tuple[Repeat, ...] = ()  # of further seeds, where the plan asks for them

    @property
    def chooser(self) -> Chosen | None:
        """The first row that has a result and whose epochs validation subjects chose."""
        return next((row for row in self.rows if any(row.validated)), None)

    @property
    def test_share(self) -> float:
        """Mean over folds of n_test / (n_train + n_test), in nights."""
        row = self.chooser or next(row for row in self.rows if row.folds)
        parts = [(len(f.test), len(v)) for f, v in zip(row.folds, row.validated, strict=True)]
        used = int(self.nights["used"])
        return sum(test / (used - chose) for test, chose in parts) / len(parts)


def write_record(record: Record, store: Store) -> None:
    """Write chosen.json."""
    store.files.write(f"sweeps/{record.name}/chosen.json", as_json(asdict(record)))


def read_record(store: Store, name: str = "") -> Record:
    """The record of a sweep, or of the newest one if no name is given.

    Raises:
        ValueError: there is no such sweep.
    """
    found = {sweep: raw for sweep in store.files.names("sweeps") if (raw := _raw(sweep, store))}
    if not found or (name and name not in found):
        raise ValueError(
            f"Storage {store.root} holds no finished sweep {name!r}; it holds {sorted(found)}. "
            "Run python -m orchestration.sweep first, or name one with --sweep."
        )
    raw = found[name or max(found, key=lambda sweep: found[sweep]["finished_at"])]
    rows = tuple(_chosen(row) for row in raw["rows"])
    repeats = tuple(
        Repeat(seed=repeat["seed"], rows=tuple(_chosen(row) for row in repeat["rows"]))
        for repeat in raw.get("repeats", ())
    )
    return Record(**raw | {"rows": rows, "repeats": repeats})


def best_row(rows: Sequence[Chosen], scheme: str) -> Chosen:
    """The row to take home: reads ECG only, best by validation; test scores play no part.

    Raises:
        ValueError: no ECG row of the scheme has a result.
    """
    mine = [r for r in rows if r.scheme == scheme and r.view == "student_view" and r.folds]
    if not mine:
        raise ValueError(
            f"Scheme {scheme} has no finished ECG row; see the leaderboard's reasons."
        )
    return max(mine, key=lambda row: row.validation_score)


def _raw(sweep: str, store: Store) -> dict[str, Any]:
    """What chosen.json holds; nothing if the sweep has not come so far."""
    path = f"sweeps/{sweep}/chosen.json"
    try:
        raw: dict[str, Any] = from_json(store.files.read(path), f"{store.root}/{path}")
    except FileNotFoundError:
        return {}
    return raw


def _chosen(raw: dict[str, Any]) -> Chosen:
    folds = (ChosenFold(**fold | {"test": tuple(fold["test"])}) for fold in raw["folds"])
    return Chosen(**raw | {"folds": tuple(folds)})
