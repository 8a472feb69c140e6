"""What each phase learned, epoch by epoch, a line a fold."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from orchestration.evidence.style import (
    FOLDS,
    INK,
    METHODS,
    OTHERS,
    canvas,
    finite,
    grid,
    nothing,
    styled,
    wrapped,
)

# what a method adds to the loss has the method's colour
TERMS = {"loss": INK, "ce": "#7A5C3E", "kd": METHODS["SD+CL"], "at": METHODS["AT+CL"]}
ACROSS = 3  # phases side by side
SMALL_ACROSS = 6  # trials side by side


class LearningCurve(NamedTuple):
    """A phase's curve.csv."""

    fold: int
    epochs: np.ndarray
    """(n,), from 1."""
    terms: Mapping[str, np.ndarray]
    """Terms of the training loss, (n,) each: "loss", "ce", "kd", "at"."""
    validation: np.ndarray
    """(n,), what the phase was selected by; NaN where it was not validated."""
    best: int | None
    """The epoch whose weights were kept."""


@styled
def learning_figure(phases: Mapping[str, Sequence[LearningCurve]], validation: str) -> Figure:
    """Above, the terms of each phase's training loss; below, what chose its epoch; a line a fold.

    The dot is the epoch whose weights were kept. Validation scores share one scale, losses do not.

    Args:
        phases: a phase's name -> its curves.
        validation: what the values of validation are called.
    """
    columns = min(ACROSS, max(1, len(phases)))
    rows = -(-max(1, len(phases)) // columns)
    figure = canvas(rows * 3.1 + 0.5, max(3.0 * columns, 4.5))
    panels = figure.subplots(2 * rows, columns, squeeze=False)
    pairs = [(panels[2 * r, c], panels[2 * r + 1, c]) for r in range(rows) for c in range(columns)]
    everything = [curve for curves in phases.values() for curve in curves]
    colours, limits = _colours(everything), _limits(everything)
    for (above, below), (name, curves) in zip(pairs, phases.items(), strict=False):
        above.set_title(wrapped(name, 34))
        known = [curve for curve in curves if len(curve.epochs)]
        if not known:
            nothing(above, "no epoch was finished")
            below.remove()
            continue
        for curve in known:
            _losses(above, curve, colours)
            _validation(below, curve)
        _axes(above, below, limits if validation != "loss" else None)
    for (above, below), place in zip(pairs, range(len(pairs)), strict=True):
        if place >= len(phases):
            above.remove()
            below.remove()
        elif place % columns == 0:
            _labels(above, below, validation)
    _key(figure, colours, everything)
    return figure


@styled
def trials_learning_figure(
    trials: Mapping[str, Sequence[LearningCurve]], validation: str
) -> Figure:
    """The validation score of each trial's last phase, epoch by epoch; a line a fold.

    A trial that was stopped early has fewer lines. The dot is the epoch whose weights were kept.

    Args:
        trials: a trial's name -> its curves.
        validation: what the values of validation are called.
    """
    figure, axes = grid(len(trials), SMALL_ACROSS, (1.6, 1.35))
    figure.set_figheight(figure.get_figheight() + 0.6)  # for what is written below the panels
    everything = [curve for curves in trials.values() for curve in curves]
    limits, columns = _limits(everything), _columns(axes)
    for place, (panel, (name, curves)) in enumerate(zip(axes, trials.items(), strict=True)):
        panel.set_title(wrapped(name, 24), fontsize=7, fontweight="normal")
        for curve in curves:
            _validation(panel, curve)
        _epochs(panel, 3)
        if limits:
            panel.set_ylim(*limits)
        panel.yaxis.set_major_locator(MaxNLocator(3))
        panel.tick_params(labelsize=7, labelleft=place % columns == 0)
        if place >= len(trials) - (len(trials) % columns or columns):
            panel.set_xlabel("epoch", fontsize=7)
    figure.supylabel(f"validation {validation}", fontsize=8.5)
    _key(figure, {}, everything)
    return figure


def _columns(axes: Sequence[Axes]) -> int:
    """How many panels stand side by side."""
    tops = [panel.get_position().y0 for panel in axes]
    return tops.count(tops[0]) if tops else 1


def _losses(axes: Axes, curve: LearningCurve, colours: Mapping[str, str]) -> None:
    for name, values in _parts(curve).items():
        axes.plot(curve.epochs, values, color=colours[name], linewidth=0.8, marker=_mark(curve))


def _parts(curve: LearningCurve) -> Mapping[str, np.ndarray]:
    """The terms; a loss of one term is drawn once."""
    parts = [name for name in curve.terms if name != "loss"]
    if "loss" in curve.terms and len(parts) == 1:
        return {"loss": curve.terms["loss"]}
    return curve.terms


def _validation(axes: Axes, curve: LearningCurve) -> None:
    """The values that are known, and the chosen epoch's as a dot."""
    colour, known = _fold_colour(curve.fold), np.isfinite(curve.validation)
    epochs, values = curve.epochs[known], curve.validation[known]
    axes.plot(epochs, values, color=colour, linewidth=0.8, marker=_mark(curve), alpha=0.85)
    at_best = epochs == curve.best
    axes.plot(epochs[at_best], values[at_best], "o", color=colour, markersize=4.5)


def _axes(above: Axes, below: Axes, limits: tuple[float, float] | None) -> None:
    for axes in (above, below):
        _epochs(axes, 5)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.grid(axis="y")
    above.tick_params(labelbottom=False)
    below.set_xlabel("epoch")
    below.sharex(above)
    if limits:
        below.set_ylim(*limits)


def _labels(above: Axes, below: Axes, validation: str) -> None:
    above.set_ylabel("training loss")
    below.set_ylabel(f"validation\n{validation}")


def _epochs(axes: Axes, ticks: int) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(ticks, integer=True, min_n_ticks=1))


def _limits(curves: Sequence[LearningCurve]) -> tuple[float, float] | None:
    """What holds every value of validation, with a little room; None where there is none."""
    known = finite(np.concatenate([np.empty(0), *(curve.validation for curve in curves)]))
    if not len(known):
        return None
    low, high = float(known.min()), float(known.max())
    room = 0.06 * (high - low) or 0.05
    return low - room, high + room


def _key(figure: Figure, colours: Mapping[str, str], curves: Sequence[LearningCurve]) -> None:
    lines = [Line2D([], [], color=colour, label=name) for name, colour in colours.items()]
    folds = sorted({curve.fold for curve in curves})
    lines += [
        Line2D([], [], color=_fold_colour(f), marker="o", markersize=4, label=f"fold {f}")
        for f in folds
    ]
    if lines:
        columns = min(8, len(lines), int(figure.get_figwidth()))
        figure.legend(handles=lines, loc="outside lower center", ncols=columns)


def _fold_colour(fold: int) -> str:
    return FOLDS[fold % len(FOLDS)]


def _mark(curve: LearningCurve) -> str:
    """A line through one epoch is not seen, so it is a dot."""
    return "." if len(curve.epochs) == 1 else ""


def _colours(curves: Sequence[LearningCurve]) -> dict[str, str]:
    """Term -> its colour; terms without one get the next other."""
    names = list(dict.fromkeys(name for curve in curves for name in _parts(curve)))
    unknown = [name for name in names if name not in TERMS]
    others = {name: OTHERS[i % len(OTHERS)] for i, name in enumerate(unknown)}
    return {name: TERMS.get(name) or others[name] for name in names}
