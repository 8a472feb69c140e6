"""What a search found: its history, scores by method and by layer set."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from orchestration.evidence.style import (
    FAINT,
    INK,
    MUTED,
    box,
    canvas,
    colours_of,
    finite,
    method_key,
    nothing,
    scattered,
    styled,
    wrapped,
)
from orchestration.evidence.trials import TrialPoint

MARKS = {"COMPLETE": "o", "PRUNED": "v", "FAIL": "x"}
ROOM = 44  # letters of names below half a figure
WORDS = {"COMPLETE": "complete", "PRUNED": "stopped early", "FAIL": "failed"}


@styled
def history_figure(trials: Sequence[TrialPoint], score: str) -> Figure:
    """Score by trial number, coloured by method; as a line, the best complete one so far.

    A trial that was stopped early stands at its mean over the folds that it did, which compares
    with no other's; one that failed stands at the bottom.
    """
    figure = canvas(3.4)
    axes, colours = figure.subplots(), colours_of(trial.method for trial in trials)
    ordered = sorted(trials, key=lambda trial: trial.number)
    if not any(trial.score is not None for trial in ordered):
        nothing(axes, "no trial has a score")
        return figure
    numbers = [trial.number for trial in ordered]
    axes.plot(numbers, _best_so_far(ordered), drawstyle="steps-post", color=INK, linewidth=0.9)
    for trial in ordered:
        _dot(axes, trial.number, trial, colours[trial.method])
        if trial.state == "FAIL":
            place, bottom = axes.get_xaxis_transform(), 0.03
            axes.plot(trial.number, bottom, "x", color=MUTED, transform=place, markersize=5)
    axes.set_xlabel("trial")
    axes.set_ylabel(score)
    axes.set_xlim(numbers[0] - 0.8, numbers[-1] + 0.8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(axis="y")
    best = Line2D([], [], color=INK, linewidth=0.9, label="best so far")
    named = [best, *method_key(colours), *state_key(trial.state for trial in trials)]
    figure.legend(handles=named, loc="outside lower center", ncols=_columns(named))
    return figure


@styled
def box_figure(trials: Sequence[TrialPoint], score: str) -> Figure:
    """Scores by method and by layer set: a mark a trial, a box of three or more of them.

    Scores are over the folds that all trials did. A hollow mark is a trial that was stopped early.
    """
    figure = canvas(3.2)
    left, right = figure.subplots(1, 2, sharey=True)
    colours = colours_of(trial.method for trial in trials)
    scored = [trial for trial in trials if trial.score is not None]
    _boxes(left, scored, [trial.method for trial in scored], colours)
    layered = [trial for trial in scored if trial.layers is not None]
    _boxes(right, layered, [trial.layers or "" for trial in layered], colours)
    left.set_title("by method")
    right.set_title("by layer set")
    left.set_ylabel(score)
    found = [*method_key(colours), *state_key(trial.state for trial in scored)]
    if found:
        figure.legend(handles=found, loc="outside lower center", ncols=_columns(found))
    return figure


def _best_so_far(ordered: Sequence[TrialPoint]) -> np.ndarray:
    """(trials,): the best score of the complete trials up to each; NaN before the first."""
    whole = [trial.score if trial.state == "COMPLETE" else None for trial in ordered]
    scores = np.array([math.nan if score is None else score for score in whole])
    best: np.ndarray = np.fmax.accumulate(scores)
    return best


def _dot(axes: Axes, place: float, trial: TrialPoint, colour: str) -> None:
    """A trial's score; hollow if it was pruned, so that it weighs less in the eye."""
    if trial.score is None:
        return
    face = "white" if trial.state == "PRUNED" else colour
    mark = MARKS.get(trial.state, "o")
    axes.plot(place, trial.score, mark, color=face, markeredgecolor=colour, markersize=5)


def _boxes(
    axes: Axes, trials: Sequence[TrialPoint], groups: Sequence[str], colours: Mapping[str, str]
) -> None:
    if not trials:
        nothing(axes, "no trial has a score")
        return
    names = list(dict.fromkeys(groups))
    for place, name in enumerate(names):
        mine = [trial for trial, group in zip(trials, groups, strict=True) if group == name]
        for trial, aside in zip(mine, scattered(len(mine)), strict=True):
            _dot(axes, place + aside, trial, colours[trial.method])
        box(axes, place, finite([trial.score for trial in mine]))
    slant: Any = {}
    if max(len(name) for name in names) * len(names) > ROOM:
        slant = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(range(len(names)), [wrapped(name, 24) for name in names], **slant)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.grid(axis="y", color=FAINT)


def state_key(states: Iterable[str]) -> list[Line2D]:
    """Entries of a legend: the marks of the states that occur."""
    found = set(states)
    return [
        Line2D(
            [],
            [],
            marker=mark,
            linestyle="none",
            markersize=5,
            color="white" if state == "PRUNED" else MUTED,
            markeredgecolor=MUTED,
            label=WORDS[state],
        )
        for state, mark in MARKS.items()
        if state in found
    ]


def _columns(named: Sequence[Line2D]) -> int:
    """All entries of a legend in one line if that is wide enough, else four a line."""
    letters = sum(len(str(line.get_label())) + 6 for line in named)
    return len(named) if letters < 110 else 4
