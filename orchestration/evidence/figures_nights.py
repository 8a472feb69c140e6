"""Nights as their scorer and methods staged them: hypnograms above hypnodensities."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from orchestration.evidence.staged import StagedNight
from orchestration.evidence.style import FAINT, INK, MUTED, STAGES, canvas, styled, wrapped

HYPNOGRAM_IN, DENSITY_IN, FRAME_IN = 1.05, 0.85, 0.75
DEPTH = ("W", "R", "N", "L", "N1", "N2", "D", "N3")  # from the top of a hypnogram down


@styled
def night_figure(nights: Mapping[str, StagedNight]) -> Figure:
    """The scorer's hypnogram; below, each method's, and the probabilities that it came from.

    Grey behind a method's hypnogram: pages that it names differently. Unscored time is blank.

    Args:
        nights: method -> the same night of the same subject.
    Source: hypnodensity as in Stephansen et al., Nat Commun 2018;9:5229.
    """
    first = next(iter(nights.values()))
    if {night.subject for night in nights.values()} != {first.subject}:
        found = sorted({night.subject for night in nights.values()})
        raise ValueError(f"a night figure shows one subject, not {found}. Draw one for each.")
    heights = [HYPNOGRAM_IN, *([HYPNOGRAM_IN, DENSITY_IN] * len(nights))]
    figure = canvas(sum(heights) + FRAME_IN)
    panels = figure.subplots(len(heights), sharex=True, height_ratios=heights, squeeze=False)
    axes: list[Axes] = list(panels.flat)
    _hypnogram(axes[0], first, first.labels)
    axes[0].set_title(f"{first.subject}, {first.subset}: scorer")
    for index, (method, night) in enumerate(nights.items()):
        _staged(axes[1 + 2 * index], axes[2 + 2 * index], method, night)
    _hours(axes, first)
    _key(figure, first)
    return figure


@styled
def nights_figure(nights: Mapping[str, StagedNight], method: str) -> Figure:
    """Nights of one method: the scorer's hypnogram, the method's, the probabilities behind it.

    Grey behind the method's hypnogram: pages that it names differently. Unscored time is blank.
    Best, median and worst are by this method's own kappa.

    Args:
        nights: what is said of a night, as "best" -> the night.
    """
    heights = [HYPNOGRAM_IN, HYPNOGRAM_IN, DENSITY_IN]
    figure = canvas((sum(heights) + FRAME_IN) * len(nights))
    panels = figure.subplots(3 * len(nights), height_ratios=heights * len(nights))
    for (which, night), axes in zip(nights.items(), panels.reshape(-1, 3), strict=True):
        scorer, own, density = axes
        own.sharex(scorer)
        density.sharex(scorer)
        _hypnogram(scorer, night, night.labels)
        scorer.set_title(f"{which} night, {night.subject}, {night.subset}: scorer")
        _staged(own, density, method, night)
        _hours(axes, night)
    _key(figure, next(iter(nights.values())))
    return figure


def _staged(own: Axes, density: Axes, method: str, night: StagedNight) -> None:
    """A method's hypnogram and, below, its probabilities."""
    _disagreement(own, night)
    _hypnogram(own, night, night.predicted)
    own.set_title(_title(method, night))
    _hypnodensity(density, night)


def _key(figure: Figure, night: StagedNight) -> None:
    """The colours of the classes."""
    classes = _from_top(night.classes)
    figure.legend(
        handles=[Patch(color=STAGES[name], label=name) for name in classes],
        loc="outside lower center",
        ncols=len(classes),
    )


