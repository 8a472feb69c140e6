"""The numbers of the report as plain tables: a list of rows each, for Markdown, CSV, LaTeX, JSON.

Scores are those of all test segments pooled, as in the paper; intervals are BCa over subjects.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from orchestration.evidence import scores
from orchestration.evidence.floors import FLOORS, floor_of
from orchestration.evidence.formats import as_number
from orchestration.evidence.intervals import bca
from orchestration.evidence.paper import paper_scores
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.subgroups import Descriptors, subgroups

Table = list[dict[str, Any]]


def score_table(rows: Sequence[EvidenceRow]) -> Table:
    """A row for each method and score: pooled value, sd over folds, interval, the paper's.

    Floors follow: what guessing without looking scores on the same segments, and on the paper's.
    """
    found = [_score_row(row, name) for row in rows if row.folds for name in scores.SCORES]
    for scheme, support in _supports(rows).items():
        for name in FLOORS:
            for score, value in floor_of(support, name).scores.items():
                line = {"scheme": scheme, "row": name, "score": score, "value": value}
                found.append(line | _beside(scheme, name, score, value))
    return found


def subgroup_table(rows: Sequence[EvidenceRow], descriptors: Descriptors | None = None) -> Table:
    """A row for each method, group of people and score; `score_table` has those of all people."""
    return [
        {
            "scheme": row.scheme,
            "row": row.name,
            "descriptor": group.descriptor,
            "group": group.value,
            "people": group.subjects,
            "segments": group.segments,
            "score": name,
            "value": found.estimate,
            "low": as_number(found.low),
            "high": as_number(found.high),
        }
        for row in rows
        if row.folds
        for group in subgroups(row.nights, descriptors)
        for name, found in group.scores.items()
    ]


def _score_row(row: EvidenceRow, name: str) -> dict[str, Any]:
    score = scores.SCORES[name]
    interval = bca(row.people_counts, score)
    return {
        "scheme": row.scheme,
        "row": row.name,
        "point": row.point,
        "score": name,
        "value": interval.estimate,
        "sd_folds": _sd(score(row.fold_counts)),
        "low": as_number(interval.low),
        "high": as_number(interval.high),
        **_beside(row.scheme, row.name, name, interval.estimate),
        "folds": len(row.folds),
        "subjects": len(row.nights),
        "segments": row.pooled.total,
    }


def class_table(rows: Sequence[EvidenceRow]) -> Table:
    """A row for each method and class: F1 with its interval, the paper's, precision, recall.

    Floors follow, as in `score_table`.
    """
    found = [_class_row(row, k) for row in rows if row.folds for k in range(len(row.classes))]
    for scheme, support in _supports(rows).items():
        for name in FLOORS:
            found += [_floor_row(scheme, name, support, k) for k in range(len(support))]
    return found


def _class_row(row: EvidenceRow, k: int) -> dict[str, Any]:
    pooled, label = row.pooled.counts, row.classes[k]

    def f1(counts: np.ndarray) -> np.ndarray:
        return scores.class_f1(counts)[..., k]

    interval = bca(row.people_counts, f1)
    return {
        "scheme": row.scheme,
        "row": row.name,
        "class": label,
        "f1": interval.estimate,
        "sd_folds": _sd(f1(row.fold_counts)),
        "low": as_number(interval.low),
        "high": as_number(interval.high),
        **_beside(row.scheme, row.name, f"f1_{label}", interval.estimate),
        "precision": float(scores.class_precision(pooled)[k]),
        "recall": float(scores.class_recall(pooled)[k]),
        "support": int(pooled[k].sum()),
    }


def _floor_row(scheme: str, name: str, support: np.ndarray, k: int) -> dict[str, Any]:
    floor, label = floor_of(support, name), scheme.split("-")[k]
    f1 = float(floor.f1[k])
    return {
        "scheme": scheme,
        "row": name,
        "class": label,
        "f1": f1,
        **_beside(scheme, name, f"f1_{label}", f1),
        "precision": float(floor.precision[k]),
        "recall": float(floor.recall[k]),
        "support": int(support[k]),
    }


def subject_table(rows: Sequence[EvidenceRow]) -> Table:
    """A row for each method and score: what single subjects score, and who scores worst."""
    return [_subject_row(row, name) for row in rows if row.folds for name in scores.SCORES]


def _subject_row(row: EvidenceRow, name: str) -> dict[str, Any]:
    each = scores.SCORES[name](row.counts)  # (n,)
    worst = int(each.argmin())
    return {
        "scheme": row.scheme,
        "row": row.name,
        "score": name,
        "mean": float(each.mean()),
        "sd": float(each.std(ddof=1)) if len(each) > 1 else None,
        "median": float(np.median(each)),
        "worst": float(each[worst]),
        "worst_subject": row.subjects[worst],
        "subjects": len(each),
    }


def _supports(rows: Sequence[EvidenceRow]) -> dict[str, np.ndarray]:
    """Scheme -> segments of each class (K,), as its first row with a result has staged them."""
    found: dict[str, np.ndarray] = {}
    for row in rows:
        if row.folds:
            found.setdefault(row.scheme, row.pooled.support)
    return found


def _beside(scheme: str, row: str, name: str, value: float) -> dict[str, float | None]:
    """The paper's value and how far ours lies above it; None where the paper has none."""
    published = paper_scores(scheme, row).get(name)
    return {"paper": published, "difference": None if published is None else value - published}


def _sd(folds: np.ndarray) -> float | None:
    """Of a score over folds (k,); one fold has none."""
    return float(np.std(folds, ddof=1)) if len(folds) > 1 else None
