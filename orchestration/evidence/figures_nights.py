"""Nights as their scorer and methods staged them: hypnograms above hypnodensities."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from orchestration.evidence.hypnogram_axes import (
    Pages,
    from_top,
    hypnodensity,
    hypnogram,
    share_bottom,
)
from orchestration.evidence.staged import StagedNight
from orchestration.evidence.style import FAINT, MUTED, STAGES, canvas, styled, wrapped

HYPNOGRAM_IN, DENSITY_IN, FRAME_IN = 1.05, 0.85, 0.75


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
    hypnogram(axes[0], _pages(first), first.labels)
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
        hypnogram(scorer, _pages(night), night.labels)
        scorer.set_title(f"{which} night, {night.subject}, {night.subset}: scorer")
        _staged(own, density, method, night)
        _hours(axes, night)
    _key(figure, next(iter(nights.values())))
    return figure


def _staged(own: Axes, density: Axes, method: str, night: StagedNight) -> None:
    """A method's hypnogram and, below, its probabilities."""
    _disagreement(own, night)
    hypnogram(own, _pages(night), night.predicted)
    own.set_title(_title(method, night))
    hypnodensity(density, _pages(night), night.probabilities)


def _key(figure: Figure, night: StagedNight) -> None:
    """The colours of the classes."""
    classes = from_top(night.classes)
    figure.legend(
        handles=[Patch(color=STAGES[name], label=name) for name in classes],
        loc="outside lower center",
        ncols=len(classes),
    )


def _disagreement(axes: Axes, night: StagedNight) -> None:
    """Grey bars where the method says what the scorer does not."""
    start, length = _pages(night).starts, night.page_s / 3600
    wrong = night.predicted != night.labels
    bars = [(float(hour), length) for hour in start[wrong]]
    axes.broken_barh(_joined(bars), (-len(night.classes), 2.0 * len(night.classes)), color=FAINT)


def _hours(axes: Sequence[Axes], night: StagedNight) -> None:
    """One x axis, in hours, below all panels."""
    end = float(_pages(night).starts[-1] + night.page_s / 3600)
    axes[-1].set_xlim(0, end)
    axes[-1].set_xlabel("hours from the first scored page")
    if end > 2:
        axes[-1].set_xticks(np.arange(0, end))
    share_bottom(axes)
    for panel in axes:
        panel.spines["bottom"].set_color(MUTED)


def _title(method: str, night: StagedNight) -> str:
    found = night.confusion
    return f"{wrapped(method, 90)}: accuracy {found.accuracy:.2f}, kappa {found.kappa:.2f}"


def _pages(night: StagedNight) -> Pages:
    """Where its pages lie, counted from the first scored one."""
    return Pages(night.classes, night.segment, night.page_s, int(night.segment[0]))


def _joined(bars: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Bars (start, length), those that touch made one."""
    joined: list[tuple[float, float]] = []
    for start, length in bars:
        if joined and np.isclose(sum(joined[-1]), start):
            joined[-1] = (joined[-1][0], start + length - joined[-1][0])
        else:
            joined.append((start, length))
    return joined
