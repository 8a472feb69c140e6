"""What distillation does to features, all segments counted: layer by layer, before and after."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from orchestration.evidence.likeness import ALL, GAINED, LOST, Likeness, Measures
from orchestration.evidence.style import METHODS, MUTED, canvas, styled, wrapped

BEFORE, AFTER = METHODS["ECG baseline"], METHODS["Best found"]
DOT: Any = {"marker": "o", "linestyle": "none", "markersize": 5}
MEASURES = {  # what is drawn of Measures, and what it is called
    "cosine": "cosine with the teacher's attention map",
    "unbiased_cka": "linear CKA with the teacher, unbiased",
}


@styled
def likeness_figure(found: Sequence[Likeness], name: str) -> Figure:
    """Likeness to the teacher layer by layer, before and after distillation, for each case.

    Cosine: of the attention maps within a segment, mean over segments; unrelated maps are far
    from 0, so compare before with after; a map of one position has none. CKA: of the channels'
    means over segments, mean over folds; unrelated features are at 0. In the first two cases the
    last layers differ by choice: segments were chosen by who is right, and so is the teacher
    mostly. Only all segments show what distillation did.

    Args:
        found: of all folds together.
        name: what the student is called.
    """
    layers = list(dict.fromkeys(one.layer for one in found))
    figure = canvas(1.5 + 0.36 * max(4, len(layers)))
    panels = figure.subplots(len(MEASURES), 3, sharex="row", sharey=True, squeeze=False)
    for row, measure in zip(panels, MEASURES, strict=True):
        for axes, case in zip(row, (GAINED, LOST, ALL), strict=True):
            _panel(axes, [one for one in found if one.case == case], layers, measure)
    for axes, case in zip(panels[0], (GAINED, LOST, ALL), strict=True):
        segments = max((one.segments for one in found if one.case == case), default=0)
        axes.set_title(f"{case} (n = {segments})")
    dots = {"ECG baseline (before)": BEFORE, f"{wrapped(name, 60)} (after)": AFTER}
    figure.legend(
        handles=[Line2D([], [], color=c, label=said, **DOT) for said, c in dots.items()],
        loc="outside lower center",
        ncols=2,
    )
    return figure


def _panel(axes: Axes, found: Sequence[Likeness], layers: Sequence[str], measure: str) -> None:
    """A line from before to after for each layer."""
    for one in found:
        before, after = (_value(side, measure) for side in (one.before, one.after))
        place = layers.index(one.layer)
        if np.isnan([before, after]).any():
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
        axes.plot([before, after], [place, place], color=AFTER, linewidth=1.2, alpha=0.5)
        axes.plot(before, place, color=BEFORE, **DOT)
        axes.plot(after, place, color=AFTER, **DOT)
    axes.set_yticks(range(len(layers)), layers)
    axes.set_ylim(len(layers) - 0.4, -0.6)
    axes.set_xlabel(MEASURES[measure])
    axes.tick_params(axis="y", length=0)
    axes.grid()


def _value(side: Measures, measure: str) -> float:
    value = getattr(side, measure)
    return float("nan") if value is None else float(value)
