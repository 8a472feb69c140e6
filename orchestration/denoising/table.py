"""The table of the denoising paper: what each denoiser gains in each group of noise.

Values of test segments (orchestration.denoising.measures) in; a list of rows out, for Markdown,
CSV, LaTeX and JSON. Means are over segments, as the paper's, intervals are BCa over patients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from orchestration.denoising.measures import (
    MEASURES,
    Values,
    gains,
    mean_over_patients,
    mean_over_segments,
)
from orchestration.evidence.formats import as_number

TEACHER, ALONE, DISTILLED, BEST = "denoiser teacher", "denoiser", "denoiser + KD", "Best found"
GAINED = ("SNR", "RMSE", "Pearson")  # what the paper gives the gain of
PUBLISHED: Mapping[str, Mapping[str, float]] = {  # Physiol. Meas. 2022, 43(11) 115004, abstract
    "group 1": {"SNR": 10.30, "RMSE": 0.0988, "Pearson": 0.1477},
    "group 2": {"SNR": 12.16, "RMSE": 0.2063, "Pearson": 0.2774},
    "group 3": {"SNR": 12.61, "RMSE": 0.1525, "Pearson": 0.2132},
}
PUBLISHED_PARAMETERS, PUBLISHED_OPERATIONS = 6_900, 6_600_000  # as its abstract rounds them

Table = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """The test segments of a group, before and after one denoiser; entry k is of one segment."""

    before: Values
    """Measure -> (n,), of the noisy segments."""
    after: Values
    """Measure -> (n,), of the denoised segments."""
    patient: np.ndarray
    """(n,) str, as "mitdb/201"."""
    record: np.ndarray
    """(n,) str."""

    def __post_init__(self) -> None:
        n = len(self.patient)
        for values in (self.before, self.after):
            for name in MEASURES:
                found = values.get(name, np.empty(0))
                if not n or found.shape != (n,) or not np.isfinite(found).all():
                    raise ValueError(
                        f"{name} has shape {found.shape} for {n} segments, or is not finite. Give "
                        "one number a segment, as measures.measured() does for noisy ECG."
                    )
        if self.record.shape != (n,):
            raise ValueError(f"{n} segments have {len(self.record)} records; give one each.")

    @property
    def gains(self) -> Values:
        """What denoising gained; above 0 is better, whatever the measure."""
        return gains(self.before, self.after)


@dataclass(frozen=True, kw_only=True, eq=False)
class DenoiserRow:
    """A denoiser in the table: a filter or a network."""

    name: str
    """TEACHER, ALONE, DISTILLED, BEST, or a key of CLASSICAL."""
    groups: Mapping[str, Scored]
    """Group of noise -> its test segments."""
    recorded: Mapping[str, Scored] = field(default_factory=dict)
    """The same where the clean ECG is not limited to the heart's band; empty where none is."""
    parameters: int | None = None
    """None of a filter, which learns nothing."""
    macs: int | None = None
    """Multiply-accumulates for 3600 samples; None of a filter."""
    ms: float | None = None
    """Milliseconds for 10 s on one thread; None where it was not timed."""
    point: str = ""
    """Hyperparameters that matter, such as "alpha 0.3"."""


def denoising_table(rows: Sequence[DenoiserRow]) -> Table:
    """A row for each denoiser, group and measure; the paper's gain beside ours."""
    return [
        _line(row, group, tested, name)
        for row in rows
        for group, tested in row.groups.items()
        for name in MEASURES
    ]


def recorded_table(rows: Sequence[DenoiserRow]) -> Table:
    """A row for each denoiser and group: the SNR gain against ECG as it was recorded."""
    return [
        _line(row, group, scored, "SNR") for row in rows for group, scored in row.recorded.items()
    ]


def _line(row: DenoiserRow, group: str, tested: Scored, name: str) -> dict[str, Any]:
    gain = mean_over_segments(tested.gains[name], tested.patient)
    alike = mean_over_patients(tested.gains[name], tested.patient)
    after = mean_over_segments(tested.after[name], tested.patient)
    published = PUBLISHED.get(group, {}).get(name)
    return {
        "row": row.name,
        "group": group,
        "measure": name,
        "before": float(tested.before[name].mean()),
        "after": after.estimate,
        "after_low": as_number(after.low),
        "after_high": as_number(after.high),
        "gain": gain.estimate,
        "gain_low": as_number(gain.low),
        "gain_high": as_number(gain.high),
        "gain_a_patient": alike.estimate,
        "gain_a_patient_low": as_number(alike.low),
        "gain_a_patient_high": as_number(alike.high),
        "published": published,
        "difference": None if published is None else gain.estimate - published,
        "segments": len(tested.patient),
        "patients": len(np.unique(tested.patient)),
        "parameters": row.parameters,
        "macs": row.macs,
        "ms_per_10_s": row.ms,
        "point": row.point,
    }
