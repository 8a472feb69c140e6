"""Bland-Altman plots: whether a method's clinical numbers can stand in for the scorer's."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestration.evidence.agreement import Agreement, Interval, agreement
from orchestration.evidence.style import INK, MUTED, STAGES, grid, nothing, styled, wrapped

BIAS, LIMITS, DOTS = STAGES["R"], MUTED, STAGES["N2"]


@styled
def bland_altman_figure(pairs: Mapping[str, tuple[np.ndarray, np.ndarray]], whole: str) -> Figure:
    """Bland-Altman plots, a dot a night: red is the bias, dashed are the limits of agreement.

    Bands are their 95 % confidence intervals. Where differences follow the size, limits do not
    describe them and are left out.

    Args:
        pairs: what a panel shows -> the scorer's and the method's number of each night, (n,)
            each, NaN where there is none.
        whole: what all panels share: a method, or a number with its unit.
    Source: Bland & Altman, Stat Methods Med Res 1999;8:135-160.
    """
    figure, axes = grid(len(pairs), 3, (3.0, 2.5))
    for panel, (what, (true, predicted)) in zip(axes, pairs.items(), strict=True):
        panel.set_title(wrapped(what, 36))
        _panel(panel, np.asarray(true, np.float64), np.asarray(predicted, np.float64))
    figure.suptitle(whole, x=0.01, ha="left", fontsize="medium", fontweight="bold")
    figure.supxlabel("mean of scorer and method", fontsize="medium")
    figure.supylabel("method − scorer", fontsize="medium")
    return figure


def _panel(axes: Axes, true: np.ndarray, predicted: np.ndarray) -> None:
    found = agreement(true, predicted)
    if not found.n:
        nothing(axes, "no night has both")
        return
    difference, mean = predicted - true, (predicted + true) / 2
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.scatter(mean, difference, s=15, color=DOTS, alpha=0.8, linewidth=0, zorder=3)
    axes.margins(x=0.08, y=0.3 if found.trending else 0.18)
    if np.isfinite(found.bias):
        _line(axes, found.bias, found.bias_ci, BIAS, "-")
        levels = [(found.bias, BIAS)]
        if not found.trending:
            _line(axes, found.low, found.low_ci, LIMITS, (0, (4, 3)))
            _line(axes, found.high, found.high_ci, LIMITS, (0, (4, 3)))
            levels += [(found.low, INK), (found.high, INK)]
        _numbers(axes, levels)
    axes.annotate(_words(found), (0.02, 0.98), xycoords="axes fraction", va="top", fontsize=7)


def _line(
    axes: Axes,
    level: float,
    interval: Interval,
    colour: str,
    dashes: str | tuple[int, tuple[int, int]],
) -> None:
    """A level and, as a band, its confidence interval."""
    axes.axhspan(*interval, color=colour, alpha=0.12, linewidth=0)
    axes.axhline(level, color=colour, linewidth=1.1, linestyle=dashes)


def _numbers(axes: Axes, levels: Sequence[tuple[float, str]]) -> None:
    """Levels and their colours: their values, at the right end of their lines."""
    for level, colour in levels:
        axes.annotate(
            f"{level:+.1f}",
            (1.01, level),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            color=colour,
            fontsize=7,
        )


def _words(found: Agreement) -> str:
    """How many nights; how often one is missing; the correlations."""
    words = f"n = {found.n}" + (f", {found.dropped} without" if found.dropped else "")
    if np.isfinite(found.icc):
        words += f", ICC {found.icc:.2f}"
    if np.isfinite(found.trend):
        words += f", trend r {found.trend:+.2f}"
    if found.trending:
        words += "\nno limits: differences follow the size"
    return words
