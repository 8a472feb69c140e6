"""Spectra of clean ECG, of noise, and of what is left of it: at which frequencies it was removed.

Segments in; power spectral densities after Welch, averaged over segments; a panel a group.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from scipy.signal import welch

from datasets.clean_records import CLEAN_HZ
from orchestration.denoising.figures_look import CLEAN, DENOISED, NOISY, panels_of
from orchestration.evidence.style import styled

PIECE = 1440  # samples that are transformed at a time: 4 s, so .25 Hz apart
TOP_HZ = 150.0  # above it the recorder of the noise let nothing through
DEEPEST_DB = 70.0  # below the highest density; less is not drawn
_ROWS = 512  # segments transformed at a time, so that memory stays small


class Spectra(NamedTuple):
    """A group's densities (f,), in squared units of the scaled ECG per Hz."""

    group: str
    row: str
    """The denoiser's."""
    hz: np.ndarray
    clean: np.ndarray
    noise: np.ndarray
    """Of noisy less clean."""
    residual: np.ndarray
    """Of denoised less clean: noise that was left, and ECG that was lost."""


def spectra_of(
    group: str, row: str, clean: np.ndarray, noisy: np.ndarray, denoised: np.ndarray
) -> Spectra:
    """Densities of a group's test segments. Shapes: (n, S) each, at 360 Hz."""
    hz, of_clean = _density(clean)
    _, of_noise = _density(noisy, clean)
    _, of_residual = _density(denoised, clean)
    return Spectra(group, row, hz, of_clean, of_noise, of_residual)


@styled
def spectra_figure(spectra: Sequence[Spectra]) -> Figure:
    """Power of the clean ECG, of the noise, and of the error that denoising leaves, by frequency.

    Mean over test segments. Where the error lies below the noise, noise was removed; where it
    lies above, as much was lost of the ECG, or added.
    """
    figure, axes = panels_of([found.group for found in spectra], 1, 2.9)
    lines = {"clean ECG": CLEAN, "noise": NOISY, "error after denoising": DENOISED}
    highest = -np.inf
    for panel, found in zip(axes[0], spectra, strict=False):
        shown = (found.hz > 0) & (found.hz <= TOP_HZ)
        for (name, colour), power in zip(lines.items(), found[3:], strict=True):
            decibel = 10 * np.log10(np.maximum(power[shown], np.finfo(np.float64).tiny))
            highest = max(highest, float(decibel.max()))
            panel.plot(found.hz[shown], decibel, color=colour, label=name)
        panel.set_xscale("log")
        panel.set_xticks([0.5, 1, 5, 10, 50, 100], ["0.5", "1", "5", "10", "50", "100"])
        panel.minorticks_off()
        panel.set_xlabel("Hz")
        panel.grid()
    if spectra:
        low, high = axes[0, 0].get_ylim()
        axes[0, 0].set_ylim(max(low, highest - DEEPEST_DB), high)
        axes[0, 0].set_ylabel("power density, dB")
        handles, names = axes[0, 0].get_legend_handles_labels()
        names[-1] += f", {spectra[0].row}"
        figure.legend(handles, names, loc="outside lower center", ncols=3)
    return figure


def _density(samples: np.ndarray, less: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and mean density, both (f,), of segments (n, S) or of their difference."""
    hz, total = np.empty(0), np.zeros(PIECE // 2 + 1)
    for start in range(0, len(samples), _ROWS):
        rows = samples[start : start + _ROWS].astype(np.float64)
        if less is not None:
            rows = rows - less[start : start + _ROWS]
        hz, power = welch(rows, CLEAN_HZ, nperseg=PIECE, detrend=False)
        total += power.sum(0)
    return hz, total / len(samples)
