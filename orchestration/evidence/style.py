"""The look of every figure: one size of type, thin lines, colours that all can tell apart.

A drawing function is `@styled` and starts from `canvas`; `as_svg` makes its Figure part of a page.
"""

import hashlib
import io
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from orchestration.evidence.alternative import caption_of, in_words
from orchestration.evidence.formats import typeset
from orchestration.evidence.svg import numbered, shorter

STAGES = {  # light to dark as sleep deepens; told apart in greys too, but for R among the blues
    "W": "#F2B134",
    "R": "#C8402F",
    "N": "#4B9CD3",
    "N1": "#A6D5EC",
    "L": "#7FBFE3",
    "N2": "#4B9CD3",
    "N3": "#1F4A82",
    "D": "#1F4A82",
}
METHODS = {
    "EEG baseline": "#2B2B2B",
    "ECG baseline": "#A0A0A0",
    "SD+CL": "#3C93D8",
    "AT+CL": "#E0A21B",
    "AT+SD+CL": "#6A2280",
    "Best found": "#0E7C5A",
}
OTHERS = ("#B8659B", "#7A5C3E", "#5B6FA8", "#8FA31E", "#6FC7B8")  # methods without their own
FOLDS = ("#4E4ED8", "#D07CF0", "#22A69C", "#B5651D", "#8A8F2A", "#9B1B5A", "#5DB36A", "#F29E8E")
INK, MUTED, FAINT = "#333333", "#6F6F6F", "#E4E4E4"
WIDTH_IN = 9.0
FONT_PT = 8.5
LOOK: Any = {  # settings of matplotlib
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the layout is the same everywhere
    "font.size": FONT_PT,
    "axes.titlesize": FONT_PT,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": FONT_PT,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,  # a minus, as `typeset` has it in what is written beside them
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "text.parse_math": False,  # a $ in a method's name is a $
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "legend.frameon": False,
    "legend.fontsize": FONT_PT,
    "figure.facecolor": "none",  # a page shades what scrolls from behind it
    "axes.facecolor": "none",
    "hatch.linewidth": 0.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "evidence",
}
FONTS = "'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"  # narrower than the layout's: it fits
ROOT = "stroke-linejoin: round; stroke-linecap: butt; max-width: 100%; height: auto"

P = ParamSpec("P")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """A drawing function under the look of the house; the caller's settings stay as they are.

    What its docstring says before "Args:" is the caption of what it draws. Whatever it writes has
    a minus, not a hyphen, before a number below zero, as tables have it.
    """

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(LOOK):
            figure = draw(*args, **kwargs)
        for text in figure.findobj(Text):
            text.set_text(typeset(text.get_text()))
        figure.set_label(caption_of(draw))
        return figure

    return drawn


def canvas(height_in: float, width_in: float = WIDTH_IN) -> Figure:
    """An empty figure whose layout makes room for every label."""
    return Figure(figsize=(width_in, height_in), layout="constrained")


def grid(panels: int, columns: int, panel_in: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    """A figure of small multiples; `panel_in` is the width and height of one."""
    rows = max(1, -(-panels // columns))
    columns = max(1, -(-panels // rows))  # four panels are two by two, not three and one
    figure = canvas(rows * panel_in[1], max(columns * panel_in[0], 4.0))
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for spare in axes[panels:]:
        spare.remove()
    return figure, axes[:panels]


def nothing(axes: Axes, why: str) -> None:
    """Say in an empty panel why it is empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, why, ha="center", va="center", color=MUTED, transform=axes.transAxes)


def colours_of(methods: Iterable[str]) -> dict[str, str]:
    """Method -> its colour, the same in every figure; methods without one get the next other."""
    names = list(dict.fromkeys(methods))
    unknown = [name for name in names if name not in METHODS]
    others = {name: OTHERS[i % len(OTHERS)] for i, name in enumerate(unknown)}
    return {name: METHODS.get(name) or others[name] for name in names}


def wrapped(name: str, width: int = 22) -> str:
    """A long name over several lines."""
    return "\n".join(textwrap.wrap(name, width)) or name


def finite(values: Sequence[float | None] | np.ndarray) -> np.ndarray:
    """The numbers among `values`, without None and NaN."""
    numbers = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    return numbers[np.isfinite(numbers)]


def method_key(colours: Mapping[str, str]) -> list[Line2D]:
    """Entries of a legend: a dot a method."""
    dot: dict[str, Any] = {"marker": "o", "linestyle": "none", "markersize": 5}
    return [Line2D([], [], color=c, label=wrapped(name, 30), **dot) for name, c in colours.items()]


def scattered(n: int) -> np.ndarray:
    """(n,): how far aside dots of one place stand, so that few hide another; never random."""
    return ((np.arange(n) * 0.618 + 0.5) % 1 - 0.5) * 0.3


def box(axes: Axes, place: float, values: np.ndarray) -> None:
    """Median, quartiles and whiskers; nothing of fewer than three values."""
    if len(values) < 3:
        return
    line = {"color": INK, "linewidth": 0.8}
    axes.boxplot(
        values,
        positions=[place],
        widths=0.5,
        showfliers=False,
        manage_ticks=False,
        boxprops=line,
        whiskerprops=line,
        capprops=line,
        medianprops=line | {"linewidth": 2.0},
    )


def as_svg(figure: Figure) -> str:
    """The figure as an <svg> element for an HTML page: the same bytes whenever it is drawn.

    Text stays text, and takes the reader's font. Ids begin with a digest of the drawing, so those
    of two figures on a page differ. It shrinks with the page, which is told how wide it was drawn,
    and has an alternative text.
    """
    file = io.BytesIO()
    bare = dict.fromkeys(("Creator", "Date", "Format", "Type"))  # None: no metadata at all
    with mpl.rc_context(LOOK):
        figure.savefig(file, format="svg", metadata=bare)
    text = file.getvalue().decode()
    text = text[text.index("<svg") :]  # without XML declaration and doctype
    text = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)  # it would style the page
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # nothing refers to a group
    text = text.replace("'DejaVu Sans'", FONTS)
    text = re.sub(r"<[^>]+>", lambda tag: shorter(tag[0]), text)
    text = numbered(text)
    prefix = "f" + hashlib.sha256(text.encode()).hexdigest()[:8]
    text = re.sub(r'(\sid="|url\(#|href="#)', rf"\g<1>{prefix}-", text)
    style = f"{ROOT}; --drawn: {figure.get_figwidth():.2f}in"
    return text.replace("<svg ", f'<svg role="img" style="{style}" {in_words(figure)} ', 1)
