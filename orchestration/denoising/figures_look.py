"""What all figures of denoising share: a colour and a line for each denoiser, panels by group."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from orchestration.denoising.classical import CLASSICAL
from orchestration.denoising.table import ALONE, BEST, DISTILLED, TEACHER
from orchestration.evidence.style import INK, METHODS, MUTED, OTHERS, WIDTH_IN, canvas, wrapped

NOISY, DENOISED, CLEAN = "#E0861B", METHODS["Best found"], INK
ROWS = {  # as in staging, but for the student alone: there a baseline, here what is used
    TEACHER: METHODS["EEG baseline"],
    ALONE: METHODS["AT+SD+CL"],
    DISTILLED: METHODS["SD+CL"],
    BEST: METHODS["Best found"],
    **dict(zip(CLASSICAL, OTHERS, strict=False)),
}
DASHED = (0, (4, 2))  # filters, which learn nothing
LEVEL: dict[str, Any] = {"color": MUTED, "linestyle": DASHED, "linewidth": 0.9}
DPI = 200  # of images
BAND: dict[str, Any] = {"alpha": 0.18, "linewidth": 0}


def looks_of(rows: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Row -> the look of its line; rows without a colour get the next other."""
    names = list(dict.fromkeys(rows))
    unknown = [name for name in names if name not in ROWS]
    others = {name: OTHERS[-1 - i % len(OTHERS)] for i, name in enumerate(unknown)}
    return {
        name: {
            "color": ROWS.get(name) or others[name],
            "linestyle": DASHED if name in CLASSICAL else "-",
            "linewidth": 1.0 if name in CLASSICAL else 1.6,
        }
        for name in names
    }


def keys_of(looks: dict[str, dict[str, Any]], **more: Any) -> list[Line2D]:
    """Entries of a legend: a line a row."""
    return [
        Line2D([], [], label=wrapped(name, 30), **(look | more)) for name, look in looks.items()
    ]


def panels_of(
    groups: Sequence[str], rows: int, height_in: float, width_in: float = 3.0
) -> tuple[Figure, np.ndarray]:
    """A column of panels for each group. Shapes: axes (rows, groups)."""
    figure = canvas(rows * height_in + 0.5, max(4.5, min(WIDTH_IN, width_in * len(groups))))
    axes = figure.subplots(rows, max(1, len(groups)), squeeze=False, sharex=True, sharey="row")
    for panel, group in zip(axes[0], groups, strict=False):
        panel.set_title(wrapped(group, 30))
    return figure, axes


def banded(
    axes: Axes,
    at: Sequence[float],
    values: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    **look: Any,
) -> None:
    """A line with a dot at each value and a band where intervals lie. Shapes: (k,) each."""
    axes.fill_between(at, low, high, color=look["color"], **BAND)
    axes.plot(at, values, marker="o", markersize=3, **look)


def as_png(figure: Figure) -> bytes:
    """The figure as an image, on white."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI, facecolor="white")
    return file.getvalue()
