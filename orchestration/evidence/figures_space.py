"""Where in the space of its parameters a search looked, and how well each point scored."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from matplotlib.transforms import ScaledTranslation

from orchestration.evidence.figures_search import MARKS, state_key
from orchestration.evidence.style import INK, MUTED, canvas, nothing, styled, wrapped
from orchestration.evidence.trials import TrialPoint

MAP = "viridis"  # of scores: even in lightness, so a colour-blind person reads it too
MARGIN = 0.06  # of an axis' height, below its smallest and above its largest value
TEMPERATURES = (0.25, 0.5, 1, 2, 4, 8, 16, 32)
LEVELS = 11  # of contours
FEWEST = 3  # points that show anything of a plane
FEW = "trials at different alpha and temperature: {n};\nthe plane takes {least} or more"
STOPPED: Any = {"linestyle": (0, (4, 2))}


@styled
def parallel_figure(trials: Sequence[TrialPoint], score: str) -> Figure:
    """A line a trial through method, alpha, temperature, layer set and score; the best on top.

    A line skips what its method does not use; a dashed one is of a trial that was stopped early.
    Scores are over the folds that all trials did.
    """
    figure = canvas(3.8)
    axes, shown = figure.subplots(), [trial for trial in trials if trial.score is not None]
    scores = np.array([trial.score for trial in shown], np.float64)
    if not shown:
        nothing(axes, "no trial has a score")
        return figure
    heights = np.stack(
        [
            _names(axes, 0, [trial.method for trial in shown]),
            _numbers(axes, 1, [trial.alpha for trial in shown]),
            _numbers(axes, 2, [trial.temperature for trial in shown], log=True),
            _names(axes, 3, [trial.layers for trial in shown]),
            _numbers(axes, 4, list(scores)),
        ]
    )
    colours = _colours(figure, axes, scores, score)
    for index in np.argsort(scores, kind="stable"):
        used = np.flatnonzero(np.isfinite(heights[:, index]))
        line = STOPPED if shown[index].state == "PRUNED" else {}
        axes.plot(used, heights[used, index], color=colours.to_rgba(scores[index]), **line)
    axes.set_xticks(range(5), ["method", "alpha", "temperature", "layer set", score])
    axes.set_xlim(-0.1, 4.45)
    axes.set_ylim(-MARGIN, 1 + MARGIN)
    axes.set_yticks([])
    axes.tick_params(axis="x", length=0)
    axes.spines[:].set_visible(False)
    return figure


@styled
def plane_figure(trials: Sequence[TrialPoint], score: str) -> Figure:
    """Temperature over alpha: a mark a trial that uses both, coloured by its score.

    Scores are over the folds that all trials did. Contours are drawn between the marks, of all
    methods together, where four or more span a plane.
    """
    figure = canvas(4.1, 5.6)
    axes = figure.subplots()
    shown = [t for t in trials if None not in (t.alpha, t.temperature, t.score)]
    points = {(t.alpha, t.temperature) for t in shown}
    if len(points) < FEWEST:
        figure.set_figheight(0.8)
        nothing(axes, FEW.format(n=len(points) or "none", least=FEWEST))
        return figure
    values = np.array([(t.alpha, t.temperature, t.score) for t in shown], np.float64)
    alpha, octave, scores = values[:, 0], np.log2(values[:, 1]), values[:, 2]
    colours = _colours(figure, axes, scores, score)
    _contours(axes, values, colours.norm)
    asides = _asides(alpha, octave)
    for trial, x, y, value, aside in zip(shown, alpha, octave, scores, asides, strict=True):
        beside = axes.transData + ScaledTranslation(aside, 0, figure.dpi_scale_trans)
        look: Any = {"markeredgecolor": INK, "markeredgewidth": 0.6, "markersize": 6}
        mark = MARKS.get(trial.state, "o")
        axes.plot(x, y, mark, color=colours.to_rgba(value), transform=beside, **look)
    axes.update_datalim(np.stack([alpha, octave], axis=1))
    axes.use_sticky_edges = False  # contours would cut the outermost marks
    axes.margins(0.08)
    _plane_axes(axes)
    found = state_key(trial.state for trial in shown)
    figure.legend(handles=found, loc="outside lower center", ncols=len(found))
    return figure


def _contours(axes: Axes, values: np.ndarray, norm: Any) -> None:
    """Scores between points; values (n, 3) are alpha, temperature and score."""
    alpha, octave, scores = values[:, 0], np.log2(values[:, 1]), values[:, 2]
    if _span(alpha, octave) and np.ptp(scores) > 0:
        levels = np.linspace(norm.vmin, norm.vmax, LEVELS)
        shown: Any = {"cmap": MAP, "norm": norm, "alpha": 0.4, "extend": "min"}
        axes.tricontourf(alpha, octave, scores, levels, **shown)


def _plane_axes(axes: Axes) -> None:
    axes.yaxis.set_major_locator(FixedLocator([float(np.log2(t)) for t in TEMPERATURES]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{2**y:g}"))
    axes.set_xlabel("alpha")
    axes.set_ylabel("temperature")


def _asides(x: np.ndarray, y: np.ndarray) -> list[float]:
    """How far aside, in inches, each mark stands, so that those of one point are side by side."""
    points = list(zip(x.tolist(), y.tolist(), strict=True))
    return [0.1 * points[:index].count(point) for index, point in enumerate(points)]


def _names(axes: Axes, place: int, values: Sequence[str | None]) -> np.ndarray:
    """Heights of names on their axis, evenly apart; NaN where there is none."""
    names = sorted({value for value in values if value is not None})
    steps = np.linspace(0, 1, len(names)) if len(names) > 1 else np.array([0.5])
    height = dict(zip(names, steps, strict=False))
    _axis(axes, place)
    for name, y in height.items():
        _label(axes, place, float(y), wrapped(name, 20))
    return np.array([np.nan if value is None else height[value] for value in values])


def _numbers(
    axes: Axes, place: int, values: Sequence[float | None], log: bool = False
) -> np.ndarray:
    """Heights of numbers on their axis, smallest at the bottom; NaN where there is none."""
    numbers = np.array([np.nan if value is None else value for value in values], np.float64)
    known = numbers[np.isfinite(numbers)]
    _axis(axes, place)
    if not len(known):
        return numbers
    low, high = float(known.min()), float(known.max())
    if low == high:
        _label(axes, place, 0.5, f"{low:.3g}")
        return np.where(np.isfinite(numbers), 0.5, np.nan)
    ends = np.log([low, high]) if log else np.array([low, high])
    for part in (0.0, 0.5, 1.0):
        value = ends[0] + part * (ends[1] - ends[0])
        _label(axes, place, part, f"{np.exp(value) if log else value:.3g}")
    heights: np.ndarray = ((np.log(numbers) if log else numbers) - ends[0]) / np.ptp(ends)
    return heights


def _axis(axes: Axes, place: int) -> None:
    axes.plot([place, place], [-MARGIN, 1 + MARGIN], color=MUTED, linewidth=0.8)


def _label(axes: Axes, place: int, height: float, words: str) -> None:
    """Words at the right of an axis, on a ground that keeps them legible above the lines."""
    ground = {"facecolor": "white", "alpha": 0.9, "edgecolor": "none", "pad": 1.0}
    axes.text(place + 0.03, height, words, va="center", fontsize=7.5, bbox=ground, zorder=5)


def _colours(figure: Figure, axes: Axes, scores: np.ndarray, score: str) -> ScalarMappable:
    """Score -> colour, and its bar beside the axes; far below the rest all look alike.

    Far below is beyond Tukey's fence: one network that learned nothing else takes all colours.
    """
    least, lower, upper, high = np.quantile(scores, (0, 0.25, 0.75, 1))
    low = max(least, lower - 1.5 * (upper - lower))
    norm = Normalize(low, high) if high > low else Normalize(low - 0.01, high + 0.01)
    colours = ScalarMappable(norm, MAP)
    below: Any = "min" if least < low else "neither"
    bar = figure.colorbar(colours, ax=axes, label=score, aspect=30, pad=0.02, extend=below)
    bar.outline.set_visible(False)
    return colours


def _span(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether four or more different points do not lie on a line."""
    points = np.unique(np.stack([x, y], axis=1), axis=0)
    return len(points) > 3 and int(np.linalg.matrix_rank(points - points.mean(axis=0), 1e-6)) == 2
