"""Two segments to look at: bottleneck features of teacher, baseline and distilled student.

Source: Fig. 2 of arXiv:2112.07252, with segments picked by rule.
Differs: heat maps of the whole window, the segment marked, because the bottleneck of a network
that pools over minutes has a position or two a segment.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from orchestration.evidence.likeness import ROLES
from orchestration.evidence.picked import CASES, Pick
from orchestration.evidence.style import (
    INK,
    canvas,
    nothing,
    styled,
    wrapped,
)

FINEST = 160  # rows or columns of a heat map; neighbours are averaged until it has no more
DARKEST = 99.5  # percentile of a network's features that has the darkest colour
MAP = "BuPu"
SEGMENT_S = 30
TEACHER, SEGMENT = "#C3CDD6", "#F29E2E"  # of no method and of no stage


@styled
def bottleneck_figure(
    picks: Mapping[str, Pick], classes: Sequence[str], names: Mapping[str, str]
) -> Figure:
    """Bottleneck features of three networks for one segment of each case.

    The segment is the one whose true class changed most in probability from baseline to student:
    the most extreme of its case, not a typical one.

    A heat map has a row a channel, the most active on top, coloured by how far it is from its own
    median, relative to the network's farthest: channels of different networks have nothing in
    common but that. Below: energy over the channels, the attention map (arXiv:2112.07252, Eq. 3).

    Args:
        picks: case -> its segment.
        names: role -> what the network is called.
    """
    figure = canvas(6.4)
    figure.legend(
        handles=[
            Line2D([], [], color=INK, label="this network"),
            Patch(color=TEACHER, label=wrapped(names["teacher"], 30)),
            Line2D([], [], color=SEGMENT, label="the segment"),
        ],
        loc="outside lower center",
        ncols=3,
    )
    parts = figure.subfigures(len(CASES), squeeze=False)
    for part, case in zip(parts.flat, CASES, strict=True):
        if case in picks:
            _case(part, picks[case], classes, names)
        else:
            nothing(part.subplots(), f"{case}: no segment")
    return figure


def _case(part: SubFigure, pick: Pick, classes: Sequence[str], names: Mapping[str, str]) -> None:
    """One row: a heat map and a line for each network."""
    where = f"{pick.subject}, page {pick.segment} from the first"
    part.suptitle(
        f"{pick.case.capitalize()}: {where}, scored {classes[pick.label]}",
        x=0.01,
        ha="left",
        fontsize="large",
        fontweight="bold",
    )
    panels = part.subplots(2, len(ROLES), height_ratios=(3, 1), sharex=True)
    teacher = _energy(pick.maps["teacher"])
    for (heat, line), role in zip(panels.T, ROLES, strict=True):
        heat.set_title(_title(pick, classes, role, names[role]))
        _heat(heat, pick, role)
        _curve(line, pick, _energy(pick.maps[role]), teacher if role != "teacher" else None)
    panels[0, 0].set_ylabel("channels, by activity")
    panels[1, 0].set_ylabel("energy")


def _title(pick: Pick, classes: Sequence[str], role: str, name: str) -> str:
    """The network, what it says of the segment, and how sure it is of the true class."""
    said = pick.probabilities[role]
    named = int(np.argmax(said))
    verdict = "right" if named == pick.label else "wrong"
    sure = f"p({classes[pick.label]}) = {said[pick.label]:.2f}"
    return f"{wrapped(name, 38)}\nsays {classes[named]}, {verdict}; {sure}"


def _heat(axes: Axes, pick: Pick, role: str) -> None:
    """Channels by time."""
    features = pick.maps[role]
    moved = np.abs(features - np.median(features, axis=1, keepdims=True))
    ordered = moved[np.argsort(-moved.mean(axis=1), kind="stable")]
    drawn = _thinned(_thinned(ordered).T).T
    top = float(np.percentile(drawn, DARKEST)) or float(drawn.max())
    if not top:
        nothing(axes, "the same at all times")
        return
    left, right = _edges(pick)
    axes.imshow(
        drawn / top,
        aspect="auto",
        cmap=MAP,
        vmin=0,
        vmax=1,
        interpolation="none",
        clip_on=False,  # it fills its axes; the name of a clip would differ from run to run
        extent=(left, right, len(features) + 0.5, 0.5),
    )
    axes.set_yticks(sorted({1, len(features)}))
    _mark(axes, pick)


def _curve(axes: Axes, pick: Pick, own: np.ndarray, teacher: np.ndarray | None) -> None:
    """Energy over time, relative to its maximum."""
    left, right = _edges(pick)
    for values, colour in ((teacher, TEACHER), (own, INK)):
        if values is not None:
            edges = np.linspace(left, right, len(values) + 1)
            axes.stairs(values, edges, color=colour, linewidth=1.0, fill=colour == TEACHER)
    axes.set_ylim(0, 1.05)
    axes.set_yticks([0, 1])
    axes.set_xlabel("seconds" if pick.of == 1 else "segments from this one")
    _mark(axes, pick)


def _mark(axes: Axes, pick: Pick) -> None:
    """Where in its window the segment lies."""
    if pick.of > 1:
        for edge in (0, 1):
            axes.axvline(edge, color=SEGMENT, linewidth=0.9)


def _edges(pick: Pick) -> tuple[float, float]:
    """Of the window: seconds if it is one segment, else segments from the picked one."""
    return (0, SEGMENT_S) if pick.of == 1 else (-pick.within, pick.of - pick.within)


def _energy(features: np.ndarray) -> np.ndarray:
    """(C, L) -> (L,): sum of squares over the channels, at most 1."""
    energy = _thinned(np.square(features).sum(axis=0, keepdims=True))[0]
    found: np.ndarray = energy / (energy.max() or 1.0)
    return found


def _thinned(values: np.ndarray) -> np.ndarray:
    """(C, L) -> (C, at most FINEST): means of neighbours."""
    length = values.shape[1]
    if length <= FINEST:
        return values
    starts = np.linspace(0, length, FINEST, endpoint=False).astype(int)
    found: np.ndarray = np.add.reduceat(values, starts, axis=1) / np.diff([*starts, length])
    return found
