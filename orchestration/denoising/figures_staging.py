"""Sleep stages from noisy ECG, with and without a denoiser in front, by SNR."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestration.denoising.figures_look import (
    DENOISED,
    NOISY,
    banded,
    keys_of,
    level,
    panels_of,
)
from orchestration.evidence.gains import NAMES
from orchestration.evidence.style import INK, nothing, styled

LOOKS: Mapping[bool, dict[str, Any]] = {
    False: {"color": NOISY, "linestyle": "-"},
    True: {"color": DENOISED, "linestyle": "-"},
}
NAMED = {False: "noisy ECG", True: "denoised first"}


class StagedAt(NamedTuple):
    """What a staging network scores on nights with noise added."""

    scheme: str
    group: str
    """Of noise; any, where none was added."""
    snr_db: float
    """Infinite where no noise was added."""
    metric: str
    """"weighted_f1", "kappa" or another score."""
    value: float
    low: float
    high: float
    """The ends of the interval; NaN where there is none."""
    denoised: bool
    """Whether a denoiser was in front."""


@styled
def staging_figure(
    found: Sequence[StagedAt], scheme: str, row: str, floors: Mapping[str, float] | None = None
) -> Figure:
    """What a network stages right on test nights with noise of each group, by SNR.

    Bands are 95 % intervals. The line of clean ECG is the same network without added noise and
    without a denoiser. A diamond at the right is clean ECG that was denoised: what a denoiser
    costs where it is not needed. The floor is what naming the commonest stage scores.

    Args:
        floors: metric -> the floor.
    """
    mine = [each for each in found if each.scheme == scheme]
    noisy = [each for each in mine if math.isfinite(each.snr_db)]
    groups = list(dict.fromkeys(each.group for each in noisy))
    metrics = list(dict.fromkeys(each.metric for each in noisy))
    figure, axes = panels_of(groups, max(1, len(metrics)), 2.4)
    if not noisy:
        nothing(axes[0, 0], "nothing was staged under noise")
        return figure
    ticks = sorted({each.snr_db for each in noisy})
    for panels, metric in zip(axes, metrics, strict=True):
        for panel, group in zip(panels, groups, strict=True):
            _panel(panel, [e for e in noisy if (e.metric, e.group) == (metric, group)])
            _clean(panel, [e for e in mine if e.metric == metric], group, ticks)
            if floors and metric in floors:
                level(panel, floors[metric], "floor")
            panel.grid()
            panel.set_xticks(ticks)
        panels[0].set_ylabel(NAMES.get(metric, metric))
    for panel in axes[-1]:
        panel.set_xlabel("SNR in, dB")
    figure.suptitle(f"{row}, stages {scheme}", x=0.01, ha="left", fontweight="bold", fontsize=8.5)
    present = [denoised for denoised in LOOKS if any(e.denoised == denoised for e in noisy)]
    keys = keys_of({NAMED[denoised]: LOOKS[denoised] for denoised in present})
    figure.legend(handles=keys, loc="outside lower center", ncols=2)
    return figure


def _panel(axes: Axes, found: Sequence[StagedAt]) -> None:
    for denoised, look in LOOKS.items():
        rising = sorted(
            (each for each in found if each.denoised == denoised), key=lambda each: each.snr_db
        )
        bounds = np.array([(e.value, e.low, e.high) for e in rising]).reshape(-1, 3).T
        banded(axes, [each.snr_db for each in rising], *bounds, **look)


def _clean(axes: Axes, found: Sequence[StagedAt], group: str, ticks: Sequence[float]) -> None:
    """Clean ECG: a line across without a denoiser, a diamond right of all with one.

    Clean nights may be told for each group, or once under any name.
    """
    without_noise = [each for each in found if math.isinf(each.snr_db)]
    mine = [each for each in without_noise if each.group == group] or without_noise
    for each in mine:
        if not each.denoised:
            level(axes, each.value, "clean ECG", color=INK)
        else:
            beyond = ticks[-1] + 0.07 * max(1.0, ticks[-1] - ticks[0])
            axes.plot(beyond, each.value, "D", color=DENOISED, markersize=4.5)
