"""What distillation gained: distilled students against the student alone, segment by segment.

Rows of the table in; paired differences with BCa intervals over patients out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestration.denoising.measures import mean_over_segments
from orchestration.denoising.table import (
    ALONE,
    BEST,
    DISTILLED,
    GAINED,
    DenoiserRow,
    Scored,
    Table,
)
from orchestration.evidence.formats import as_number
from orchestration.evidence.intervals import Interval

ALL_GROUPS = "all groups"


@dataclass(frozen=True, kw_only=True)
class Distilled:
    """How much further than the student alone a distilled student came, segment by segment."""

    row: str
    group: str
    """Or ALL_GROUPS."""
    measure: str
    mean: Interval
    """Over segments, with the interval over patients; above 0 is better with distillation."""
    segments: int
    segments_better: int
    patients: int
    patients_better: int
    """Whose mean difference is above 0."""


def distillation(rows: Sequence[DenoiserRow]) -> list[Distilled]:
    """Each distilled student against the student alone, in each group and in all together.

    Empty where the table has no student alone, or nobody to hold against it.
    """
    named = {row.name: row for row in rows}
    alone = named.get(ALONE)
    if alone is None:
        return []
    return [
        found
        for name in (DISTILLED, BEST)
        if name in named
        for measure in GAINED
        for found in _compared(named[name], alone, measure)
    ]


def distillation_table(found: Sequence[Distilled]) -> Table:
    """A row for each comparison."""
    return [
        {
            "row": each.row,
            "rival": ALONE,
            "group": each.group,
            "measure": each.measure,
            "difference": each.mean.estimate,
            "low": as_number(each.mean.low),
            "high": as_number(each.mean.high),
            "excludes_zero": each.mean.excludes(0),
            "segments_better": each.segments_better,
            "segments": each.segments,
            "patients_better": each.patients_better,
            "patients": each.patients,
        }
        for each in found
    ]


def _compared(ours: DenoiserRow, alone: DenoiserRow, measure: str) -> list[Distilled]:
    """Group by group, then all together."""
    parts = [
        (group, *_difference(ours.groups[group], alone.groups[group], measure, group))
        for group in alone.groups
        if group in ours.groups
    ]
    if len(parts) > 1:
        _, differences, patients = zip(*parts, strict=True)
        parts.append((ALL_GROUPS, np.concatenate(differences), np.concatenate(patients)))
    return [_distilled(ours.name, measure, *part) for part in parts]


def _difference(
    ours: Scored, alone: Scored, measure: str, group: str
) -> tuple[np.ndarray, np.ndarray]:
    """Of gains (n,), and the patients (n,)."""
    if not np.array_equal(ours.patient, alone.patient) or not np.array_equal(
        ours.before[measure], alone.before[measure]
    ):
        raise ValueError(
            f"{group}: the distilled student and the student alone were tested on different "
            "segments or noise. Give both the same noisy segments, in the same order."
        )
    return ours.gains[measure] - alone.gains[measure], ours.patient


def _distilled(
    row: str, measure: str, group: str, differences: np.ndarray, patients: np.ndarray
) -> Distilled:
    _, of = np.unique(patients, return_inverse=True)
    return Distilled(
        row=row,
        group=group,
        measure=measure,
        mean=mean_over_segments(differences, patients),
        segments=len(differences),
        segments_better=int((differences > 0).sum()),
        patients=int(of.max()) + 1,
        patients_better=int((np.bincount(of, differences) > 0).sum()),
    )
