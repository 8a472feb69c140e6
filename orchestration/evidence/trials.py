"""The trials of a search as a sweep's record has them: what was tried, what came of it, when."""

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from orchestration.chosen import Record
from orchestration.evidence.views import View

STATES = ("COMPLETE", "PRUNED", "FAIL")


class Run(NamedTuple):
    """When and where a trial ran; one that was interrupted has several."""

    began: float
    """s since 1970, UTC."""
    ended: float
    host: str
    """Address of the machine."""


class TrialPoint(NamedTuple):
    """A trial of a search; None where its method does not use a parameter."""

    number: int
    """From 1."""
    method: str
    alpha: float | None
    temperature: float | None
    layers: str | None
    """Name of its layer set."""
    score: float | None
    """Mean over the folds done; None if it failed."""
    state: str
    """COMPLETE; PRUNED: its rival beat it; FAIL: it diverged or could not be run."""
    reason: str = ""
    """Why it is not complete."""
    runs: tuple[Run, ...] = ()
    """Empty where the record is older than its times."""
    folds: int = 0
    """Folds done."""
    words: str = ""
    """The point for people."""
    scores: tuple[float, ...] = ()
    """Of each fold done, in order; empty where the record is older than them."""


class Compared(NamedTuple):
    """Trials scored over the same folds."""

    trials: list[TrialPoint]
    """Each with its mean over the first `folds` as its score; without those that failed."""
    folds: int
    """How many folds all of them did."""


def trials_of(record: Record, scheme: str) -> list[TrialPoint]:
    """The trials of a scheme by their numbers."""
    folds = folds_of(record)
    found = []
    for trial in record.trials:
        if trial["scheme"] != scheme:
            continue
        searched, done = trial["searched"], int(trial["folds_done"])
        unfinished = "FAIL" if trial["score"] is None else "PRUNED"
        point = TrialPoint(
            number=int(trial["number"]),
            method=trial["method"],
            alpha=searched.get("alpha"),
            temperature=searched.get("temperature"),
            layers=searched.get("layers"),
            score=trial["score"],
            state="COMPLETE" if done == folds else unfinished,
            reason=trial["reason"],
            runs=tuple(Run(**run) for run in trial.get("ran", ())),
            folds=done,
            words=trial["point"],
            scores=tuple(trial.get("scores", ())),
        )
        found.append(point)
    return sorted(found)


def compared(trials: Sequence[TrialPoint]) -> Compared:
    """The trials over the first folds, as many as every one of them did.

    Folds differ in how hard they are, so means over different folds do not compare, and of a
    search that races its trials few do all of them; but each does the first, and before it is
    known how it will do.
    """
    scored = [trial for trial in trials if trial.state != "FAIL" and trial.scores]
    folds = min((len(trial.scores) for trial in scored), default=0)
    return Compared([t._replace(score=fmean(t.scores[:folds])) for t in scored], folds)


def folds_of(record: Record) -> int:
    """How many folds a complete trial has."""
    return max((len(row.folds) for row in record.rows), default=0)


def over_folds(common: int, folds: int) -> str:
    """Over which folds trials are compared, for an axis; nothing to say if over all."""
    if common in (0, folds):
        return ""
    return (
        f"on the first {common} of {folds} folds"
        if common > 1
        else f"on the first of {folds} folds"
    )


def said(trials: Sequence[TrialPoint], folds: int) -> str:
    """How many trials were complete, beaten, failed, in a sentence."""
    complete, beaten, failed = (sum(t.state == state for t in trials) for state in STATES)
    done = sum(trial.folds for trial in trials)
    return (
        f"Of {len(trials)} trials {complete} finished all {folds} folds, {beaten or 'none'} "
        f"were stopped early because what they were raced against had beaten them, "
        f"{failed or 'none'} failed; they did {done} of {len(trials) * folds} folds."
    )


def unfinished_view(trials: Sequence[TrialPoint], folds: int, named: bool = True) -> View:
    """Every trial that did not finish its folds, and why; an error may name subjects and paths."""
    heads = ("Trial", "Point", "Folds done", "Score so far", "Why it stopped")
    return View(
        heads,
        [
            (
                str(trial.number),
                trial.words,
                f"{trial.folds} of {folds}",
                "" if trial.score is None else f"{trial.score:.3f}",
                trial.reason if named or trial.state != "FAIL" else "failed",
            )
            for trial in trials
            if trial.state != "COMPLETE"
        ],
    )
