"""Whether probabilities can be trusted: reliability diagrams, ROC and precision-recall curves."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestration.evidence.calibration import Curve, Reliability
from orchestration.evidence.style import (
    FAINT,
    INK,
    MUTED,
    STAGES,
    canvas,
    colours_of,
    grid,
    nothing,
    styled,
    wrapped,
)

Place = Literal["lower right", "best"]
TICKS, NAMES = [0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"]
COLUMNS = 4
PALE = (1.0, 1.0, 1.0, 0.6)  # below hatching, which dark bars would hide


@styled
def reliability_figure(found: Mapping[str, Reliability]) -> Figure:
    """How often a method is right, over how sure it is; below, how often it is so sure.

    On the dashed line it is as often right as it promises; hatched is the gap.

    Source: Guo et al., ICML 2017, arXiv:1706.04599, Fig. 1.
    """
    columns, colours = max(3, min(COLUMNS, len(found))), colours_of(found)
    rows = [list(found)[start : start + columns] for start in range(0, len(found), columns)]
    figure = canvas(3.3 * len(rows))
    axes = figure.subplots(2 * len(rows), columns, height_ratios=[3, 1] * len(rows))
    for above, below, methods in zip(axes[::2], axes[1::2], rows, strict=True):
        for spare in (*above[len(methods) :], *below[len(methods) :]):
            spare.remove()
        for index, method in enumerate(methods):
            above[index].set_title(wrapped(method, 24))
            _reliability(above[index], found[method], colours[method])
            _confidences(below[index], found[method])
        above[0].set_ylabel("accuracy")
        below[0].set_ylabel("% of segments")
    return figure


@styled
def roc_figure(curves: Mapping[str, Sequence[Curve]], classes: Sequence[str]) -> Figure:
    """ROC curves: each stage against the rest, a panel a method, with the area under each curve.

    Args:
        curves: method -> a Curve a class; one without points is said to have none.
    """
    figure, axes = grid(len(curves), COLUMNS, (2.25, 2.5))
    for panel, (method, of_class) in zip(axes, curves.items(), strict=True):
        panel.plot([0, 1], [0, 1], color=MUTED, linewidth=0.7, linestyle=(0, (4, 3)))
        _curves(panel, of_class, classes, "lower right")
        panel.set_title(wrapped(method, 26))
        panel.set_xlabel("false positive rate")
    axes[0].set_ylabel("true positive rate")
    return figure


@styled
def precision_recall_figure(
    curves: Mapping[str, Sequence[Curve]], classes: Sequence[str], prevalence: Sequence[float]
) -> Figure:
    """Precision and recall of each stage against the rest, with average precision.

    Dashed is the precision of guessing.

    Args:
        curves: method -> a Curve a class; one without points is said to have none.
        prevalence: share of segments of each class: the precision of guessing.
    """
    figure, axes = grid(len(curves), COLUMNS, (2.25, 2.5))
    for panel, (method, of_class) in zip(axes, curves.items(), strict=True):
        for name, share in zip(classes, prevalence, strict=True):
            panel.axhline(share, color=STAGES[name], linewidth=0.7, linestyle=(0, (4, 3)))
        _curves(panel, of_class, classes, "best")
        panel.set_title(wrapped(method, 26))
        panel.set_xlabel("recall")
    axes[0].set_ylabel("precision")
    return figure


def _reliability(axes: Axes, bins: Reliability, colour: str) -> None:
    """Accuracy of each bin as a bar, and hatched what it lacks or exceeds its confidence by."""
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.7, linestyle=(0, (4, 3)))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xticks(TICKS, [""] * len(TICKS))
    axes.set_yticks(TICKS, NAMES)
    full = bins.counts > 0
    if not full.any():
        nothing(axes, "no segments")
        return
    x, accuracy, gap = (v[full] for v in (bins.centre, bins.accuracy, bins.confidence))
    axes.bar(x, accuracy, width=_width(bins), color=colour, edgecolor="white", linewidth=0.5)
    low, high = np.minimum(accuracy, gap), np.maximum(accuracy, gap)
    bars = axes.bar(x, high - low, bottom=low, width=_width(bins), color=PALE, edgecolor=INK)
    for bar in bars:
        bar.set(hatch="/////", linewidth=0.6)


def _confidences(axes: Axes, bins: Reliability) -> None:
    """How often the method was how sure."""
    percent = 100 * bins.counts / max(1, bins.counts.sum())
    axes.bar(bins.centre, percent, width=_width(bins), color=FAINT, edgecolor=MUTED, linewidth=0.5)
    axes.set_xlim(0, 1)
    axes.set_xticks(TICKS, NAMES)
    axes.set_xlabel("confidence")


def _curves(axes: Axes, of_class: Sequence[Curve], classes: Sequence[str], place: Place) -> None:
    for name, curve in zip(classes, of_class, strict=True):
        area = f"{name} {curve.area:.2f}" if math.isfinite(curve.area) else f"{name} none"
        axes.plot(curve.x, curve.y, color=STAGES[name], linewidth=1.5, label=area)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xticks(TICKS, NAMES)
    axes.set_yticks(TICKS, NAMES)
    key = axes.legend(
        loc=place,
        labelcolor=INK,
        handlelength=1.2,
        frameon=True,
        framealpha=0.8,
        facecolor="white",
    )
    key.get_frame().set_linewidth(0)


def _width(bins: Reliability) -> float:
    return 1 / len(bins.centre)
