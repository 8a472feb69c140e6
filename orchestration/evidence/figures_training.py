"""What each phase learned, epoch by epoch."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from orchestration.evidence.style import (
    INK,
    MUTED,
    OTHERS,
    STAGES,
    grid,
    nothing,
    styled,
    wrapped,
)

TERMS = {"loss": INK, "ce": "#3C93D8", "kd": "#E0A21B", "at": "#6A2280"}
VALIDATION = STAGES["R"]


class LearningCurve(NamedTuple):
    """A phase's curve.csv."""

    name: str
    """Of the phase and its fold."""
    epochs: np.ndarray
    """(n,), from 1."""
    terms: Mapping[str, np.ndarray]
    """Terms of the training loss, (n,) each: "loss", "ce", "kd", "at"."""
    validation: np.ndarray
    """(n,), what the phase was selected by; NaN where it was not validated."""
    best: int | None
    """The epoch whose weights were kept."""


@styled
def learning_figure(curves: Sequence[LearningCurve], validation: str) -> Figure:
    """A panel a phase: loss terms, the validation score by the right axis, the best epoch.

    Args:
        validation: what the values of validation are called.
    """
    figure, axes = grid(len(curves), 3, (3.0, 2.2))
    colours = _colours(curves)
    for panel, curve in zip(axes, curves, strict=True):
        panel.set_title(wrapped(curve.name, 32))
        if len(curve.epochs):
            _panel(panel, curve, colours)
        else:
            nothing(panel, "no epoch was finished")
    lines = [Line2D([], [], color=colour, label=name) for name, colour in colours.items()]
    dots: dict[str, Any] = {"marker": "o", "markersize": 3, "linewidth": 1.2}
    lines.append(
        Line2D([], [], color=VALIDATION, label=f"validation {validation} (right)", **dots)
    )
    figure.legend(handles=lines, loc="outside lower center", ncols=len(lines))
    return figure


def _panel(axes: Axes, curve: LearningCurve, colours: Mapping[str, str]) -> None:
    for name, values in curve.terms.items():
        axes.plot(curve.epochs, values, color=colours[name], linewidth=1.0, marker=_mark(curve))
    axes.set_xlabel("epoch")
    axes.set_xlim(curve.epochs[0] - 0.6, curve.epochs[-1] + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    right = axes.twinx()
    right.spines["right"].set_visible(True)
    right.spines["right"].set_color(VALIDATION)
    right.tick_params(axis="y", colors=VALIDATION, labelcolor=VALIDATION)
    known = np.isfinite(curve.validation)
    right.plot(curve.epochs[known], curve.validation[known], "o-", color=VALIDATION, markersize=2)
    if curve.best is not None:
        axes.axvline(curve.best, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
        at_best = known & (curve.epochs == curve.best)
        right.plot(
            curve.epochs[at_best], curve.validation[at_best], "o", color=VALIDATION, markersize=6
        )


def _mark(curve: LearningCurve) -> str:
    """A line through one epoch is not seen, so it is a dot."""
    return "." if len(curve.epochs) == 1 else ""


def _colours(curves: Sequence[LearningCurve]) -> dict[str, str]:
    """Term -> its colour; terms without one get the next other."""
    names = list(dict.fromkeys(name for curve in curves for name in curve.terms))
    unknown = [name for name in names if name not in TERMS]
    others = {name: OTHERS[i % len(OTHERS)] for i, name in enumerate(unknown)}
    return {name: TERMS.get(name) or others[name] for name in names}
