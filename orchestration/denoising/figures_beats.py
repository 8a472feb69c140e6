"""Whether heart beats are found in noise, before and after denoising, by SNR."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from orchestration.denoising.beats import Detection, Heard
from orchestration.denoising.figures_look import (
    LEVEL,
    NOISY,
    banded,
    keys_of,
    looks_of,
    panels_of,
)
from orchestration.evidence.formats import as_number
from orchestration.evidence.intervals import Interval, bca
from orchestration.evidence.style import nothing, styled

BEFORE = "noisy, not denoised"
SHOWN = ("sensitivity", "predictivity")


class HeardAt(NamedTuple):
    """Beats of all records together at one SNR, with intervals over patients."""

    row: str
    """The denoiser's, or BEFORE."""
    group: str
    snr_db: float
    sensitivity: Interval
    predictivity: Interval


def heard_at(heard: Mapping[str, Sequence[Heard]]) -> list[HeardAt]:
    """Pooled beats of every condition, before denoising once and after it of every denoiser.

    Args:
        heard: the denoiser's name -> what hear_through_noise() found with it.
    """
    found = [
        _at(name, group, snr_db, [(row.patient, row.denoised) for row in rows])
        for name, all_rows in heard.items()
        for (group, snr_db), rows in _by_condition(all_rows).items()
    ]
    first = next(iter(heard.values()), ())
    before = [
        _at(BEFORE, group, snr_db, [(row.patient, row.noisy) for row in rows])
        for (group, snr_db), rows in _by_condition(first).items()
    ]
    return before + found


def heard_table(found: Sequence[HeardAt]) -> list[dict[str, Any]]:
    """A row for each condition."""
    return [
        {"row": each.row, "group": each.group, "snr_db": each.snr_db}
        | {
            f"{score}{end}": as_number(value)
            for score in SHOWN
            for end, value in zip(("", "_low", "_high"), getattr(each, score), strict=True)
        }
        for each in found
    ]


@styled
def beats_figure(found: Sequence[HeardAt], clean: Detection | None = None) -> Figure:
    """Annotated beats that a detector finds (sensitivity), and its beats that are real.

    The latter is positive predictivity. Beats of all annotated test records together, within 150
    ms; bands are 95 % intervals over patients.

    Args:
        clean: the same beats in the clean ECG, drawn as a line.
    """
    groups = list(dict.fromkeys(each.group for each in found))
    figure, axes = panels_of(groups, len(SHOWN), 2.3)
    if not found:
        nothing(axes[0, 0], "no test record has annotated beats")
        axes[1, 0].remove()
        return figure
    looks = _looks(found)
    for row, score in zip(axes, SHOWN, strict=True):
        for panel, group in zip(row, groups, strict=True):
            for name, look in looks.items():
                mine = [each for each in found if (each.row, each.group) == (name, group)]
                _line(panel, mine, score, look)
            if clean is not None:
                panel.axhline(getattr(clean, score), zorder=1, **LEVEL)
            panel.grid()
            panel.set_xticks(sorted({each.snr_db for each in found}))
        row[0].set_ylabel(f"{'positive ' if score == 'predictivity' else ''}{score}")
        row[0].set_ylim(top=1.01)
    for panel in axes[-1]:
        panel.set_xlabel("SNR in, dB")
    keys: list[Line2D] = keys_of(looks | ({} if clean is None else {"clean ECG": LEVEL}))
    figure.legend(handles=keys, loc="outside lower center", ncols=min(4, len(keys)))
    return figure


def _looks(found: Sequence[HeardAt]) -> dict[str, dict[str, Any]]:
    looks = looks_of(each.row for each in found if each.row != BEFORE)
    return {BEFORE: {"color": NOISY, "linestyle": "-"}} | looks


def _line(axes: Axes, found: Sequence[HeardAt], score: str, look: Mapping[str, Any]) -> None:
    rising = sorted(found, key=lambda each: each.snr_db)
    bounds = np.array([getattr(each, score) for each in rising]).reshape(-1, 3).T
    banded(axes, [each.snr_db for each in rising], *bounds, **look)


def _by_condition(heard: Sequence[Heard]) -> dict[tuple[str, float], list[Heard]]:
    found: dict[tuple[str, float], list[Heard]] = {}
    for row in heard:
        found.setdefault((row.group, row.snr_db), []).append(row)
    return found


def _at(
    name: str, group: str, snr_db: float, detections: Sequence[tuple[str, Detection]]
) -> HeardAt:
    """Patients' beats added up, and drawn patient by patient."""
    patients: dict[str, np.ndarray] = {}
    for patient, detection in detections:
        patients[patient] = patients.get(patient, 0) + np.array(detection, np.float64)
    counts = np.stack(list(patients.values()))  # (patients, 3): matched, missed, false
    return HeardAt(name, group, snr_db, bca(counts, _sensitivity), bca(counts, _predictivity))


def _sensitivity(counts: np.ndarray) -> np.ndarray:
    """(..., 3) matched, missed, false to (...,)."""
    return _share(counts[..., 0], counts[..., 0] + counts[..., 1])


def _predictivity(counts: np.ndarray) -> np.ndarray:
    return _share(counts[..., 0], counts[..., 0] + counts[..., 2])


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """NaN where there is nothing to have a share of."""
    return np.asarray(np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan))
