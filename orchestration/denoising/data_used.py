"""What denoisers were trained and tested on, in numbers and in sentences.

The parts of the clean ECG and the lengths of the noise in; sentences out that tell how the data
differ from the paper's.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

PARTS = ("training", "validation", "test")
THEIRS = (
    "The paper's text is not public. Earlier code of its first author takes 3,634 segments of one "
    "lead of CPSC 2018; how the published test segments were chosen, whether patients and noise "
    "were kept apart, and how segments were scaled is not known, so published gains are a goal "
    "and not a rival under the same conditions."
)

CHOSEN = (
    "Validation patients choose: the epoch by the error, points by the mean rise of the SNR. Over "
    "several folds they, and the noise that they hear, test in other folds, and the networks were "
    "designed with them in view, so the best found is a little better here than it would be on "
    "others; so are the filters, which the first fold's training patients chose. Intervals know "
    "nothing of other noise, or of another seed in training."
)
BAND_LIMITED = (
    "What counts as clean is 0.5 to 40 Hz of each record, filtered forth and back, for networks "
    "and filters alike: the records have drift and muscle noise of their own, which nobody could "
    "tell from what was added."
)


@dataclass(frozen=True, kw_only=True)
class EcgPart:
    """The clean ECG of training, validation or test."""

    records: Mapping[str, int]
    """Database -> how many records."""
    patients: int
    segments: int

    @classmethod
    def of(cls, patient: np.ndarray, record: np.ndarray) -> "EcgPart":
        """Count segments. Shapes: patient (n,) such as "mitdb/201", record (n,)."""
        databases = [name.split("/")[0] for name in patient.tolist()]
        found = sorted(set(zip(databases, record.tolist(), strict=True)))
        counts = Counter(database for database, _ in found)
        return cls(records=counts, patients=len(np.unique(patient)), segments=len(record))


@dataclass(frozen=True, kw_only=True)
class DataUsed:
    """What a reader has to know of the data before quoting a number."""

    training: EcgPart
    """Of the first fold, where there are several."""
    validation: EcgPart
    """The same."""
    test: EcgPart
    """Of all folds together."""
    noise_s: tuple[float, float, float]
    """Seconds of each kind of noise in training, validation and test; of the first fold."""
    folds: int = 1
    band_limited: bool = False
    """Whether clean ECG is 0.5 to 40 Hz of what was recorded."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Why segments were left out -> how many."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Records that could not be read -> why."""


def data_said(data: DataUsed) -> list[str]:
    """How the data were made and how they differ from the paper's, a sentence a fact."""
    said = [
        f"Tested on {data.test.segments:,} segments of 10 s of {_people(data.test.patients)} "
        f"({_records(data.test)}), each under every group of noise.",
        _split(data),
        _noise(data),
        _left_out(data.left_out),
    ]
    if data.band_limited:
        said.append(BAND_LIMITED)
    said.append(CHOSEN)
    if data.unreadable:
        said.append(f"Could not be read: {_listed(sorted(data.unreadable))}.")
    return [*said, THEIRS]


def _split(data: DataUsed) -> str:
    parts = (data.training, data.validation)
    segments = [f"{part.segments:,} of {_people(part.patients)}" for part in parts]
    trained = f"{segments[0]} train a network and {segments[1]} choose its epoch"
    if data.folds == 1:
        return f"Split by patient: {trained}; nobody is in two parts."
    return (
        f"Split by patient, {data.folds} times: in the first fold {trained}. Every network is "
        "tested on patients that neither trained it nor chose its epoch."
    )


def _noise(data: DataUsed) -> str:
    lengths = [f"{s / 60:.1f}" for s in data.noise_s]
    told = f"{_listed(lengths)} minutes of each kind for {_listed(PARTS)}"
    if data.folds == 1:
        return f"Noise is split in time: {told}, so no test noise was heard in training."
    return (
        f"Noise is split in time, another fifth tests in each fold: {told} in the first. No "
        "network was tested under noise that it had heard in training."
    )


def _left_out(reasons: Mapping[str, int]) -> str:
    if not sum(reasons.values()):
        return "No segment was left out."
    each = [f"{count:,} {reason}" for reason, count in reasons.items() if count]
    return f"Left out of all parts, segments of these faults: {_listed(each)}."


def _records(part: EcgPart) -> str:
    plural = {name: "s" if count > 1 else "" for name, count in part.records.items()}
    return _listed([f"{n} record{plural[name]} of {name}" for name, n in part.records.items()])


def _people(n: int) -> str:
    return f"{n} patient" if n == 1 else f"{n} patients"


def _listed(words: Iterable[str]) -> str:
    """Words with commas, and "and" before the last."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
