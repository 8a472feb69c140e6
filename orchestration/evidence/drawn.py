"""The figures of the report, for the parts of the page that they end."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from orchestration.chosen import BASELINE, SIMPLE, TEACHER
from orchestration.evidence import page, scores
from orchestration.evidence.calibration import precision_recall, reliability, roc
from orchestration.evidence.clinical import pairs_of
from orchestration.evidence.figures_agreement import bland_altman_figure
from orchestration.evidence.figures_bottleneck import bottleneck_figure
from orchestration.evidence.figures_calibration import (
    precision_recall_figure,
    reliability_figure,
    roc_figure,
)
from orchestration.evidence.figures_likeness import likeness_figure
from orchestration.evidence.figures_nights import night_figure
from orchestration.evidence.figures_scores import (
    Estimate,
    confusion_figure,
    forest_figure,
    gain_figure,
    subject_figure,
)
from orchestration.evidence.figures_seeds import seed_figure
from orchestration.evidence.floors import majority
from orchestration.evidence.gathered import Evidence
from orchestration.evidence.page import Block
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.sleep_statistics import title_of
from orchestration.evidence.staged import StagedNight
from orchestration.evidence.style import as_svg
from orchestration.evidence.sureness import pooled
from orchestration.evidence.views import TITLES

CLINICAL = (  # what a Bland-Altman panel is drawn of, besides the minutes of each class
    "total_sleep_minutes",
    "sleep_efficiency_percent",
    "sleep_onset_latency_minutes",
    "wake_after_sleep_onset_minutes",
    "rem_latency_minutes",
)


def drawn(evidence: Evidence) -> dict[str, list[Block]]:
    """Title of a part -> its figures, scheme by scheme."""
    found: dict[str, list[Block]] = {"Nights": []}
    for scheme in evidence.schemes:
        rows = [row for row in evidence.done if row.scheme == scheme]
        for title, figures in {
            "All scores": _scores(evidence, rows),
            "Is the gain real?": _gains(rows),
            "Single subjects": [subject_figure(_kappas(rows), "Cohen's kappa")],
            "Clinical numbers": _clinical(evidence, scheme),
            "Calibration": _calibration(_shown(evidence, scheme)),
            "What was learned from the teacher": _alike(evidence, scheme),
            "Several seeds": _seeds(evidence, scheme),
        }.items():
            blocks = [page.figure(as_svg(figure)) for figure in figures]
            found.setdefault(title, []).extend([page.heading(f"Figures, {scheme}"), *blocks])
        found["Nights"] += _nights(evidence, scheme) if evidence.named else ()
    return {title: blocks for title, blocks in found.items() if _has_figure(blocks)}


def _has_figure(blocks: Sequence[Block]) -> bool:
    return any(block.kind == "figure" for block in blocks)


def _alike(evidence: Evidence, scheme: str) -> list[Figure]:
    """The features behind two kinds of segments, and how alike they are layer by layer."""
    found = evidence.alike.get(scheme)
    if not found:
        return []
    student = found.trio.student.row
    names = {"teacher": "EEG teacher", "baseline": BASELINE, "student": student}
    picked = [bottleneck_figure(found.picks, found.classes, names)] if evidence.named else []
    return [*picked, likeness_figure(found.likeness, student)]


def _seeds(evidence: Evidence, scheme: str) -> list[Figure]:
    """Kappa of every method under every seed."""
    scored = evidence.seed_scores
    mine = {o.row: o.pooled for o in scored if (o.scheme, o.score) == (scheme, "kappa")}
    return [seed_figure(mine, "kappa")] if mine else []


def _scores(evidence: Evidence, rows: Sequence[EvidenceRow]) -> list[Figure]:
    scheme = rows[0].scheme
    forests = [_forest(evidence, scheme, name) for name in ("weighted_f1", "kappa")]
    matrices = {row.name: row.pooled for row in _shown(evidence, scheme)}
    return [*forests, confusion_figure(matrices)]


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


def _gains(rows: Sequence[EvidenceRow]) -> list[Figure]:
    """What each subject gains over the ECG baseline."""
    kappas = _kappas(rows)
    theirs = kappas.pop(BASELINE, {})
    gains = {
        name: {s: ours[s] - theirs[s] for s in ours.keys() & theirs.keys()}
        for name, ours in kappas.items()
    }
    found = {name: gain for name, gain in gains.items() if gain}
    return [gain_figure(found, "kappa", BASELINE)] if found else []


def _clinical(evidence: Evidence, scheme: str) -> list[Figure]:
    row = evidence.row(scheme, evidence.best.get(scheme, ""))
    if not row:
        return []
    minutes = tuple(f"{name}_minutes" for name in row.classes)
    pairs = {title_of(n): pair for n, pair in pairs_of(row).items() if n in (*CLINICAL, *minutes)}
    return [bland_altman_figure(pairs)]


def _calibration(rows: Sequence[EvidenceRow]) -> list[Figure]:
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


def _nights(evidence: Evidence, scheme: str) -> Iterator[Block]:
    """The best, the median and the worst night of the network to take home."""
    name = evidence.best.get(scheme, "")
    row = evidence.row(scheme, name)
    for which, subject in told_apart(row).items() if row else ():
        nights = _of(_shown(evidence, scheme), subject)
        yield page.heading(f"{scheme}: {which} night of {name}")
        yield page.figure(as_svg(night_figure(nights)))


def told_apart(row: EvidenceRow) -> Mapping[str, str]:
    """Which subject's night scores best, in the middle, worst by kappa; the first of equals."""
    order = np.argsort(-scores.kappa(row.counts), kind="stable")
    places = {"best": 0, "median": (len(order) - 1) // 2, "worst": len(order) - 1}
    found: dict[str, str] = {}
    for which, place in places.items():
        if row.subjects[order[place]] not in found.values():
            found[which] = row.subjects[order[place]]
    return found


def _shown(evidence: Evidence, scheme: str) -> list[EvidenceRow]:
    """The rows that a figure of few has room for."""
    names = dict.fromkeys((TEACHER, BASELINE, evidence.best.get(scheme, ""), SIMPLE))
    found = [row for name in names if (row := evidence.row(scheme, name))]
    return found or [row for row in evidence.done if row.scheme == scheme][:4]


def _of(rows: Sequence[EvidenceRow], subject: str) -> dict[str, StagedNight]:
    """A subject's night as each method staged it."""
    found = {row.name: dict(zip(row.subjects, row.nights, strict=True)) for row in rows}
    return {name: nights[subject] for name, nights in found.items() if subject in nights}


def _kappas(rows: Sequence[EvidenceRow]) -> dict[str, dict[str, float]]:
    """Row -> subject -> Cohen's kappa."""
    return {
        row.name: dict(zip(row.subjects, scores.kappa(row.counts).tolist(), strict=True))
        for row in rows
    }


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
