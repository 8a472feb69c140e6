"""The numbers of the report as plain tables: a list of rows each, for Markdown, CSV, LaTeX, JSON.

Scores are those of all test segments pooled, as in the paper; intervals are BCa over subjects.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from orchestration.evidence import scores
from orchestration.evidence.floors import majority, prior
from orchestration.evidence.formats import as_number
from orchestration.evidence.intervals import bca
from orchestration.evidence.paper import paper_scores
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.subgroups import Descriptors, subgroups

Table = list[dict[str, Any]]
FLOORS: Mapping[str, Callable[[np.ndarray], Mapping[str, float]]] = {
    "Floor: commonest class": majority,
    "Floor: guess by prior": prior,
}


def score_table(rows: Sequence[EvidenceRow]) -> Table:
    """A row for each method and score: pooled value, sd over folds, interval, the paper's."""
    done = [row for row in rows if row.folds]
    found = [_score_row(row, name) for row in done for name in scores.SCORES]
    for scheme in dict.fromkeys(row.scheme for row in done):
        support = next(row for row in done if row.scheme == scheme).pooled.support
        found += [
            {"scheme": scheme, "row": name, "score": score, "value": value}
            for name, floor in FLOORS.items()
            for score, value in floor(support).items()
        ]
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
    interval, folds = bca(row.people_counts, score), score(row.fold_counts)
    published = paper_scores(row.scheme, row.name).get(name)
    return {
        "scheme": row.scheme,
        "row": row.name,
        "point": row.point,
        "score": name,
        "value": interval.estimate,
        "sd_folds": float(np.std(folds, ddof=1)) if len(folds) > 1 else None,
        "low": as_number(interval.low),
        "high": as_number(interval.high),
        "paper": published,
        "difference": None if published is None else interval.estimate - published,
        "folds": len(row.folds),
        "subjects": len(row.nights),
        "segments": row.pooled.total,
    }


def class_table(rows: Sequence[EvidenceRow]) -> Table:
    """A row for each method and class: F1 with its interval, precision, recall, support."""
    return [_class_row(row, k) for row in rows if row.folds for k in range(len(row.classes))]


def _class_row(row: EvidenceRow, k: int) -> dict[str, Any]:
    pooled, label = row.pooled.counts, row.classes[k]
    interval = bca(row.people_counts, lambda counts: scores.class_f1(counts)[..., k])
    return {
        "scheme": row.scheme,
        "row": row.name,
        "class": label,
        "f1": interval.estimate,
        "low": as_number(interval.low),
        "high": as_number(interval.high),
        "paper": paper_scores(row.scheme, row.name).get(f"f1_{label}"),
        "precision": float(scores.class_precision(pooled)[k]),
        "recall": float(scores.class_recall(pooled)[k]),
        "support": int(pooled[k].sum()),
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
