"""The picture of a staged recording: hypnogram, probabilities, heart rate and signal quality."""

import io
import warnings
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.stages import UNSCORED
from orchestration.staging.heart import RATE_S
from orchestration.staging.labels import CLINICAL_S
from orchestration.staging.staged import StagedEcg
from orchestration.staging.statistics import (
    FLAGS,
    flag_seconds,
    flags_of,
    lights_given,
    lights_within,
)
from orchestration.staging.summary import in_words, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

PANELS_IN = (1.6, 1.0, 0.85, 0.22)  # height of each
FRAME_IN = 1.45  # of title, axis and key
MOST_COLUMNS = 1500  # probabilities beside each other; a screen shows no more
MOST_BARS = 500  # of signal quality beside each other
PNG_DPI = 150


def draw(staged: StagedEcg) -> "Figure":
    """The figure of a staged recording; matplotlib must be installed."""
    from orchestration.evidence.style import styled

    return styled(night_figure)(staged)


def pictures(staged: StagedEcg) -> dict[str, bytes]:
    """The figure as "png" and as "svg", on white."""
    import matplotlib as mpl

    from orchestration.evidence.style import LOOK, as_svg

    figure = draw(staged)
    figure.set_facecolor("white")
    file = io.BytesIO()
    with mpl.rc_context(LOOK), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a box stands for it
        figure.savefig(file, format="png", dpi=PNG_DPI)
        return {"png": file.getvalue(), "svg": as_svg(figure).encode()}


def night_figure(staged: StagedEcg) -> "Figure":
    """Sleep stages told from an ECG, probabilities behind them, heart rate and signal quality.

    Hatched: unscored. Grey: outside lights off and lights on.
    Source: hypnodensity as in Stephansen et al., Nat Commun 2018;9:5229.
    """
    from orchestration.evidence import night_panels
    from orchestration.evidence.style import canvas

    figure = canvas(sum(PANELS_IN) + FRAME_IN)
    grid = figure.subplots(len(PANELS_IN), sharex=True, height_ratios=PANELS_IN)
    panels: list[Axes] = list(grid)
    width_h = max(staged.seconds, 1) / 3600
    _stages(panels[0], panels[1], staged)
    _heart(panels[2], staged)
    shares, every_s = _shares(staged)
    night_panels.quality_panel(panels[3], shares, every_s / 3600)
    night_panels.unscored(panels[:2], _gaps(staged), width_h)
    _lights(panels, staged, width_h)
    night_panels.clock_axis(panels, staged.start, width_h)
    _title(figure, panels[0], staged)
    key = _key(staged, shares)
    look: dict[str, Any] = {"handlelength": 1.2, "columnspacing": 1.3, "handletextpad": 0.5}
    figure.legend(handles=key, loc="outside lower center", ncols=len(key), **look)
    return figure


