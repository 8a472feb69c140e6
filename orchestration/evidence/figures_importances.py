"""Which of the searched parameters matters how much."""

from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from orchestration.evidence.style import INK, METHODS, canvas, nothing, styled

SURE, UNSURE = METHODS["SD+CL"], "#C9D6E2"


class Importance(NamedTuple):
    """How much a parameter decides whether a trial is among the best."""

    parameter: str
    share: float
    """Of the importances of all parameters, which add up to 1."""
    chance: float
    """What 95 % of searches whose scores are dealt out at random stay below, in the same unit."""
    trials: int
    """Trials that have the parameter."""


class Importances(NamedTuple):
    """The parameters of a search, the most important first."""

    found: tuple[Importance, ...]
    trials: int
    """Trials that they rest on."""
    best: int
    """How many of these count as the best."""
    why: str = ""
    """Why there are none."""


@styled
def importance_figure(importances: Importances) -> Figure:
    """How much each parameter tells the best trials from all trials, as a share of the whole.

    The best are a quarter of the trials, at least five, by their scores over the folds that all
    trials did; one that failed is left out. A parameter that only some methods have is judged
    among their trials. The line is what chance reaches in one search of twenty: scores dealt out
    anew, without regard that the search learned from them; a pale bar does not pass it. By
    conditional PED-ANOVA (arXiv:2304.10255, arXiv:2601.20800).
    """
    found = importances.found
    figure = canvas(1.3 + 0.36 * max(2, len(found)), 7.0)
    axes = figure.subplots()
    if not found:
        nothing(axes, importances.why or "no parameter was varied")
        return figure
    for place, each in enumerate(found):
        colour = SURE if each.share > each.chance else UNSURE
        axes.barh(place, each.share, 0.6, color=colour)
        axes.plot([each.chance] * 2, [place - 0.4, place + 0.4], color=INK, linewidth=1.4)
        words = f"{100 * each.share:.0f} %, {each.trials} trials"
        right: Any = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(words, (max(each.share, each.chance), place), **right)
    axes.set_yticks(range(len(found)), [_title(each.parameter) for each in found])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.3 * max(max(each.share, each.chance) for each in found))
    axes.set_xlabel("share of importance")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    key = [
        Patch(color=SURE, label="more than chance"),
        Patch(color=UNSURE, label="not surely more"),
        Line2D([], [], color=INK, linewidth=1.4, label="chance"),
    ]
    figure.legend(handles=key, loc="outside lower center", ncols=3)
    axes.set_title(f"{importances.trials} trials, {importances.best} of them the best")
    return figure


def _title(parameter: str) -> str:
    return "layer set" if parameter == "layers" else parameter
