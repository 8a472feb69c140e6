"""A hypnogram and a hypnodensity drawn into axes, in hours: of any night, whoever staged it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from orchestration.evidence.style import INK, STAGES

DEPTH = ("W", "R", "N", "L", "N1", "N2", "D", "N3")  # from the top of a hypnogram down


class Pages(NamedTuple):
    """Where the scored pages of a night lie."""

    classes: tuple[str, ...]
    """Names of the K classes."""
    segment: np.ndarray
    """(n,) rising; position of each page, in pages; a gap is unscored time."""
    page_s: float
    """Seconds from page to page."""
    first: int = 0
    """Position that hours count from."""

    @property
    def starts(self) -> np.ndarray:
        """(n,): when each page begins, in hours."""
        hours: np.ndarray = (self.segment - self.first) * (self.page_s / 3600)
        return hours

    @property
    def length(self) -> float:
        """Of a page, in hours."""
        return self.page_s / 3600

    @property
    def runs(self) -> list[np.ndarray]:
        """Indices of pages without a gap between them, run by run."""
        gaps = np.flatnonzero(np.diff(self.segment) > 1) + 1
        return np.split(np.arange(len(self.segment)), gaps)


def from_top(classes: Sequence[str]) -> list[str]:
    """The classes as a hypnogram has them, wake on top, deep sleep at the bottom."""
    return sorted(classes, key=DEPTH.index)


def hypnogram(axes: Axes, pages: Pages, named: np.ndarray) -> None:
    """A step line, broken where nothing is scored, with REM in bold as is custom.

    Args:
        named: (n,) class of each page.
    """
    order = from_top(pages.classes)
    height = -np.array([order.index(name) for name in pages.classes], dtype=np.float64)[named]
    is_rem = named == pages.classes.index("R")
    hours, line = _line(pages, height)
    _, rem = _line(pages, np.where(is_rem, height, np.nan))
    axes.plot(hours, line, drawstyle="steps-post", color=INK, linewidth=0.8)
    bold: dict[str, Any] = {"color": STAGES["R"], "linewidth": 4.0, "solid_capstyle": "butt"}
    axes.plot(hours, rem, drawstyle="steps-post", **bold)
    stage_axis(axes, pages.classes)


def stage_axis(axes: Axes, classes: Sequence[str]) -> None:
    """The axis of a hypnogram: a row a class."""
    order = from_top(classes)
    axes.set_yticks([-float(row) for row in range(len(order))], order)
    axes.set_ylim(0.5 - len(order), 0.5)
    axes.grid(axis="y")


def hypnodensity(axes: Axes, pages: Pages, probabilities: np.ndarray) -> None:
    """Probabilities stacked, the deepest class at the bottom; each class covers those above it.

    Args:
        probabilities: (n, K).
    """
    order = from_top(pages.classes)
    columns = [pages.classes.index(name) for name in order]
    below = probabilities[:, columns[::-1]].cumsum(axis=1)[:, ::-1]  # down to the bottom
    for run in pages.runs:
        start = pages.starts[run]
        end = start[-1] + pages.length
        hours = np.array([start[0], *(start + pages.page_s / 7200), end])
        for name, top in zip(order, below[run].T, strict=True):
            edge = np.array([top[0], *top, top[-1]])
            corners = np.stack([[hours[0], *hours, hours[-1]], [0, *edge, 0]], axis=1)
            axes.fill(*corners.T, color=STAGES[name], linewidth=0)
    probability_axis(axes)


def probability_axis(axes: Axes) -> None:
    """The axis of a hypnodensity."""
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1], ["0", ".5", "1"])
    axes.set_ylabel("probability")


def _line(pages: Pages, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of a step line that ends with its run, and NaN before the next."""
    start, length, runs = pages.starts, pages.length, pages.runs
    hours = [np.array([*start[run], start[run[-1]] + length, np.nan]) for run in runs]
    heights = [np.array([*height[run], height[run[-1]], np.nan]) for run in runs]
    return np.concatenate(hours), np.concatenate(heights)


def share_bottom(axes: Sequence[Axes]) -> None:
    """Panels above one another with one x axis, below the last."""
    for panel in axes[:-1]:
        panel.tick_params(axis="x", bottom=False, labelbottom=False)
        panel.spines["bottom"].set_visible(False)
    for panel in axes:
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
