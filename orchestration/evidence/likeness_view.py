"""How alike features are to the teacher's, as people read it: a line a layer and case."""

from orchestration.evidence.tables import Table
from orchestration.evidence.views import View

MEASURES = {"cosine": "Cosine", "unbiased_cka": "CKA, unbiased", "cka": "CKA"}
SIDES = ("before", "after")


def likeness_view(table: Table, scheme: str) -> View:
    """Every measure before distillation and after; empty where a layer has none."""
    heads = [f"{title}, {side}" for title in MEASURES.values() for side in SIDES]
    cells = [
        (
            str(row["layer"]),
            str(row["case"]),
            str(row["segments"]),
            *(_number(row[f"{name}_{side}"]) for name in MEASURES for side in SIDES),
        )
        for row in table
        if row["scheme"] == scheme
    ]
    return View(("Layer", "Case", "Segments", *heads), cells)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
