"""How alike features are to the teacher's over all folds, how sure that is, and as people read it.

Cosines are means over segments with BCa intervals over people, who are drawn with all of theirs;
CKA is a mean over folds with its standard deviation: networks of different folds are different
networks, whose features are no features of one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from orchestration.evidence.formats import as_number, bounded
from orchestration.evidence.intervals import Interval, bca
from orchestration.evidence.likeness import Likeness, Measures
from orchestration.evidence.tables import Table
from orchestration.evidence.views import View

CKAS = {"unbiased_cka": "CKA, unbiased", "cka": "CKA"}
SIDES, ENDS = ("before", "after"), ("low", "high")
COSINES = {  # of a person's segments and summed cosines before and after, (..., 3)
    "before": lambda sums: sums[..., 1] / sums[..., 0],
    "after": lambda sums: sums[..., 2] / sums[..., 0],
    "change": lambda sums: (sums[..., 2] - sums[..., 1]) / sums[..., 0],
}


class Pooled(NamedTuple):
    """How like its teacher's a layer is over the segments of one case, all folds together."""

    layer: str
    case: str
    folds: Sequence[Likeness]
    cosines: Mapping[str, Interval]
    """"before", "after" and "change"; empty where no segment has a cosine."""

    @property
    def segments(self) -> int:
        """Of all folds."""
        return sum(fold.segments for fold in self.folds)

    def each(self, measure: str, side: str) -> np.ndarray:
        """A field of Measures "before" or "after", fold by fold, where it is defined."""
        sides: list[Measures] = [getattr(fold, side) for fold in self.folds]
        known = [getattr(one, measure) for one in sides]
        return np.array([value for value in known if value is not None], np.float64)

    def value(self, measure: str, side: str) -> float:
        """Over all folds; NaN where it is not defined."""
        if measure == "cosine":
            return self.cosines[side].estimate if self.cosines else np.nan
        values = self.each(measure, side)
        return float(values.mean()) if len(values) else np.nan

    @property
    def row(self) -> dict[str, Any]:
        """As a row of a table."""
        row: dict[str, Any] = {"layer": self.layer, "case": self.case, "segments": self.segments}
        row["people"] = len(_people(self.folds))
        for what in COSINES:
            found = self.cosines.get(what, Interval(np.nan, np.nan, np.nan))
            row[f"cosine_{what}"] = as_number(found.estimate)
            row |= {f"cosine_{what}_{end}": as_number(getattr(found, end)) for end in ENDS}
        for measure in CKAS:
            for side in SIDES:
                values = self.each(measure, side)
                row[f"{measure}_{side}"] = as_number(self.value(measure, side))
                row[f"{measure}_{side}_sd"] = (
                    float(values.std(ddof=1)) if len(values) > 1 else None
                )
        return row


def combined(folds: Iterable[Sequence[Likeness]]) -> list[Pooled]:
    """All folds, layer by layer, case by case."""
    found: dict[tuple[str, str], list[Likeness]] = {}
    for one in (one for fold in folds for one in fold):
        found.setdefault((one.layer, one.case), []).append(one)
    return [Pooled(*what, parts, _intervals(parts)) for what, parts in found.items()]


def likeness_view(table: Table, scheme: str) -> View:
    """Every measure before distillation and after; empty where a layer has none."""
    cosines = [f"Cosine, {what} (95 % interval)" for what in COSINES]
    ckas = [f"{title}, {side} ± sd over folds" for title in CKAS.values() for side in SIDES]
    cells = [
        (
            str(row["layer"]),
            str(row["case"]),
            str(row["segments"]),
            *(
                _bounded(row, f"cosine_{what}", "+" if what == "change" else "")
                for what in COSINES
            ),
            *(_spread(row, f"{measure}_{side}") for measure in CKAS for side in SIDES),
        )
        for row in table
        if row["scheme"] == scheme
    ]
    return View(("Layer", "Case", "Segments", *cosines, *ckas), cells)


def _people(folds: Sequence[Likeness]) -> dict[str, np.ndarray]:
    """Person -> segments that have a cosine, theirs summed before and after; none without any."""
    people: dict[str, np.ndarray] = {}
    for fold in folds:
        for person, sums in fold.people.items():
            people[person] = people.get(person, np.zeros(3)) + sums
    return {person: sums for person, sums in people.items() if sums[0]}


def _intervals(folds: Sequence[Likeness]) -> dict[str, Interval]:
    people = _people(folds)
    if not people:
        return {}
    sums = np.stack([people[person] for person in sorted(people)])
    return {what: bca(sums, score) for what, score in COSINES.items()}


def _bounded(row: Mapping[str, Any], name: str, sign: str) -> str:
    """A value and its interval."""
    return bounded(row[name], row[f"{name}_low"], row[f"{name}_high"], sign)


def _spread(row: Mapping[str, Any], name: str) -> str:
    """A value and its standard deviation over folds."""
    value, sd = row[name], row[f"{name}_sd"]
    if value is None:
        return ""
    return f"{value:.3f}" if sd is None else f"{value:.3f} ± {sd:.3f}"
