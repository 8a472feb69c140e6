"""What the search tried and how all phases learned, for the two parts of the page that show it."""

from collections.abc import Iterator, Mapping

from matplotlib.figure import Figure

from orchestration.evidence import page
from orchestration.evidence.curves import Learned, read_curves
from orchestration.evidence.figures_importances import Importances, importance_figure
from orchestration.evidence.figures_search import box_figure, history_figure
from orchestration.evidence.figures_space import parallel_figure, plane_figure
from orchestration.evidence.figures_timeline import timeline_figure
from orchestration.evidence.figures_training import learning_figure, trials_learning_figure
from orchestration.evidence.gains import NAMES
from orchestration.evidence.gathered import Evidence
from orchestration.evidence.page import Block
from orchestration.evidence.style import as_svg
from orchestration.evidence.trials import (
    compared,
    folds_of,
    over_folds,
    said,
    trials_of,
    unfinished_view,
)
from orchestration.store import Store

COMPARED = (parallel_figure, plane_figure, box_figure)  # of trials that are set side by side
OLDER = (
    "The record of this sweep is older than the scores of each trial's folds, so its trials are "
    "not compared here. A sweep that this version runs has them."
)
KINDS = {  # kind of phase -> what it is called
    "teacher": "Teacher, on EEG",
    "attention": "Attention transfer, before the last phase",
    "final": "Last phase, on ECG",
}


def searched(evidence: Evidence, importances: Mapping[str, Importances]) -> list[Block]:
    """The part on the search: what came of it, figures, trials that stopped early and why.

    Args:
        importances: scheme -> what matters; of `orchestration.importances`.
    """
    return [
        block for scheme in evidence.schemes for block in _search(evidence, scheme, importances)
    ]


def learning(evidence: Evidence, store: Store) -> list[Block]:
    """The part on learning: the curves of every phase that rows and trials stand on."""
    return [block for scheme in evidence.schemes for block in _learning(evidence, scheme, store)]


def search_figures(evidence: Evidence, scheme: str) -> list[Figure]:
    """History, points, alpha and temperature, methods and layer sets, times; none of no search."""
    trials = trials_of(evidence.record, scheme)
    if not trials:
        return []
    score = f"validation {_select(evidence)}"
    alike, folds = compared(trials), folds_of(evidence.record)
    common = f"{score}\n{over_folds(alike.folds, folds)}".strip()
    figures = [history_figure(trials, score), *(draw(alike.trials, common) for draw in COMPARED)]
    timed = any(trial.runs for trial in trials)
    return [*figures, timeline_figure(trials)] if timed else figures


def _search(
    evidence: Evidence, scheme: str, importances: Mapping[str, Importances]
) -> Iterator[Block]:
    trials, folds = trials_of(evidence.record, scheme), folds_of(evidence.record)
    if not trials:
        return
    yield page.heading(f"Stages {scheme}")
    yield page.text(said(trials, folds))
    if not all(trial.scores for trial in trials if trial.state != "FAIL"):
        yield page.note(OLDER)
    history, *figures = (page.figure(as_svg(f)) for f in search_figures(evidence, scheme))
    yield history
    found = importances.get(scheme)
    if found and found.found:
        yield page.figure(as_svg(importance_figure(found)))
    elif found:
        yield page.note(found.why)
    yield from figures
    view = unfinished_view(trials, folds, evidence.named)
    if view.cells:
        yield page.heading(f"Stages {scheme}: trials that did not finish")
        yield page.table(view)


def _learning(evidence: Evidence, scheme: str, store: Store) -> Iterator[Block]:
    record, select = evidence.record, _select(evidence)
    learned = read_curves(record, scheme, store)
    for kind, title in KINDS.items():
        if curves := learned.phases.get(kind):
            yield page.heading(f"Stages {scheme}: {title}")
            chosen_by = "loss" if kind == "attention" else select
            yield page.figure(as_svg(learning_figure(curves, chosen_by)))
    trials = {t.number: f"{t.number} {t.method}" for t in trials_of(record, scheme)}
    named = {trials[number]: curves for number, curves in learned.trials.items()}
    if named:
        yield page.heading(f"Stages {scheme}: last phase of every trial")
        yield page.figure(as_svg(trials_learning_figure(named, select)))
    yield from _missing(learned, trials)


def _select(evidence: Evidence) -> str:
    """What the plan selects by, for people."""
    name = str(evidence.record.plan["training"]["select"])
    return NAMES.get(name, name)


def _missing(learned: Learned, trials: Mapping[int, str]) -> Iterator[Block]:
    """Which trials have no curve: they failed first, or ran under another version."""
    missing = [f"trial {number}" for number in trials if number not in learned.trials]
    if missing:
        yield page.note(
            f"Without a curve, for no phase of theirs was found: {', '.join(missing)}."
        )
