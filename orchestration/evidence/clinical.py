"""Sleep statistics of every test night, by the scorer and by each method, and how they agree."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from orchestration.evidence.agreement import ALPHA, STRONG, Agreement, agreement
from orchestration.evidence.formats import after_p, as_number, p_value
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.sleep_statistics import sleep_statistics, title_of
from orchestration.evidence.staged import StagedNight
from orchestration.evidence.views import View

CLINICAL = (  # what every method is compared in
    "total_sleep_minutes",
    "sleep_efficiency_percent",
    "sleep_onset_latency_minutes",
    "wake_after_sleep_onset_minutes",
    "rem_latency_minutes",
)
NOTE = (
    "Sleep statistics of each night, method minus scorer: five of every method, all of the ECG "
    "network to take home. Limits of agreement: where 95 % of differences lie if they are normal "
    "and alike at every size (Bland & Altman 1986). Trend: correlation of difference with mean; "
    f"beyond {STRONG} with p < {ALPHA} the limits do not describe the differences (†): trust what "
    "was seen. Definitions: AASM Manual; lights out and on are in no file, so the first and last "
    "scored page stand in for them."
)
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


def agreement_view(row: EvidenceRow, others: Sequence[EvidenceRow] = ()) -> View:
    """Every statistic of a row and, below each of CLINICAL, those of other rows."""
    found = {each.name: agreements(each) for each in (row, *others)}
    first = found[row.name]
    said = (
        "Scorer mean",
        "Method mean",
        "Bias (95 % interval)",
        "Limits of agreement",
        "Differences seen",
    )
    heads = ("Statistic", "Method", "n", *said, "Trend r", "p", "ICC(2,1)")
    cells = [
        (title_of(name), method, *_cells(of_method[name]))
        for name in (*CLINICAL, *(name for name in first if name not in CLINICAL))
        for method, of_method in found.items()
        if name in CLINICAL or method == row.name
    ]
    return View(heads, cells)


def agreement_said(row: EvidenceRow) -> str:
    """How far total sleep time is off, in two sentences; nothing of too few nights."""
    found = agreements(row)["total_sleep_minutes"]
    if math.isnan(found.bias):
        return ""
    said = (
        f"{found.bias:+.0f} min on average, {found.least:+.0f} to {found.most:+.0f} min in "
        f"the {found.n} nights seen."
    )
    limits = f"{found.low:+.0f} to {found.high:+.0f} min"
    if not found.trending:
        return f"{said} In 95 % of further nights {limits} can be expected."
    way = "rises" if found.trend > 0 else "falls"
    trend = f"r {found.trend:+.2f}, p {after_p(found.trend_p)}"
    return (
        f"{said} The difference {way} with the time slept ({trend}), so neither its mean nor "
        f"limits of agreement ({limits}) describe it."
    )


def _both(night: StagedNight) -> tuple[dict[str, float], dict[str, float]]:
    """The statistics of the scorer's stages and of the method's."""
    known = (night.segment, night.page_s, night.classes)
    return sleep_statistics(night.labels, *known), sleep_statistics(night.predicted, *known)


def _cells(found: Agreement) -> tuple[str, ...]:
    """An agreement as people read it; nothing but n of too few nights."""
    if math.isnan(found.bias):
        return (str(found.n), *[""] * 8)
    low, high = found.bias_ci
    return (
        str(found.n),
        f"{found.true:.1f}",
        f"{found.predicted:.1f}",
        f"{found.bias:+.1f} [{low:.1f}, {high:.1f}]",
        f"{found.low:.1f} to {found.high:.1f}{' †' if found.trending else ''}",
        f"{found.least:.1f} to {found.most:.1f}",
        "" if math.isnan(found.trend) else f"{found.trend:+.2f}",
        "" if math.isnan(found.trend) else p_value(found.trend_p),
        "" if math.isnan(found.icc) else f"{found.icc:.2f}",
    )
