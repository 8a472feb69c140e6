"""Sleep statistics of every test night, by the scorer and by each method, and how they agree."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from orchestration.evidence.agreement import Agreement, agreement
from orchestration.evidence.formats import as_number
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.sleep_statistics import sleep_statistics, title_of
from orchestration.evidence.staged import StagedNight
from orchestration.evidence.views import View

HIDDEN = ("time_in_bed_minutes", "unscored_minutes")  # known before anything is staged


def night_table(rows: Sequence[EvidenceRow]) -> list[dict[str, Any]]:
    """A row for each method, night and statistic: the scorer's value and the method's."""
    return [
        {
            "scheme": row.scheme,
            "row": row.name,
            "subject": night.subject,
            "statistic": name,
            "scorer": as_number(true[name]),
            "method": as_number(value),
        }
        for row in rows
        for night in row.nights
        for true, said in [_both(night)]
        for name, value in said.items()
        if name not in HIDDEN
    ]


def agreements(row: EvidenceRow) -> dict[str, Agreement]:
    """Statistic -> how the method agrees with the scorer over all test nights."""
    return {name: agreement(*pair) for name, pair in pairs_of(row).items()}


def pairs_of(row: EvidenceRow) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
    """Statistic -> (n,) by the scorer and (n,) by the method; NaN where there is none."""
    both = [_both(night) for night in row.nights]
    return {
        name: (
            np.array([true[name] for true, _ in both]),
            np.array([said[name] for _, said in both]),
        )
        for name in both[0][0]
        if name not in HIDDEN
    }


def agreement_view(row: EvidenceRow) -> View:
    """Bias and limits of agreement of every statistic."""
    found = agreements(row)
    heads = ("Statistic", "n", "Bias (95 % interval)", "Limits of agreement", "ICC(2,1)")
    cells = [
        (
            title_of(name),
            str(one.n),
            _text(one.bias, one.bias_ci),
            f"{one.low:.1f} to {one.high:.1f}" if one.low == one.low else "",
            f"{one.icc:.2f}" if one.icc == one.icc else "",
        )
        for name, one in found.items()
    ]
    return View(heads, cells)


def _both(night: StagedNight) -> tuple[dict[str, float], dict[str, float]]:
    """The statistics of the scorer's stages and of the method's."""
    known = (night.segment, night.page_s, night.classes)
    return sleep_statistics(night.labels, *known), sleep_statistics(night.predicted, *known)


def _text(value: float, bounds: tuple[float, float]) -> str:
    return f"{value:+.1f} [{bounds[0]:.1f}, {bounds[1]:.1f}]" if value == value else ""
