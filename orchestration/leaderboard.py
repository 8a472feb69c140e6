"""Confusions of the chosen experiments -> a row a method and scheme -> Markdown, CSV, JSON."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from kd_core.confusion import Confusion
from orchestration.formats import as_csv, as_json

SCORES = ("accuracy", "weighted_f1", "macro_f1", "kappa")
TITLES = {
    "accuracy": "Accuracy",
    "weighted_f1": "Weighted F1",
    "macro_f1": "Macro F1",
    "kappa": "Kappa",
}

Row = dict[str, Any]


def make_row(
    scheme: str, name: str, point: str, folds: Sequence[Sequence[Confusion]], failed: str = ""
) -> Row:
    """One row: mean and sd over folds of each score, and the majority floor of the same segments.

    Args:
        folds: for each fold the confusions of its test subjects; empty if the method failed.
    """
    row: Row = {
        "scheme": scheme,
        "row": name,
        "point": point,
        "folds": len(folds),
        "failed": failed,
    }
    if not folds:
        return row
    sums = [sum(subjects[1:], subjects[0]) for subjects in folds]
    row |= {"subjects": sum(map(len, folds)), "segments": int(sum(c.counts.sum() for c in sums))}
    for score in SCORES:
        row |= _mean_sd(score, [getattr(c, score) for c in sums])
    for index, label in enumerate(sums[0].classes):
        row |= _mean_sd(f"f1_{label}", [float(c.class_f1[index]) for c in sums])
    return row | _mean_sd("floor", [c.floor for c in sums])


def leaderboard_files(rows: Sequence[Row], note: str) -> dict[str, bytes]:
    """The leaderboard as leaderboard.md, .csv and .json."""
    return {
        "leaderboard.md": as_markdown(rows, note).encode(),
        "leaderboard.csv": as_csv(rows),
        "leaderboard.json": as_json(list(rows)),
    }


def as_markdown(rows: Sequence[Row], note: str) -> str:
    """A table a scheme, values as mean ± sd over folds."""
    parts = [note.strip(), ""]
    for scheme in dict.fromkeys(row["scheme"] for row in rows):
        mine = [row for row in rows if row["scheme"] == scheme]
        parts += [f"### {scheme}", "", *_table(mine, scheme.split("-")), ""]
    return "\n".join(parts)


def _table(rows: Sequence[Row], classes: Sequence[str]) -> list[str]:
    names = [*SCORES, *(f"f1_{label}" for label in classes)]
    heads = ["Method", "Point", *TITLES.values(), *(f"F1 {label}" for label in classes)]
    lines = [_line(heads), _line(["---", "---", *("---:" for _ in names)])]
    for row in rows:
        values = [f"failed: {row['failed']}"] if row["failed"] else [_cell(row, n) for n in names]
        lines.append(_line([row["row"], row["point"], *values]))
    floor = next((row for row in rows if "floor_mean" in row), None)
    if floor:
        lines.append(_line(["Floor", "always the commonest class", _cell(floor, "floor")]))
    return lines


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(row: Mapping[str, Any], name: str) -> str:
    return f"{row[f'{name}_mean']:.3f} ± {row[f'{name}_sd']:.3f}"


def _mean_sd(name: str, values: Sequence[float]) -> Row:
    """Mean and sample standard deviation; the sd of one fold is 0, for want of another."""
    sd = statistics.stdev(values) if len(values) > 1 else 0.0
    return {f"{name}_mean": statistics.fmean(values), f"{name}_sd": sd}
