"""What training anew under another seed moves, beside what methods differ by."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from orchestration.evidence.style import (
    INK,
    MUTED,
    canvas,
    colours_of,
    finite,
    nothing,
    scattered,
    styled,
    wrapped,
)


@styled
def seed_figure(scores: Mapping[str, Mapping[int, float]], score: str) -> Figure:
    """A dot a seed, a line of dots a method; an upright bar marks the mean over seeds.

    Args:
        scores: method -> seed -> score, NaN where there is none.
        score: what the scores are called.
    """
    figure = canvas(1.1 + 0.42 * max(2, len(scores)))
    axes, colours = figure.subplots(), colours_of(scores)
    if not scores:
        nothing(axes, "no method has a result under two seeds")
        return figure
    for place, (method, by_seed) in enumerate(scores.items()):
        found = finite([by_seed[seed] for seed in sorted(by_seed)])
        beside = place + scattered(len(found))
        axes.scatter(found, beside, s=22, color=colours[method], linewidth=0, zorder=2)
        if len(found):
            axes.plot(found.mean(), place, "|", color=INK, markersize=17, markeredgewidth=1.6)
        beyond = axes.get_yaxis_transform()
        axes.annotate(_words(found), (1.01, place), xycoords=beyond, va="center")
    axes.set_yticks(range(len(scores)), [wrapped(method, 28) for method in scores])
    axes.set_ylim(len(scores) - 0.4, -0.6)
    axes.set_xlabel(score)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.plot([], [], "o", color=MUTED, markersize=5, label="a seed")
    axes.plot([], [], "|", color=INK, markersize=11, markeredgewidth=1.6, label="mean over seeds")
    figure.legend(loc="outside upper right", ncols=2)
    return figure


def _words(found: np.ndarray) -> str:
    """Mean, sd over seeds and how many there are."""
    if not len(found):
        return "no result"
    spread = f" ± {found.std(ddof=1):.3f}" if len(found) > 1 else ""
    return f"{found.mean():.3f}{spread} ({len(found)})"