def _stages(hypnogram: "Axes", density: "Axes", staged: StagedEcg) -> None:
    """The stages and, below, their probabilities."""
    from orchestration.evidence import hypnogram_axes

    hypnogram_axes.stage_axis(hypnogram, staged.classes)
    hypnogram_axes.probability_axis(density)
    if not (staged.labels != UNSCORED).any():
        return
    means = _joined(staged.probabilities, _drawn_s(staged) // staged.output_s)
    scored = np.flatnonzero(~np.isnan(means).any(axis=1))
    pages = hypnogram_axes.Pages(staged.classes, scored, _drawn_s(staged))
    hypnogram_axes.hypnogram(hypnogram, pages, means[scored].argmax(axis=1))
    joined = -(-len(staged.probabilities) // MOST_COLUMNS)
    means = _joined(staged.probabilities, joined)
    told = np.flatnonzero(~np.isnan(means).any(axis=1))
    pages = hypnogram_axes.Pages(staged.classes, told, joined * staged.output_s)
    hypnogram_axes.hypnodensity(density, pages, means[told])


def _drawn_s(staged: StagedEcg) -> int:
    """Seconds of a step of the hypnogram: of labels too short to be seen, so many as 30 s hold."""
    labels = 30 // staged.output_s if staged.output_s < CLINICAL_S else 1
    return labels * staged.output_s


def _drawn_words(staged: StagedEcg) -> str:
    drawn_s = _drawn_s(staged)
    return f", drawn every {drawn_s} s" if drawn_s != staged.output_s else ""


def _joined(probabilities: np.ndarray, joined: int) -> np.ndarray:
    """(m, K): means of so many labels each, of those that are scored."""
    n, K = probabilities.shape
    fill = np.full((-n % joined, K), np.nan)
    parts = np.concatenate([probabilities, fill]).reshape(-1, joined, K)
    scored = ~np.isnan(parts).any(axis=2, keepdims=True)  # (m, joined, 1)
    counts = scored.sum(axis=1)  # (m, 1)
    sums = np.where(scored, parts, 0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _gaps(staged: StagedEcg) -> list[tuple[float, float]]:
    """Begin and end of what is unscored, in hours; what lies behind the last label is too."""
    unscored = np.concatenate([[False], staged.labels == UNSCORED, [False]])
    edges = np.flatnonzero(np.diff(unscored.astype(np.int8))) * (staged.output_s / 3600)
    return [(float(begin), float(end)) for begin, end in edges.reshape(-1, 2)]


def _heart(axes: "Axes", staged: StagedEcg) -> None:
    from orchestration.evidence.night_panels import heart_panel
    from orchestration.evidence.style import nothing

    if staged.heart is None:
        nothing(axes, "no heart rate: pip install sleepecg")
    else:
        heart_panel(axes, staged.heart.rate_bpm, RATE_S)


def _shares(staged: StagedEcg) -> tuple[dict[str, np.ndarray], int]:
    """Row of FLAGS -> (n,) its share of each column of the picture; seconds a column."""
    flags = flags_of(staged.quality)
    every_s = max(1, -(-len(flags) // MOST_BARS))
    shares = flag_seconds(flags, every_s).T / every_s
    return dict(zip(FLAGS, shares, strict=True)), every_s


def _lights(panels: "list[Axes]", staged: StagedEcg, width_h: float) -> None:
    from orchestration.evidence.night_panels import lights

    off, on = lights_within(staged)
    given = lights_given(staged)
    names = {f"{name}{_time(staged, second)}": second / 3600 for name, second in given.items()}
    end = on / 3600 if "Lights on" in given else width_h
    lights(panels, (off / 3600, end), names, width_h)


def _time(staged: StagedEcg, second: float) -> str:
    """The time of day, where it is known, behind a space."""
    return f" {staged.start + timedelta(seconds=second):%H:%M}" if staged.start else ""


def _title(figure: "Figure", axes: "Axes", staged: StagedEcg) -> None:
    """The recording; how long was slept; what staged it; reasons against it."""
    figure.suptitle(shown(staged.name), x=0.01, ha="left", weight="bold", size="large")
    slept = in_words(staged)
    lines = [
        f"{slept[:1].upper()}{slept[1:]}",
        f"Staged from {shown(staged.channel, 30)} by {shown(staged.model.name)}, "
        f"a label every {staged.output_s} s{_drawn_words(staged)}",
    ]
    if staged.forced:
        lines.append(f"Staged in spite of: {shown('; '.join(staged.forced), 110)}")
    axes.set_title("\n".join(lines), weight="normal")


def _key(staged: StagedEcg, shares: dict[str, np.ndarray]) -> "list[Patch]":
    """The colours of the classes and of the qualities that occur."""
    from matplotlib.patches import Patch

    from orchestration.evidence.hypnogram_axes import from_top
    from orchestration.evidence.night_panels import HATCH, QUALITY
    from orchestration.evidence.style import STAGES

    return [
        *(Patch(color=STAGES[name], label=name) for name in from_top(staged.classes)),
        *([Patch(**HATCH, label="unscored")] if (staged.labels == UNSCORED).any() else []),
        *(Patch(color=QUALITY[name], label=name) for name in FLAGS if shares[name].any()),
    ]
