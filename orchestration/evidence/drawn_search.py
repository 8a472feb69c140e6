"""Figures of what the search tried and how the chosen phases learned."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from orchestration.evidence import page
from orchestration.evidence.curves import read_curves
from orchestration.evidence.figures_search import TrialPoint, box_figure, history_figure
from orchestration.evidence.figures_space import parallel_figure, plane_figure
from orchestration.evidence.figures_training import learning_figure
from orchestration.evidence.gathered import Evidence
from orchestration.evidence.page import Block
from orchestration.evidence.style import as_svg
from orchestration.store import Store


def learning(evidence: Evidence, store: Store) -> list[Block]:
    """How the phases behind each scheme's network to take home learned."""
    select = str(evidence.record.plan["training"]["select"])
    return [
        block
        for scheme in evidence.best
        for block in (
            page.heading(f"Stages {scheme}"),
            page.figure(
                as_svg(learning_figure(read_curves(evidence.record, scheme, store), select))
            ),
        )
    ]


def search_figures(evidence: Evidence, scheme: str) -> list[Figure]:
    """History, points, alpha and temperature, methods and layer sets; none without a search."""
    record = evidence.record
    trials = [_point(t, len(record.rows[0].folds)) for t in record.trials if t["scheme"] == scheme]
    if not trials:
        return []
    score = f"validation {record.plan['training']['select']}"
    return [draw(trials, score) for draw in DRAWN]


DRAWN = (history_figure, parallel_figure, plane_figure, box_figure)


def _point(trial: Mapping[str, Any], folds: int) -> TrialPoint:
    """A trial as the record has it."""
    searched, done = trial["searched"], int(trial["folds_done"])
    state = "COMPLETE" if done == folds else "PRUNED" if trial["score"] is not None else "FAIL"
    return TrialPoint(
        number=int(trial["number"]),
        method=trial["method"],
        alpha=searched.get("alpha"),
        temperature=searched.get("temperature"),
        layers=searched.get("layers"),
        score=trial["score"],
        state=state,
        reason=trial["reason"],
    )
