"""The SNR that goes in against the SNR that comes out: single test segments, and fixed SNRs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from orchestration.denoising.figures_look import DASHED, banded, keys_of, looks_of, panels_of
from orchestration.denoising.table import Scored
from orchestration.evidence.formats import as_number
from orchestration.evidence.intervals import Interval
from orchestration.evidence.style import INK, MUTED, nothing, styled

MOST_DOTS = 300  # segments drawn as dots, spread evenly over all
BINS = 8  # of equally many segments, whose medians are drawn
FEWEST = 20  # segments that are put into bins


class OutAt(NamedTuple):
    """What comes out of a denoiser where test segments go in at a fixed SNR."""

    row: str
    group: str
    snr_db: float
    """Going in."""
    out: Interval
    """Coming out: mean over segments, with its interval over patients, in dB."""


def curves_table(found: Sequence[OutAt]) -> list[dict[str, Any]]:
    """A row for each denoiser, group and SNR."""
    return [
        {
            "row": each.row,
            "group": each.group,
            "snr_in_db": each.snr_db,
            "snr_out_db": each.out.estimate,
            "low": as_number(each.out.low),
            "high": as_number(each.out.high),
        }
        for each in found
    ]


@styled
def segments_figure(groups: Mapping[str, Scored], row: str) -> Figure:
    """Each test segment's SNR before and after denoising; above the dashed line it gained.

    Squares are medians of equally many segments each, bars reach from quartile to quartile. Noise
    is as strong as in the table. Of many segments, as many are dots as can be told apart.

    Args:
        groups: group -> its test segments under this denoiser.
        row: the denoiser's name.
    """
    figure, axes = panels_of(list(groups), 1, 3.0)
    look = looks_of([row])[row]
    for panel, tested in zip(axes[0], groups.values(), strict=False):
        before, after = tested.before["SNR"], tested.after["SNR"]
        step = -(-len(before) // MOST_DOTS)
        dots = {"color": look["color"], "alpha": 0.4, "linewidth": 0}
        panel.scatter(before[::step], after[::step], s=7, **dots)
        _binned(panel, before, after)
        _unchanged(panel, before)
        panel.set_xlabel("SNR in, dB")
        panel.grid()
    axes[0, 0].set_ylabel(f"SNR out, dB\n{row}")
    return figure


@styled
def curves_figure(found: Sequence[OutAt]) -> Figure:
    """SNR out against SNR in where noise of each group is scaled to a fixed SNR.

    Mean over test segments, bands are 95 % intervals over patients. Below the dashed line a
    denoiser takes more from the ECG than from the noise. Filters that learn nothing are broken
    lines.
    """
    groups = list(dict.fromkeys(each.group for each in found))
    figure, axes = panels_of(groups, 1, 3.2)
    if not found:
        nothing(axes[0, 0], "nothing was tested at fixed SNRs")
        return figure
    looks = looks_of(each.row for each in found)
    for panel, group in zip(axes[0], groups, strict=True):
        for name, look in looks.items():
            _curve(panel, [e for e in found if (e.row, e.group) == (name, group)], look)
        _unchanged(panel, np.array([each.snr_db for each in found]))
        panel.set_xlabel("SNR in, dB")
        panel.set_xticks(sorted({each.snr_db for each in found}))
        panel.grid()
    axes[0, 0].set_ylabel("SNR out, dB")
    keys = [*keys_of(looks), Line2D([], [], color=MUTED, linestyle=DASHED, label="as it went in")]
    figure.legend(handles=keys, loc="outside lower center", ncols=4)
    return figure


def _curve(axes: Axes, found: Sequence[OutAt], look: Mapping[str, Any]) -> None:
    rising = sorted(found, key=lambda each: each.snr_db)
    if rising:
        bounds = np.array([each.out for each in rising]).T
        banded(axes, [each.snr_db for each in rising], *bounds, **look)


def _binned(axes: Axes, before: np.ndarray, after: np.ndarray) -> None:
    """Medians and quartiles of segments that went in alike."""
    if len(before) < FEWEST:
        return
    for rows in np.array_split(np.argsort(before, kind="stable"), BINS):
        lower, middle, upper = np.quantile(after[rows], (0.25, 0.5, 0.75))
        place = float(np.median(before[rows]))
        axes.plot([place, place], [lower, upper], color=INK, linewidth=1.0)
        axes.plot(place, middle, "s", color=INK, markersize=4)


def _unchanged(axes: Axes, snr_db: np.ndarray) -> None:
    """The line on which nothing is gained, over what went in."""
    ends = [float(snr_db.min()), float(snr_db.max())]
    axes.plot(ends, ends, color=MUTED, linewidth=0.9, linestyle=DASHED, zorder=1)
