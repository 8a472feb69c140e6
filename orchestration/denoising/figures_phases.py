"""How the networks that denoise learned, epoch by epoch: the terms of their losses."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from orchestration.denoising.figures_look import DASHED
from orchestration.evidence.style import (
    INK,
    METHODS,
    MUTED,
    OTHERS,
    grid,
    nothing,
    styled,
    wrapped,
)

TERMS = {  # a term of the loss -> its colour, and what it is called
    "loss": (INK, "loss"),
    "mse": ("#7A5C3E", "error against the clean ECG"),
    "kd": (METHODS["SD+CL"], "error against the teacher's ECG"),
    "at": (METHODS["AT+CL"], "distance of attention maps"),
}
VALIDATION = "validation_"
BESIDE = ("epoch", "seconds")  # columns that are no terms

Epochs = Sequence[Mapping[str, float]]
"""Rows of a curve.csv: "epoch", terms of the training loss, "validation_<term>"."""


@styled
def phases_figure(phases: Mapping[str, Epochs]) -> Figure:
    """Each phase's training loss and its terms, and broken the error on validation patients.

    The dot is the epoch where that is least, whose weights were kept. Scales are logarithmic and
    differ.

    Args:
        phases: a phase's name -> its epochs.
    """
    figure, axes = grid(len(phases), 3, (3.0, 2.5))
    figure.set_figheight(figure.get_figheight() + 0.5)
    seen: dict[str, str] = {}
    for panel, (name, epochs) in zip(axes, phases.items(), strict=True):
        panel.set_title(wrapped(name, 34))
        if not epochs:
            nothing(panel, "no epoch was finished")
            continue
        seen |= _curves(panel, epochs)
        _logarithmic(panel)
        panel.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        panel.set_xlabel("epoch")
        panel.grid(axis="y")
    keys = [Line2D([], [], color=colour, label=_called(term)) for term, colour in seen.items()]
    if keys:
        keys.append(Line2D([], [], color=MUTED, linestyle=DASHED, label="validation"))
        columns = min(len(keys), max(2, int(figure.get_figwidth() / 1.9)))
        figure.legend(handles=keys, loc="outside lower center", ncols=columns)
    return figure


def _logarithmic(axes: Axes) -> None:
    """A logarithmic scale whose numbers are written in full, for no mathematics is typeset."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    steps = (1.0,) if high > 100 * low else (1.0, 2.0, 5.0)
    axes.yaxis.set_major_locator(LogLocator(subs=steps))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _curves(axes: Axes, epochs: Epochs) -> dict[str, str]:
    """Draw every term above 0; gives the terms and their colours."""
    at = np.array([row["epoch"] for row in epochs])
    columns = dict.fromkeys(name for row in epochs for name in row if name not in BESIDE)
    terms = list(dict.fromkeys(name.removeprefix(VALIDATION) for name in columns))
    if {"loss", "mse"} == set(terms):
        terms = ["mse"]  # of one term, which is drawn once
    others = iter(OTHERS * len(terms))
    colours = {term: TERMS[term][0] if term in TERMS else next(others) for term in terms}
    chosen_by = "mse" if "mse" in terms else "loss"
    for term, colour in colours.items():
        look: dict[str, Any] = {"color": colour, "linewidth": 1.0}
        axes.plot(at, _column(epochs, term), marker="." if len(at) == 1 else "", **look)
        checked = _column(epochs, VALIDATION + term)
        known = np.isfinite(checked)
        if term == chosen_by and known.any():
            axes.plot(at[known], checked[known], linestyle=DASHED, **look)
            best = int(np.nanargmin(checked))
            axes.plot(at[best], checked[best], "o", color=colour, markersize=4.5)
    return colours


def _column(epochs: Epochs, name: str) -> np.ndarray:
    """(epochs,), NaN where it is not given or not above 0, which has no logarithm."""
    values = np.array([float(row.get(name, math.nan)) for row in epochs])
    return np.where(values > 0, values, np.nan)


def _called(term: str) -> str:
    return TERMS[term][1] if term in TERMS else term
