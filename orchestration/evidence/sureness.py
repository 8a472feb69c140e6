"""Whether the methods' probabilities can be trusted: calibration and ranking, a row a method."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from orchestration.evidence.calibration import (
    brier,
    calibration_error,
    nll,
    precision_recall,
    roc,
)
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.views import View


def pooled(row: EvidenceRow) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n,) and probabilities (n, K) of all test segments."""
    labels = np.concatenate([night.labels for night in row.nights])
    return labels, np.concatenate([night.probabilities for night in row.nights])


def sureness_table(rows: Sequence[EvidenceRow]) -> list[dict[str, Any]]:
    """Calibration error, negative log-likelihood, Brier score, areas under the curves."""
    return [_row(row) for row in rows if row.folds]


def sureness_view(table: Sequence[dict[str, Any]], scheme: str) -> View:
    """The table of one scheme."""
    mine = [row for row in table if row["scheme"] == scheme]
    names = [name for name in mine[0] if name not in ("scheme", "row")]
    heads = ("Method", *(name.replace("_", " ") for name in names))
    return View(heads, [(row["row"], *(_cell(row[name]) for name in names)) for row in mine])


def _row(row: EvidenceRow) -> dict[str, Any]:
    labels, probabilities = pooled(row)
    areas = {f"ROC_AUC_{c}": x.area for c, x in _named(row, roc(labels, probabilities))}
    precisions = _named(row, precision_recall(labels, probabilities))
    areas |= {f"average_precision_{c}": x.area for c, x in precisions}
    numbers = {
        "ECE": calibration_error(labels, probabilities),
        "NLL": nll(labels, probabilities),
        "Brier": brier(labels, probabilities),
        **areas,
    }
    plain = {name: float(v) if np.isfinite(v) else None for name, v in numbers.items()}
    return {"scheme": row.scheme, "row": row.name, **plain}


def _named(row: EvidenceRow, curves: list[Any]) -> list[tuple[str, Any]]:
    return list(zip(row.classes, curves, strict=True))


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
