"""What distillation does to features, all segments counted: layer by layer, before and after."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from orchestration.evidence.likeness import ALL, GAINED, LOST
from orchestration.evidence.likeness_view import SIDES, Pooled
from orchestration.evidence.style import MUTED, canvas, colours_of, styled, wrapped

BASELINE = "ECG baseline"
DOT: Any = {"marker": "o", "linestyle": "none", "markersize": 5}
MEASURES = {  # what is drawn of Measures, and what it is called
    "cosine": "cosine with the teacher's attention map",
    "unbiased_cka": "linear CKA with the teacher, unbiased",
}


@styled
def likeness_figure(found: Sequence[Pooled], name: str) -> Figure:
    """Likeness to the teacher layer by layer, before and after distillation, for each case.

    Cosine: of the attention maps of the windows that segments lie in, mean over segments, with
    95 % intervals over people; unrelated maps are far from 0, so compare before with after. CKA:
    of the channels' means over segments, mean over folds, a small dot a fold; unrelated features
    are at 0. In the first two cases the last layers differ by choice: segments were chosen by who
    is right, and so is the teacher mostly. Only all segments show what distillation did.

    Args:
        found: of all folds together.
        name: what the student is called.
    """
    layers = list(dict.fromkeys(one.layer for one in found))
    figure = canvas(1.5 + 0.36 * max(4, len(layers)))
    colours = list(colours_of([BASELINE, name]).values())
    panels = figure.subplots(len(MEASURES), 3, sharex="row", sharey=True, squeeze=False)
    for row, measure in zip(panels, MEASURES, strict=True):
        for axes, case in zip(row, (GAINED, LOST, ALL), strict=True):
            _panel(axes, [one for one in found if one.case == case], layers, measure, colours)
    for axes, case in zip(panels[0], (GAINED, LOST, ALL), strict=True):
        segments = max((one.segments for one in found if one.case == case), default=0)
        axes.set_title(f"{case} (n = {segments})")
    dots = (f"{BASELINE} (before)", f"{wrapped(name, 60)} (after)")
    figure.legend(
        handles=[
            Line2D([], [], color=c, label=said, **DOT)
            for said, c in zip(dots, colours, strict=True)
        ],
        loc="outside lower center",
        ncols=2,
    )
    return figure


def _panel(
    axes: Axes,
    found: Sequence[Pooled],
    layers: Sequence[str],
    measure: str,
    colours: Sequence[str],
) -> None:
    """Before, and below it after, for each layer."""
    for one in found:
        place = layers.index(one.layer)
        if np.isnan([one.value(measure, side) for side in SIDES]).any():
            axes.text(
                0.02,
                place,
                "not defined",
                va="center",
                color=MUTED,
                fontsize="small",
                transform=axes.get_yaxis_transform(),
            )
            continue
        for side, aside, colour in zip(SIDES, (-0.17, 0.17), colours, strict=True):
            _sure(axes, one, measure, side, place + aside, colour)
            axes.plot(one.value(measure, side), place + aside, color=colour, **DOT)
    axes.set_yticks(range(len(layers)), layers)
    axes.set_ylim(len(layers) - 0.4, -0.6)
    axes.set_xlabel(MEASURES[measure])
    axes.tick_params(axis="y", length=0)
    axes.grid()


def _sure(axes: Axes, one: Pooled, measure: str, side: str, place: float, colour: str) -> None:
    """An interval over people, or what each fold has."""
    if measure == "cosine":
        ends = one.cosines[side][1:]
        axes.plot(ends, [place, place], color=colour, linewidth=1.4)
    else:
        folds = one.each(measure, side)
        axes.plot(folds, np.full(len(folds), place), ".", color=colour, markersize=3.5, alpha=0.6)
