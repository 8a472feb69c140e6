"""Which channel of a person's own recording is the ECG.

Takes the labels of a file, gives the number of the channel. HOME_LEADS is tried from the top, and
a label fits whatever its case and spaces. A new alias is one more row.
Source: EDF+ standard texts ("ECG I") and the records of PhysioNet (MLII, V5, I); the rest is our
own, as exports of home recorders and Holters write them.
"""

import re
from collections.abc import Sequence

from datasets.mass_leads import ECG_LEADS
from datasets.recording import UnusableRecording

_ECG = r"(ECG|EKG)"
HOME_LEADS = (  # regular expressions; lead I comes first, as in MASS
    *ECG_LEADS[:-1],
    rf"{_ECG}[ -]*(LEAD|CH|CHANNEL)?[ -]*(I|1)",
    r"((LEAD|ABL\.?|[MD]L?)[ -]*)?I",
    r"LEAD[ -]*1",
    rf"({_ECG}[ -]*)?((LEAD|ABL\.?|[MD]L?)[ -]*)?II",
    ECG_LEADS[-1],
    rf".*\b{_ECG}\b.*",
    r"((LEAD|ABL\.?|[MD]L?)[ -]*)?III",
    r"(LEAD|[MC]L?)?[ -]*(V[1-6]|AV[RLF])",
)
NOT_ECG = (
    r".*(RATE|BPM|\bHR\b|\bHRV\b|\bRR\b|QUAL|SQI|IMPED|RESP|TEMP|FLAG|EVENT|MARK|PEAK|TIME).*"
)
_LISTED = 40  # labels in an error


def find_channel(
    labels: Sequence[str], where: str, channel: str = "", *, only: bool = True
) -> int:
    """Where in the labels the wanted channel lies; without a name, the likeliest ECG.

    A name fits exactly or, failing that, whatever its case and spaces. Where labels are alike the
    first is meant. `only`: a channel that is alone needs no alias.
    """
    if channel:
        return _named(labels, where, channel)
    plain = [re.sub(r"[\s_]+", " ", label).strip().upper() for label in labels]
    for pattern in HOME_LEADS:
        for index, label in enumerate(plain):
            if re.fullmatch(pattern, label) and not re.fullmatch(NOT_ECG, label):
                return index
    if only and len(labels) == 1:
        return 0
    raise UnusableRecording(
        f"{where} has no ECG channel that we know by its name; it has {listed(labels)}. "
        "Name the one with --channel."
    )


def _named(labels: Sequence[str], where: str, channel: str) -> int:
    for same in (lambda label: label, lambda label: "".join(label.split()).casefold()):
        found = [index for index, label in enumerate(labels) if same(label) == same(channel)]
        if found:
            return found[0]
    raise UnusableRecording(
        f"{where} has no channel {channel!r}; it has {listed(labels)}. Name one of them."
    )


def listed(labels: Sequence[str]) -> str:
    """Labels for an error, in file order, cut where they are too many."""
    more = len(labels) - _LISTED
    return str(list(labels[:_LISTED])) + (f" and {more} more" if more > 0 else "")