def _hypnogram(axes: Axes, night: StagedNight, named: np.ndarray) -> None:
    """A step line, broken where nothing is scored, with REM in bold as is custom."""
    order = _from_top(night.classes)
    height = -np.array([order.index(name) for name in night.classes], dtype=np.float64)[named]
    is_rem = named == night.classes.index("R")
    hours, line = _line(night, height)
    _, rem = _line(night, np.where(is_rem, height, np.nan))
    axes.plot(hours, line, drawstyle="steps-post", color=INK, linewidth=0.8)
    bold: dict[str, Any] = {"color": STAGES["R"], "linewidth": 4.0, "solid_capstyle": "butt"}
    axes.plot(hours, rem, drawstyle="steps-post", **bold)
    axes.set_yticks([-float(row) for row in range(len(order))], order)
    axes.set_ylim(0.5 - len(order), 0.5)
    axes.grid(axis="y")


def _disagreement(axes: Axes, night: StagedNight) -> None:
    """Grey bars where the method says what the scorer does not."""
    start, length = _starts(night), night.page_s / 3600
    wrong = night.predicted != night.labels
    bars = [(float(hour), length) for hour in start[wrong]]
    axes.broken_barh(_joined(bars), (-len(night.classes), 2.0 * len(night.classes)), color=FAINT)


def _hypnodensity(axes: Axes, night: StagedNight) -> None:
    """Probabilities stacked, the deepest class at the bottom; each class covers those above it."""
    order = _from_top(night.classes)
    columns = [night.classes.index(name) for name in order]
    below = night.probabilities[:, columns[::-1]].cumsum(axis=1)[:, ::-1]  # down to the bottom
    for run in _runs(night):
        start = _starts(night)[run]
        end = start[-1] + night.page_s / 3600
        hours = np.array([start[0], *(start + night.page_s / 7200), end])
        for name, top in zip(order, below[run].T, strict=True):
            edge = np.array([top[0], *top, top[-1]])
            corners = np.stack([[hours[0], *hours, hours[-1]], [0, *edge, 0]], axis=1)
            axes.fill(*corners.T, color=STAGES[name], linewidth=0)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1], ["0", ".5", "1"])
    axes.set_ylabel("probability")


def _hours(axes: Sequence[Axes], night: StagedNight) -> None:
    """One x axis, in hours, below all panels."""
    end = float(_starts(night)[-1] + night.page_s / 3600)
    axes[-1].set_xlim(0, end)
    axes[-1].set_xlabel("hours from the first scored page")
    if end > 2:
        axes[-1].set_xticks(np.arange(0, end))
    for panel in axes[:-1]:
        panel.tick_params(axis="x", bottom=False, labelbottom=False)
        panel.spines["bottom"].set_visible(False)
    for panel in axes:
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
        panel.spines["bottom"].set_color(MUTED)


def _title(method: str, night: StagedNight) -> str:
    found = night.confusion
    return f"{wrapped(method, 90)}: accuracy {found.accuracy:.2f}, kappa {found.kappa:.2f}"


def _from_top(classes: Sequence[str]) -> list[str]:
    """The classes as a hypnogram has them, wake on top, deep sleep at the bottom."""
    return sorted(classes, key=DEPTH.index)


def _starts(night: StagedNight) -> np.ndarray:
    """(n,): when each page begins, in hours from the first."""
    hours: np.ndarray = (night.segment - night.segment[0]) * (night.page_s / 3600)
    return hours


def _runs(night: StagedNight) -> list[np.ndarray]:
    """Indices of pages without a gap between them, run by run."""
    gaps = np.flatnonzero(np.diff(night.segment) > 1) + 1
    return np.split(np.arange(len(night.segment)), gaps)


def _line(night: StagedNight, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of a step line that ends with its run, and NaN before the next."""
    start, length = _starts(night), night.page_s / 3600
    hours = [np.array([*start[run], start[run[-1]] + length, np.nan]) for run in _runs(night)]
    heights = [np.array([*height[run], height[run[-1]], np.nan]) for run in _runs(night)]
    return np.concatenate(hours), np.concatenate(heights)


def _joined(bars: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Bars (start, length), those that touch made one."""
    joined: list[tuple[float, float]] = []
    for start, length in bars:
        if joined and np.isclose(sum(joined[-1]), start):
            joined[-1] = (joined[-1][0], start + length - joined[-1][0])
        else:
            joined.append((start, length))
    return joined
