"""How well each method did: confusions, a dot a subject, estimates with intervals, gains."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from kd_core.confusion import Confusion
from orchestration.evidence.style import (
    INK,
    MUTED,
    box,
    canvas,
    colours_of,
    finite,
    grid,
    nothing,
    scattered,
    styled,
    wrapped,
)

PALE = 0.35  # opacity of what is worse
BLUES, TINT = "Blues", Normalize(0, 125)  # never so dark that words are lost
PAPER: dict[str, Any] = {"color": "white", "markeredgecolor": INK, "markersize": 5.0}


class Estimate(NamedTuple):
    """A line of a forest plot; NaN where a value is not known."""

    name: str
    """Of the method."""
    value: float
    low: float
    high: float
    """The ends of the interval."""
    floor: float = math.nan
    """What always naming the commonest class scores on the same segments."""
    paper: float = math.nan
    """What the paper reports for the method."""


@styled
def confusion_figure(confusions: Mapping[str, Confusion]) -> Figure:
    """What a method takes each stage of the scorer for, a row a stage: percent, and segments."""
    size = 1.5 + 0.28 * max(len(found.classes) for found in confusions.values())
    figure, axes = grid(len(confusions), 4, (2.25, size))
    for panel, (method, found) in zip(axes, confusions.items(), strict=True):
        _matrix(panel, found)
        panel.set_title(wrapped(method, 26))
    return figure


@styled
def subject_figure(
    scores: Mapping[str, Mapping[str, float]], score: str, floor: float = math.nan
) -> Figure:
    """A dot a subject, a box a method: median, quartiles and whiskers.

    Args:
        scores: method -> subject -> score, NaN where there is none.
        score: what the scores are called.
    """
    figure = canvas(3.8, max(4.0, 1.2 + 1.25 * len(scores)))
    axes, colours = figure.subplots(), colours_of(scores)
    subjects = sorted(set().union(*scores.values()))
    shift = scattered(len(subjects))
    places = np.arange(len(scores), dtype=np.float64)
    table = np.array([[found.get(s, np.nan) for s in subjects] for found in scores.values()])
    for place, method, row in zip(places, scores, table, strict=True):
        axes.scatter(place + shift, row, s=13, color=colours[method], linewidth=0, zorder=2)
        _box(axes, float(place), row)
    _level(axes, floor)
    axes.set_xticks(places, [wrapped(method, 15) for method in scores])
    axes.set_xlim(-0.6, len(scores) - 0.4)
    axes.set_ylabel(score)
    axes.grid(axis="y")
    return figure


@styled
def forest_figure(estimates: Sequence[Estimate], score: str) -> Figure:
    """Each method's score with its 95 % interval.

    A bar is the floor: what always naming the commonest stage scores. A diamond is the paper's
    number, where it reports this score of a method.
    """
    figure = canvas(1.1 + 0.42 * len(estimates))
    axes, colours = figure.subplots(), colours_of(line.name for line in estimates)
    for row, line in enumerate(estimates):
        colour = colours[line.name]
        axes.plot([line.low, line.high], [row, row], color=colour, linewidth=2.2)
        axes.plot(line.value, row, "o", color=colour, markersize=6.5)
        axes.plot(line.paper, row, "D", **PAPER)
        axes.plot(line.floor, row, "|", color=MUTED, markersize=13, markeredgewidth=1.4)
        label = "no result" if math.isnan(line.value) else _words(line)
        axes.annotate(label, (1.01, row), xycoords=axes.get_yaxis_transform(), va="center")
    axes.set_yticks(range(len(estimates)), [wrapped(line.name, 28) for line in estimates])
    axes.set_ylim(len(estimates) - 0.4, -0.6)
    axes.set_xlabel(score)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.plot([], [], "o-", color=MUTED, linewidth=2.2, label="ours, 95 % interval")
    if len(finite([line.paper for line in estimates])):
        axes.plot([], [], "D", label="paper", **PAPER)
    if len(finite([line.floor for line in estimates])):
        axes.plot([], [], "|", color=MUTED, markersize=11, markeredgewidth=1.4, label="floor")
    figure.legend(loc="outside upper right", ncols=3)
    return figure


@styled
def gain_figure(gains: Mapping[str, Mapping[str, float]], score: str, baseline: str) -> Figure:
    """What each subject gains over the baseline: a bar a subject, sorted, a panel a method.

    Bars of subjects who lose are pale.

    Args:
        gains: method -> subject -> its score less the baseline's.
    """
    figure, axes = grid(len(gains), 3, (3.0, 2.3))
    rising = {method: np.sort(finite(list(found.values()))) for method, found in gains.items()}
    reach = max(float(abs(found).max(initial=0.01)) for found in rising.values())
    colours = colours_of(gains)
    for panel, (method, found) in zip(axes, rising.items(), strict=True):
        _sorted_gains(panel, found, 1.1 * reach, colours[method])
        panel.set_title(wrapped(method, 34))
    axes[0].set_ylabel(f"{score}\nless that of {wrapped(baseline, 28)}")
    return figure


def _matrix(axes: Axes, found: Confusion) -> None:
    K = len(found.classes)
    support = found.support[:, None]
    percent = 100 * found.counts / np.where(support == 0, 1, support)
    axes.pcolormesh(np.arange(K + 1) - 0.5, np.arange(K + 1) - 0.5, percent, cmap=BLUES, norm=TINT)
    axes.invert_yaxis()
    for row, column in np.ndindex(K, K):
        share = f"{percent[row, column]:.0f} %" if support[row, 0] else "–"
        words = f"{share}\n{found.counts[row, column]:,}"
        colour = "white" if percent[row, column] > 62 else INK
        axes.text(column, row, words, ha="center", va="center", color=colour, fontsize=7.5)
    axes.set_xticks(range(K), found.classes)
    axes.set_yticks(range(K), found.classes)
    axes.set_xlabel("predicted")
    axes.set_ylabel("scorer")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _box(axes: Axes, place: float, row: np.ndarray) -> None:
    """Quartiles and median over the dots, or a word that there are none."""
    known = finite(row)
    if not len(known):
        axes.annotate("no result", (place, 0.5), xycoords=axes.get_xaxis_transform(), ha="center")
    box(axes, place, known)


def _level(axes: Axes, floor: float) -> None:
    if math.isfinite(floor):
        axes.axhline(floor, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        axes.annotate(
            "floor",
            (1, floor),
            xycoords=axes.get_yaxis_transform(),
            ha="right",
            va="bottom",
            color=MUTED,
        )


def _sorted_gains(axes: Axes, gains: np.ndarray, reach: float, colour: str) -> None:
    if not len(gains):
        nothing(axes, "no subject has both")
        return
    colours = [(colour, 1.0 if gain > 0 else PALE) for gain in gains]
    axes.bar(np.arange(len(gains)), gains, color=colours, width=0.8)
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set_ylim(-reach, reach)
    axes.set_xlim(-0.8, max(len(gains), 4) - 0.2)
    axes.set_xticks([])
    better, median = (gains > 0).sum(), np.median(gains)
    axes.set_xlabel(f"{better} of {len(gains)} subjects gain, median {median:+.3f}")
    axes.grid(axis="y")


def _words(line: Estimate) -> str:
    if math.isnan(line.low):
        return f"{line.value:.3f}"
    return f"{line.value:.3f} [{line.low:.3f}, {line.high:.3f}]"
