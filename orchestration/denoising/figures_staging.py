"""Sleep stages from noisy ECG by SNR, however networks learned and whatever is in front."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestration.denoising.classical import CLASSICAL
from orchestration.denoising.figures_look import (
    DASHED,
    DENOISED,
    LEVEL,
    NOISY,
    ROWS,
    banded,
    keys_of,
    panels_of,
)
from orchestration.denoising.stress_fronts import BARE
from orchestration.denoising.stress_points import StagedAt, StagedUnderNoise, Way
from orchestration.evidence.formats import typeset
from orchestration.evidence.gains import NAMES
from orchestration.evidence.style import OTHERS, nothing, styled

Looks = Mapping[Way, dict[str, Any]]


@styled
def staging_figure(staged: StagedUnderNoise) -> Figure:
    """What networks stage right on test nights with noise of each group, by SNR.

    Bands and bars are 95 % intervals; at the right is clean ECG. Full lines and diamonds are
    networks behind what they learned behind, broken and empty ones behind something else. The
    floor is what naming the commonest stage scores.
    """
    noisy = [each for each in staged.found if math.isfinite(each.snr_db)]
    groups = list(dict.fromkeys(each.group for each in noisy))
    metrics = list(dict.fromkeys(each.metric for each in noisy))
    figure, axes = panels_of(groups, max(1, len(metrics)), 2.4)
    if not noisy:
        nothing(axes[0, 0], "nothing was staged under noise")
        return figure
    looks = _looks(staged.ways)
    for panels, metric in zip(axes, metrics, strict=True):
        for panel, group in zip(panels, groups, strict=True):
            mine = [e for e in staged.found if e.metric == metric]
            _panel(panel, mine, group, looks)
            panel.axhline(staged.floors[metric], zorder=1, **LEVEL)
        panels[0].set_ylabel(NAMES.get(metric, metric))
    for panel in axes[-1]:
        panel.set_xlabel("SNR in, dB")
    title = f"{staged.row}, stages {staged.scheme}"
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=8.5)
    keys = keys_of({str(way): look for way, look in looks.items()} | {"floor": LEVEL})
    figure.legend(handles=keys, loc="outside lower center", ncols=2)
    return figure


def _looks(ways: Sequence[Way]) -> Looks:
    """Colours tell what is in front, lines whether it was so while the network learned."""
    fronts = dict.fromkeys(way.front for way in ways)
    exported = [name for name in fronts if name != BARE.name and name not in CLASSICAL]
    others = [DENOISED, *(colour for colour in OTHERS if colour not in ROWS.values())]
    colours = {name: others[i % len(others)] for i, name in enumerate(exported)}
    colours |= {name: ROWS[name] for name in CLASSICAL} | {BARE.name: NOISY}
    return {
        way: {"color": colours[way.front], "linestyle": "-" if way.as_learned else DASHED}
        for way in ways
    }


def _panel(axes: Axes, found: Sequence[StagedAt], group: str, looks: Looks) -> None:
    """A line for each way, and beyond the highest SNR what it scores on clean ECG."""
    ticks = sorted({each.snr_db for each in found if math.isfinite(each.snr_db)})
    step = max(1.0, (ticks[-1] - ticks[0]) / 8)
    clean_at = ticks[-1] + 2 * step
    for number, (way, look) in enumerate(looks.items()):
        mine = [each for each in found if each.way == way]
        rising = sorted(
            (e for e in mine if e.group == group and math.isfinite(e.snr_db)),
            key=lambda each: each.snr_db,
        )
        bounds = np.array([(e.value, e.low, e.high) for e in rising]).reshape(-1, 3).T
        banded(axes, [each.snr_db for each in rising], *bounds, **look)
        at = clean_at + step * (number / max(1, len(looks) - 1) - 0.5)
        for each in _clean(mine, group):
            axes.plot([at, at], [each.low, each.high], color=look["color"], linewidth=0.8)
            face = look["color"] if way.as_learned else "white"
            axes.plot(at, each.value, "D", color=look["color"], mfc=face, markersize=4)
    axes.set_xticks([*ticks, clean_at], [*(typeset(f"{tick:g}") for tick in ticks), "clean"])
    axes.grid()


def _clean(found: Sequence[StagedAt], group: str) -> list[StagedAt]:
    """Scores on clean ECG, which may be told for each group, or once under any name."""
    clean = [each for each in found if math.isinf(each.snr_db)]
    return [each for each in clean if each.group == group] or clean[:1]
