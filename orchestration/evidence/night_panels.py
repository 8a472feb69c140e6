"""What is drawn around a hypnogram: heart rate, signal quality, gaps, lights and the clock."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from orchestration.evidence.hypnogram_axes import share_bottom
from orchestration.evidence.style import FAINT, INK, MUTED, nothing

QUALITY = {  # of a second; those that cannot be used are dark
    "usable": "#CFE8D5",
    "missing": "#4D4D4D",
    "flat": "#9A6B3F",
    "saturated": "#B8659B",
    "noisy": "#E0861B",
}
BEATS = "#8C2D3F"
WORD_SHARES = (0.014, 0.065)  # of the width; where a word fits upright, and where it fits lying
STEPS_H = (1 / 60, 2 / 60, 5 / 60, 10 / 60, 0.25, 0.5, 1, 2, 3, 6, 12, 24)  # between times
MOST_TIMES = 12  # below a figure
BOX: dict[str, Any] = {
    "facecolor": "white",
    "edgecolor": "none",
    "pad": 0.8,
    "alpha": 0.85,
}  # behind words
HATCH: dict[str, Any] = {
    "facecolor": "#F4F4F4",
    "edgecolor": "#C8C8C8",
    "hatch": "////",
    "linewidth": 0.0,
}

Span = tuple[float, float]
"""Begin and end, in hours."""


def unscored(axes: Sequence[Axes], gaps: Sequence[Span], width_h: float) -> None:
    """Hatch what was not staged; in the first of the axes it is named where there is room."""
    bars = [(begin, end - begin) for begin, end in gaps]
    for panel in axes:
        low, high = panel.get_ylim()
        panel.broken_barh(bars, (low, high - low), zorder=0.9, **HATCH)
    low, high = axes[0].get_ylim()
    for begin, end in gaps:
        upright, lying = (end - begin > share * width_h for share in WORD_SHARES)
        if upright:
            look: dict[str, Any] = {"rotation": 0 if lying else 90, "ha": "center", "va": "center"}
            place = ((begin + end) / 2, (low + high) / 2)
            axes[0].text(*place, "unscored", color=MUTED, bbox=BOX, **look)


def heart_panel(axes: Axes, rate_bpm: np.ndarray, every_s: float) -> None:
    """Heart rate, broken where it cannot be told.

    Args:
        rate_bpm: (n,) of each `every_s` from the first sample; NaN where there is none.
    """
    hours = np.arange(len(rate_bpm) + 1) * (every_s / 3600)
    axes.stairs(rate_bpm, hours, baseline=None, color=BEATS, linewidth=0.8)
    found = rate_bpm[np.isfinite(rate_bpm)]
    if not found.size:
        nothing(axes, "no heart rate can be told")
        return
    low, high = math.floor(found.min() / 10 - 0.1), math.ceil(found.max() / 10 + 0.1)
    axes.set_ylim(10 * low, 10 * high)
    axes.set_ylabel("beats/min")
    axes.grid(axis="y")


def quality_panel(axes: Axes, shares: Mapping[str, np.ndarray], every_h: float) -> None:
    """What share of the time the signal could be used, and what was wrong with the rest.

    Args:
        shares: row of QUALITY -> (n,) share of each `every_h` hours; they add up to 1.
    """
    below = np.zeros(len(next(iter(shares.values()))))
    hours = np.arange(len(below) + 1) * every_h
    for name, share in shares.items():
        if share.any():
            axes.stairs(below + share, hours, baseline=below, fill=True, color=QUALITY[name])
        below = below + share
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_ylabel("signal", rotation=0, ha="right", va="center")


def lights(axes: Sequence[Axes], span: Span, names: Mapping[str, float], width_h: float) -> None:
    """Lines where the lights went off and on, named above; what lies outside them is shaded.

    Args:
        names: what is written above a line -> when, in hours; only those that were given.
    """
    outside = [(begin, end) for begin, end in ((0.0, span[0]), (span[1], width_h)) if end > begin]
    for panel in axes:
        for begin, end in outside:
            panel.axvspan(begin, end, color=FAINT, alpha=0.6, linewidth=0, zorder=0.8)
        for hour in names.values():
            panel.axvline(hour, color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
    if names:
        axes[0].set_ylim(top=axes[0].get_ylim()[1] + 0.5)  # room for the words
    for name, hour in names.items():
        _at_top(axes[0], name, hour, ends=hour > width_h / 2)


def _at_top(axes: Axes, words: str, hour: float, *, ends: bool) -> None:
    """Words at the top that begin at an hour, or end there."""
    axes.annotate(
        words,
        (hour, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if ends else 3, -2),
        textcoords="offset points",
        ha="right" if ends else "left",
        va="top",
        bbox=BOX,
    )


def clock_axis(axes: Sequence[Axes], start: datetime | None, width_h: float) -> None:
    """One x axis below all panels: the time of day, or hours where no start is known.

    The day stands below its first time.
    """
    step = next((h for h in STEPS_H if width_h / h < MOST_TIMES), 24 * math.ceil(width_h / 240))
    first = 0.0 if start is None else _to_next(start, step)
    hours = np.arange(first, width_h + 1e-9, step)
    bottom = axes[-1]
    bottom.set_xlim(0, width_h)
    if start is None:
        bottom.set_xticks(hours, [_elapsed(hour, step) for hour in hours])
        bottom.set_xlabel(f"{'hours' if step >= 0.5 else 'minutes'} from the start")
    else:
        bottom.set_xticks(hours, _times([start + timedelta(hours=float(h)) for h in hours]))
        bottom.set_xlabel("time of day")
    share_bottom(axes)


def _to_next(start: datetime, step: float) -> float:
    """Hours from a start to the next time of day that is a multiple of `step`."""
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    gone = (start - midnight).total_seconds() / 3600
    return math.ceil(gone / step - 1e-9) * step - gone


def _elapsed(hours: float, step: float) -> str:
    return f"{hours:g}" if step >= 0.5 else f"{round(60 * hours)}"


def _times(moments: Sequence[datetime]) -> list[str]:
    """HH:MM, the first of a day with the date below."""
    rounded = [(m + timedelta(seconds=0.5)).replace(microsecond=0) for m in moments]
    days = [None, *(moment.date() for moment in rounded)]
    return [
        f"{moment:%H:%M}" if moment.date() == day else f"{moment:%H:%M}\n{moment:%Y-%m-%d}"
        for moment, day in zip(rounded, days, strict=False)
    ]
