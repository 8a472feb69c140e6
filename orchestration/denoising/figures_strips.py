"""Ten seconds of ECG of each group: noisy, denoised, clean, with the beats that were found.

A segment is picked by a stated rule, so that nobody chooses a pretty one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from datasets.clean_ecg import CleanEcg
from datasets.clean_records import CLEAN_HZ
from orchestration.denoising.beats import TOLERANCE_S
from orchestration.denoising.figures_look import CLEAN, DENOISED, NOISY
from orchestration.evidence.style import INK, canvas, styled

RULE = (
    "Of the first fold's test segments with annotated beats (of all, where none has any), the one "
    "whose SNR gain is the median; of an even number the lower of the middle two, of equals the "
    "first."
)

DOT: dict[str, Any] = {"markersize": 4.5, "markeredgecolor": "white", "markeredgewidth": 0.5}


@dataclass(frozen=True, kw_only=True, eq=False)
class Strip:
    """A test segment under a group's noise, S samples, scaled as the network sees them."""

    group: str
    row: str
    """The denoiser's."""
    title: str
    """Whose it is, such as "mitdb/201, record 202, MLII, from 120 s"."""
    clean: np.ndarray
    noisy: np.ndarray
    denoised: np.ndarray
    gain_db: float
    beats: np.ndarray | None = None
    """(m,) samples at which annotators saw a beat."""
    found_noisy: np.ndarray | None = None
    """(k,) samples at which a detector saw one in the noisy ECG; None where it was not asked."""
    found_denoised: np.ndarray | None = None
    """The same of the denoised ECG."""


def median_segment(gains: np.ndarray, among: np.ndarray) -> int:
    """The segment that RULE picks. Shapes: gains (n,), among (n,) bool."""
    rows = np.flatnonzero(among if among.any() else np.ones(len(gains), bool))
    order = np.argsort(gains[rows], kind="stable")
    return int(rows[order[(len(order) - 1) // 2]])


def matched(found: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """Which of the found beats are annotated ones, each at most once, as beats.compare counts.

    Shapes: (k,), (m,) samples, rising, to (k,) bool.
    """
    right, left = np.zeros(len(found), bool), beats.tolist()
    for index, at in enumerate(found.tolist()):
        left = [beat for beat in left if at - beat <= TOLERANCE_S * CLEAN_HZ]
        if left and left[0] - at <= TOLERANCE_S * CLEAN_HZ:
            right[index] = True
            left.pop(0)
    return right


def has_beats(ecg: CleanEcg) -> np.ndarray:
    """(n,) bool: segments in which annotators saw a beat."""
    return np.array([beats is not None and len(beats) > 0 for beats in ecg.beats], bool)


def strip_of(
    group: str,
    row: str,
    ecg: CleanEcg,
    index: int,
    clean: np.ndarray,
    noisy: np.ndarray,
    denoised: np.ndarray,
    gain_db: float,
    found: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
) -> Strip:
    """Segment `index` of the test part as it is drawn.

    Args:
        clean, noisy, denoised: (S,), of this segment.
        found: samples at which a detector saw beats in the noisy and in the denoised ECG.
    """
    start_s = float(ecg.start_s[index])
    return Strip(
        group=group,
        row=row,
        title=f"{ecg.patient[index]}, record {ecg.record[index]}, {ecg.lead[index]}, "
        f"from {start_s:.0f} s",
        clean=clean,
        noisy=noisy,
        denoised=denoised,
        gain_db=gain_db,
        beats=ecg.beats[index],
        found_noisy=found[0],
        found_denoised=found[1],
    )


@styled
def strip_figure(strip: Strip) -> Figure:
    """The test segment of median SNR gain: noisy, denoised, clean, on one scale.

    It is scaled so that the clean ECG spans 2. Upright lines are annotated beats. A dot is a beat
    that a detector found within 150 ms of one, a cross one that it found elsewhere; a line
    without a dot was missed.
    """
    figure = canvas(4.2)
    axes = figure.subplots(3, 1, sharex=True, sharey=True)
    time_s = np.arange(len(strip.clean)) / CLEAN_HZ
    traces = (
        ("noisy", strip.noisy, NOISY, strip.found_noisy),
        (f"denoised, {strip.row}", strip.denoised, DENOISED, strip.found_denoised),
        ("clean", strip.clean, CLEAN, None),
    )
    for panel, (name, samples, colour, found) in zip(axes, traces, strict=True):
        _trace(panel, time_s, samples, colour)
        panel.set_title(_titled(name, found, strip.beats), fontweight="normal")
        _beats(panel, strip.beats)
        if found is not None:
            _found(panel, samples, found, strip.beats)
    axes[0].set_xlim(0, len(strip.clean) / CLEAN_HZ)
    axes[1].set_ylabel("scaled ECG")
    axes[2].set_xlabel("seconds")
    figure.suptitle(
        f"{strip.group}: {strip.title}; SNR gain {strip.gain_db:+.1f} dB",
        x=0.01,
        ha="left",
        fontweight="bold",
        fontsize=8.5,
    )
    _key(figure, strip)
    return figure


def _trace(axes: Axes, time_s: np.ndarray, samples: np.ndarray, colour: str) -> None:
    axes.plot(time_s, samples, color=colour, linewidth=0.7)
    axes.margins(y=0.08)
    axes.grid(axis="x")


def _beats(axes: Axes, beats: np.ndarray | None) -> None:
    for beat in [] if beats is None else beats.tolist():
        axes.axvline(beat / CLEAN_HZ, color=INK, linewidth=0.6, alpha=0.35, zorder=0.5)


def _found(axes: Axes, samples: np.ndarray, found: np.ndarray, beats: np.ndarray | None) -> None:
    """Dots on the trace, crosses where annotators saw nothing; dots alone where nobody looked."""
    inside = found[(found >= 0) & (found < len(samples))].astype(np.int64)
    right = np.ones(len(inside), bool) if beats is None else matched(inside, beats)
    for shown, mark in ((inside[right], "o"), (inside[~right], "X")):
        axes.plot(shown / CLEAN_HZ, samples[shown], mark, color=INK, **DOT)


def _titled(name: str, found: np.ndarray | None, beats: np.ndarray | None) -> str:
    """What a panel shows, and how many beats were found in it."""
    if found is None:
        return name if beats is None or name != "clean" else f"clean, {len(beats)} beats annotated"
    if beats is None:
        return f"{name}: {len(found)} beats found"
    right = int(matched(found, beats).sum())
    false = len(found) - right
    return f"{name}: {right} of {len(beats)} beats found, {false} false"


def _key(figure: Figure, strip: Strip) -> None:
    asked = strip.found_noisy is not None or strip.found_denoised is not None
    lines = []
    if strip.beats is not None:
        lines.append(Line2D([], [], color=INK, linewidth=0.8, alpha=0.5, label="annotated beat"))
    if asked:
        dot, cross = (
            Line2D([], [], marker=mark, linestyle="none", markersize=4.5, color=INK, label=label)
            for mark, label in (("o", "beat found"), ("X", "found where none is"))
        )
        lines += [dot] if strip.beats is None else [dot, cross]
    if lines:
        figure.legend(handles=lines, loc="outside lower center", ncols=len(lines))
