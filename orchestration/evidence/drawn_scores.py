"""Figures of how well each method scores, of what it gains, and of how sure it may be."""

import math
from collections.abc import Sequence

from matplotlib.figure import Figure

from orchestration.chosen import BASELINE
from orchestration.evidence import scores
from orchestration.evidence.calibration import precision_recall, reliability, roc
from orchestration.evidence.figures_calibration import (
    precision_recall_figure,
    reliability_figure,
    roc_figure,
)
from orchestration.evidence.figures_scores import (
    Estimate,
    confusion_figure,
    forest_figure,
    gain_figure,
    subject_figure,
)
from orchestration.evidence.floors import majority
from orchestration.evidence.gathered import Evidence
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.sureness import pooled
from orchestration.evidence.views import TITLES


def score_figures(evidence: Evidence, rows: Sequence[EvidenceRow]) -> list[Figure]:
    """Every score of a scheme with its interval, then the confusions of each of its rows."""
    forests = [_forest(evidence, rows[0].scheme, name) for name in ("weighted_f1", "kappa")]
    return [*forests, confusion_figure({row.name: row.pooled for row in rows})]


def kappa_figure(rows: Sequence[EvidenceRow]) -> Figure:
    """Kappa of every test night under every method."""
    found = {
        row.name: dict(zip(row.subjects, scores.kappa(row.counts).tolist(), strict=True))
        for row in rows
    }
    return subject_figure(found, "Cohen's kappa")


def gain_figures(rows: Sequence[EvidenceRow]) -> list[Figure]:
    """What each person gains over the ECG baseline, as the tests compare them."""
    kappas = {
        row.name: dict(zip(row.people, scores.kappa(row.people_counts).tolist(), strict=True))
        for row in rows
    }
    theirs = kappas.pop(BASELINE, {})
    gains = {
        name: {s: ours[s] - theirs[s] for s in ours.keys() & theirs.keys()}
        for name, ours in kappas.items()
    }
    found = {name: gain for name, gain in gains.items() if gain}
    return [gain_figure(found, "kappa", BASELINE)] if found else []


def calibration_figures(rows: Sequence[EvidenceRow]) -> list[Figure]:
    """How far probabilities can be trusted, and how well they rank, a panel a method."""
    said = {row.name: pooled(row) for row in rows}
    classes, prevalence = rows[0].classes, rows[0].pooled.support
    return [
        reliability_figure({name: reliability(*both) for name, both in said.items()}),
        roc_figure({name: roc(*both) for name, both in said.items()}, classes),
        precision_recall_figure(
            {name: precision_recall(*both) for name, both in said.items()},
            classes,
            (prevalence / prevalence.sum()).tolist(),
        ),
    ]


def _forest(evidence: Evidence, scheme: str, score: str) -> Figure:
    """Every method's score with its interval, beside the floor and the paper."""
    lines = [
        row
        for row in evidence.tables["scores"]
        if (row["scheme"], row["score"]) == (scheme, score) and "low" in row
    ]
    support = next(r for r in evidence.done if r.scheme == scheme).pooled.support
    numbers = ("value", "low", "high", "paper")
    known = [{name: _or_nan(row[name]) for name in numbers} for row in lines]
    floor = majority(support)[score]
    estimates = [
        Estimate(row["row"], floor=floor, **values)
        for row, values in zip(lines, known, strict=True)
    ]
    return forest_figure(estimates, TITLES[score])


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
