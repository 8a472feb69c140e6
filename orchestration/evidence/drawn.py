"""The figures of the report, for the parts of the page that they end."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from orchestration.chosen import BASELINE, SIMPLE, TEACHER
from orchestration.evidence import page, scores
from orchestration.evidence.clinical import CLINICAL, pairs_of
from orchestration.evidence.drawn_scores import (
    calibration_figures,
    gain_figures,
    kappa_figure,
    score_figures,
)
from orchestration.evidence.figures_agreement import bland_altman_figure
from orchestration.evidence.figures_bottleneck import bottleneck_figure
from orchestration.evidence.figures_likeness import likeness_figure
from orchestration.evidence.figures_nights import night_figure, nights_figure
from orchestration.evidence.figures_seeds import seed_figure
from orchestration.evidence.gathered import Evidence
from orchestration.evidence.page import Block
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.sleep_statistics import title_of
from orchestration.evidence.staged import StagedNight
from orchestration.evidence.style import as_svg


def drawn(evidence: Evidence) -> dict[str, list[Block]]:
    """Title of a part -> its figures, scheme by scheme; a network of two names is drawn once."""
    found: dict[str, list[Block]] = {"Nights": []}
    for scheme in evidence.schemes:
        rows = [row for row in evidence.distinct if row.scheme == scheme]
        for title, figures in {
            "All scores": score_figures(evidence, rows),
            "Is the gain real?": gain_figures(rows),
            "Single subjects": [kappa_figure(rows)],
            "Clinical numbers": _clinical(evidence, rows),
            "Calibration": calibration_figures(rows),
            "What was learned from the teacher": _alike(evidence, scheme),
            "Several seeds": _seeds(evidence, scheme),
        }.items():
            blocks = [page.figure(as_svg(figure)) for figure in figures]
            found.setdefault(title, []).extend([page.heading(f"Figures, {scheme}"), *blocks])
        found["All scores"] += _twins(evidence, rows)
        found["Nights"] += _nights(evidence, rows) if evidence.named else ()
    return {title: blocks for title, blocks in found.items() if _has_figure(blocks)}


def _has_figure(blocks: Sequence[Block]) -> bool:
    return any(block.kind in ("figure", "folded") for block in blocks)


def _twins(evidence: Evidence, rows: Sequence[EvidenceRow]) -> list[Block]:
    """Which networks figures do not show, because they show them under another name."""
    mine = [row for row in evidence.record.rows if row.scheme == rows[0].scheme and row.folds]
    keys = {row.row: tuple(fold.key for fold in row.folds) for row in mine}
    shown = {keys[row.name]: row.name for row in rows}
    said = [
        f"{name} is the same network as {shown[network]}, so figures show it once."
        for name, network in keys.items()
        if shown[network] != name
    ]
    return [page.note(" ".join(said))] if said else []


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


def _clinical(evidence: Evidence, rows: Sequence[EvidenceRow]) -> list[Figure]:
    """Every clinical number of the network to take home; total sleep time of every method."""
    home, sleep = _home(evidence, rows), "total_sleep_minutes"
    figures = []
    if home:
        shown = (*CLINICAL, *(f"{name}_minutes" for name in home.classes))
        pairs = {title_of(name): pair for name, pair in pairs_of(home).items() if name in shown}
        figures.append(bland_altman_figure(pairs, home.name))
    each = {row.name: pairs_of(row)[sleep] for row in rows}
    return [*figures, bland_altman_figure(each, title_of(sleep))]


def _nights(evidence: Evidence, rows: Sequence[EvidenceRow]) -> Iterator[Block]:
    """Best, median, worst night: of the network to take home beside few, of others alone."""
    home, scheme = _home(evidence, rows), rows[0].scheme
    if home:
        for which, subject in told_apart(home).items():
            yield page.heading(f"{scheme}: {which} night of {home.name}")
            yield page.figure(as_svg(night_figure(_of(_beside(rows, home), subject))))
    others = [row for row in rows if row is not home]
    if others:
        yield page.heading(f"{scheme}: the other methods' own nights")
    for row in others:
        nights = {which: _of([row], name)[row.name] for which, name in told_apart(row).items()}
        yield page.folded(row.name, [page.figure(as_svg(nights_figure(nights, row.name)))])


def told_apart(row: EvidenceRow) -> Mapping[str, str]:
    """Which subject's night scores best, in the middle, worst by kappa; the first of equals."""
    order = np.argsort(-scores.kappa(row.counts), kind="stable")
    places = {"best": 0, "median": (len(order) - 1) // 2, "worst": len(order) - 1}
    found: dict[str, str] = {}
    for which, place in places.items():
        if row.subjects[order[place]] not in found.values():
            found[which] = row.subjects[order[place]]
    return found


def _home(evidence: Evidence, rows: Sequence[EvidenceRow]) -> EvidenceRow | None:
    """The network to take home, where there is one."""
    return evidence.row(rows[0].scheme, evidence.best.get(rows[0].scheme, ""))


def _beside(rows: Sequence[EvidenceRow], home: EvidenceRow) -> list[EvidenceRow]:
    """The network to take home and what it is to be compared with, in a fixed order."""
    known = {row.name: row for row in rows}
    names = dict.fromkeys((TEACHER, BASELINE, home.name, SIMPLE))
    return [known[name] for name in names if name in known]


def _of(rows: Sequence[EvidenceRow], subject: str) -> dict[str, StagedNight]:
    """A subject's night as each method staged it."""
    found = {row.name: dict(zip(row.subjects, row.nights, strict=True)) for row in rows}
    return {name: nights[subject] for name, nights in found.items() if subject in nights}
