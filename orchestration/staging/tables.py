"""A staged recording as tables: a CSV with all that is known of a label, and events as in BIDS.

No cell holds words that a file brought: stages are of hypnogram_edf.TEXTS and flags of FLAGS, so
that nothing a spreadsheet would take for a formula can come in.
Source: RFC 4180; BIDS 1.10, "Task events" and "Tabular files".
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from orchestration.staging.staged import StagedEcg
from orchestration.staging.statistics import FLAGS, label_flags, rate_a_label

STAGES = {  # what a stage is called in full
    "W": "Wakefulness",
    "R": "Rapid eye movement sleep",
    "N": "Non-REM sleep; N1, N2 and N3 are not told apart",
    "N1": "Non-REM sleep, stage 1",
    "N2": "Non-REM sleep, stage 2",
    "N3": "Non-REM sleep, stage 3",
    "L": "Light sleep; N1 and N2 are not told apart",
    "D": "Deep sleep, which is N3",
    "?": "Unscored: most of the signal cannot be used",
}
MISSING = "n/a"  # in BIDS


def as_hypnogram_csv(staged: StagedEcg) -> bytes:
    """A row a label: when, which stage, how likely each, signal quality, heart rate.

    Empty where there is nothing to tell: the time of day of a recording without a start,
    probabilities of what is unscored, a heart rate that was not found.
    """
    usable_s, flags = label_flags(staged)
    columns = {
        **_when(staged, "onset_s", "duration_s"),
        "clock_time": _clock(staged),
        "stage": staged.stages,
        **_probabilities(staged, missing=""),
        "usable_s": map(str, usable_s),
        "quality": [FLAGS[flag] for flag in flags],
        "heart_rate_bpm": _numbers(rate_a_label(staged), 1, missing=""),
    }
    text = io.StringIO(newline="")
    writer = csv.writer(text)  # lines end with CR LF
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def as_events_tsv(staged: StagedEcg) -> bytes:
    """Events as BIDS has them: onset, duration, trial_type, then probabilities."""
    columns: dict[str, Iterable[str]] = {
        **_when(staged, "onset", "duration"),
        "trial_type": staged.stages,
        **_probabilities(staged, missing=MISSING),
    }
    rows = zip(*columns.values(), strict=True)
    return "".join("\t".join(row) + "\n" for row in [tuple(columns), *rows]).encode()


def events_sidecar(staged: StagedEcg, model: Mapping[str, Any]) -> dict[str, Any]:
    """What the columns of the events mean, and which model said so."""
    probabilities = {
        f"probability_{name}": {"Description": f"Probability of: {STAGES[name]}"}
        for name in staged.classes
    }
    return {
        "onset": {"Description": "Begin of the label, from the first sample", "Units": "s"},
        "duration": {"Description": "Length of the label", "Units": "s"},
        "trial_type": {
            "LongName": "Sleep stage",
            "Description": "Likeliest stage, told from an ECG by a network; no person scored it",
            "Levels": {name: STAGES[name] for name in (*staged.classes, "?")},
        },
        **probabilities,
        "StagingModel": dict(model),
    }


def _when(staged: StagedEcg, onset: str, duration: str) -> dict[str, Sequence[str]]:
    onsets = [str(second) for second in staged.onsets_s]
    return {onset: onsets, duration: [str(staged.output_s)] * len(onsets)}


def _clock(staged: StagedEcg) -> Sequence[str]:
    """Time of day of each label, ISO 8601; empty where no start is known."""
    if staged.start is None:
        return [""] * len(staged.onsets_s)
    return [(staged.start + timedelta(seconds=int(s))).isoformat() for s in staged.onsets_s]


def _probabilities(staged: StagedEcg, missing: str) -> dict[str, Sequence[str]]:
    columns = zip(staged.classes, staged.probabilities.T, strict=True)
    return {f"probability_{name}": _numbers(values, 6, missing) for name, values in columns}


def _numbers(values: np.ndarray, digits: int, missing: str) -> list[str]:
    return [missing if np.isnan(v) else f"{v:.{digits}f}" for v in values.tolist()]
