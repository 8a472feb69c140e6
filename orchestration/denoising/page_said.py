"""What the figures of denoising show, in sentences with the numbers that are seen in them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from orchestration.denoising.distilled import Distilled
from orchestration.denoising.figures_beats import BEFORE, HeardAt
from orchestration.denoising.figures_snr import OutAt
from orchestration.denoising.figures_spectra import Spectra
from orchestration.denoising.stress_points import StagedAt, StagedUnderNoise
from orchestration.denoising.table import BEST, PUBLISHED, Table
from orchestration.denoising.table_view import distillation_said
from orchestration.evidence.formats import signed
from orchestration.evidence.gains import NAMES
from orchestration.evidence.page import Answer

BANDS_HZ = {"below 1 Hz": (0.0, 1.0), "from 1 to 40 Hz": (1.0, 40.0), "above 40 Hz": (40.0, 181.0)}


def reached(table: Table, name: str) -> list[Answer]:
    """Whether a row reaches the published gain of each group, by value and by interval."""
    return [
        _reached(line)
        for line in table
        if (line["row"], line["measure"]) == (name, "SNR") and line["group"] in PUBLISHED
    ]


def helped(found: Sequence[Distilled]) -> list[Answer]:
    """Whether each distilled student is better than the student alone, by SNR."""
    return [
        Answer(f"Did distillation help {each.row}?", _verdict(each), distillation_said([each])[0])
        for each in found
        if each.measure == "SNR" and each.row != BEST  # the best of several trainings: not fair
    ]


def spectra_said(found: Sequence[Spectra]) -> list[str]:
    """How much of the noise is left in each band, in dB."""
    return [
        f"{each.group.capitalize()}, error after denoising against the noise: "
        + ", ".join(f"{name} {_decibel(each, band):+.1f} dB" for name, band in BANDS_HZ.items())
        + "."
        for each in found
    ]


def curves_said(found: Sequence[OutAt], row: str) -> list[str]:
    """Where a row gains most and least."""
    mine = [each for each in found if each.row == row]
    lines = []
    for group in dict.fromkeys(each.group for each in mine):
        gains = {e.snr_db: e.out.estimate - e.snr_db for e in mine if e.group == group}
        parts = [f"{gain:+.1f} dB at {snr_db:g} dB" for snr_db, gain in sorted(gains.items())]
        lines.append(f"{group.capitalize()}: {row} gains {', '.join(parts)}.")
    return lines


def beats_said(found: Sequence[HeardAt]) -> list[str]:
    """Sensitivity and predictivity at the lowest SNR, before and after."""
    if not found:
        return []
    lowest = min(each.snr_db for each in found)
    lines = []
    for group in dict.fromkeys(each.group for each in found):
        here = [each for each in found if (each.group, each.snr_db) == (group, lowest)]
        parts = [
            f"{'without a denoiser' if each.row == BEFORE else f'after {each.row}'} "
            f"{_percent(each.sensitivity.estimate)} of the beats are found and "
            f"{_percent(each.predictivity.estimate)} of those found are real"
            for each in here
        ]
        lines.append(f"{group.capitalize()} at {lowest:g} dB: {'; '.join(parts)}.")
    return lines


def staging_said(staged: StagedUnderNoise, metric: str = "kappa") -> list[str]:
    """A score in clean ECG and at each SNR, a sentence for each way."""
    mine = [each for each in staged.found if each.metric == metric]
    name = NAMES.get(metric, metric)
    lines = []
    for way in staged.ways:
        here = [each for each in mine if each.way == way]
        clean = [f"{each.value:.2f} in clean ECG" for each in here if math.isinf(each.snr_db)]
        noisy = [each for each in here if math.isfinite(each.snr_db)]
        groups = [_falling(noisy, group) for group in dict.fromkeys(e.group for e in noisy)]
        scores = "; ".join([*clean[:1], *groups])
        lines.append(f"Networks that {way}: {name} {scores}.")
    return lines


def _falling(found: Iterable[StagedAt], group: str) -> str:
    mine = sorted((e for e in found if e.group == group), key=lambda each: -each.snr_db)
    return f"{group} " + ", ".join(f"{e.value:.2f} at {e.snr_db:g} dB" for e in mine)


def _reached(line: Mapping[str, Any]) -> Answer:
    gain, published, low, high = (
        line[name] for name in ("gain", "published", "gain_low", "gain_high")
    )
    between = ""
    if low is not None:
        inside = low <= published <= high
        told = "does not tell the two apart" if inside else "excludes it"
        between = f"; the 95 % interval, {signed(low, 2)} to {signed(high, 2)}, {told}"
    return Answer(
        f"Is the published gain reached in {line['group']}?",
        "Yes." if gain >= published else "No.",
        f"{line['row']} gains {signed(gain, 2)} dB, published are {signed(published, 2)} dB"
        f"{between}.",
    )


def _verdict(each: Distilled) -> str:
    if not each.mean.excludes(0):
        return "Not shown."
    return "Yes." if each.mean.estimate > 0 else "No, it harmed."


def _decibel(each: Spectra, band: tuple[float, float]) -> float:
    """Power of the error over that of the noise in a band."""
    inside = (each.hz >= band[0]) & (each.hz < band[1])
    residual, noise = each.residual[inside].sum(), each.noise[inside].sum()
    return float(10 * np.log10(residual / noise))


def _percent(share: float) -> str:
    return "none" if math.isnan(share) else f"{100 * share:.1f} %"
