"""Which channels of a MASS file stand for the EEG and for the ECG.

Takes the labels of a file; gives the labels to read. Both tables are tried from the top, and a
label fits whatever its case and spaces. A new alias is one more row.
Source: channel lists of the 2014/2015 and V2 releases; other names are fallbacks of our own.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from datasets.recording import UnusableRecording


class Lead(NamedTuple):
    """Labels of one channel, or of two to subtract."""

    plus: str
    minus: str | None = None


EEG_LEADS = (
    Lead("EEG C3-CLE", "EEG A2-CLE"),
    Lead("EEG C4-CLE", "EEG A1-CLE"),
    Lead("EEG C3-LER"),
    Lead("EEG C4-LER"),
    # what other exports call the same derivations
    *(Lead(f"{prefix}{name}") for name in ("C3-A2", "C3-M2") for prefix in ("EEG ", "")),
    *(Lead(f"{prefix}{name}") for name in ("C4-A1", "C4-M1") for prefix in ("EEG ", "")),
)
ECG_LEADS = (  # regular expressions; lead I comes first and everything below it is a fallback
    r"ECG (ECG)?I",
    r"(ECG|EKG) ?(ECG|EKG)?I",
    r"(ECG|EKG)",
    r"(ECG|EKG) ?(ECG|EKG)?II",
    r"(ECG|EKG)\W?1",
    r"(ECG|EKG).*",
)


def find_eeg(labels: Sequence[str], where: str) -> Lead:
    """The first row of EEG_LEADS that a file holds, in the file's own spelling."""
    own = {_plain(label): label for label in reversed(labels)}
    for lead in EEG_LEADS:
        names = [_plain(name) for name in lead if name]
        if all(name in own for name in names):
            return Lead(*(own[name] for name in names))
    raise _no_lead("C3 or C4 EEG", labels, where, "EEG_LEADS")


def find_ecg(labels: Sequence[str], where: str) -> str:
    """The label that fits the earliest row of ECG_LEADS."""
    for pattern in ECG_LEADS:
        for label in labels:
            if re.fullmatch(pattern, _plain(label), re.IGNORECASE):
                return label
    raise _no_lead("ECG", labels, where, "ECG_LEADS")


def _plain(label: str) -> str:
    return " ".join(label.split()).upper()


def _no_lead(wanted: str, labels: Sequence[str], where: str, table: str) -> UnusableRecording:
    return UnusableRecording(
        f"{where} has no {wanted} that we know; it has {sorted(labels)}. "
        f"Add an alias to {table} in datasets/mass_leads.py."
    )
