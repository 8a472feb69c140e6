"""What an exported model says of itself: how to feed it, what it answers, where it comes from.

It is `config.json` of a model's folder; `python -m orchestration.export` writes it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

CONFIG = "config.json"
FORMAT = 1  # raise when the meaning of the folder's files changes
MOST = 10_000_000  # samples of a segment, or that an answer depends on: a folder is damaged
MOST_HZ = 10_000
KNOWN = ("W", "N", "N1", "N2", "N3", "L", "D", "R")  # those of datasets.stages.SCHEMES
BY = {"name", "digest"}  # what tells a denoiser
SCALINGS = ("night", "segment", "none")  # those of datasets.windows


@dataclass(frozen=True, kw_only=True)
class StagingSpec:
    """How a network is fed and what it answers."""

    name: str
    """What to call it, such as "W-N-R compact AT+SD+CL"."""
    classes: tuple[str, ...]
    """Names of the K classes, in the order of the logits; "W" and "R" among them."""
    hz: int
    """Samples a second that it takes."""
    segment_samples: int
    """S: it takes whole segments, T * S samples."""
    scaling: str
    """Row of SCALINGS: what brings a night to the scale it was trained with."""
    limit: float
    """Scaled samples are clipped to +- this; 0: they are not."""
    before_samples: int
    """Samples before a second of its answer that can change it; beyond them it sees nothing."""
    after_samples: int
    """Samples behind the end of a second of its answer that can change it: the look-ahead."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Runtime -> name of the file it opens."""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """Where it comes from: phase key, training-data key, method, scores, versions."""
    denoiser: Mapping[str, str] = field(default_factory=dict)
    """Name and digest of the one that its ECG went through in training; empty: as recorded."""
    format: int = FORMAT

    @property
    def segment_s(self) -> float:
        """Seconds a segment."""
        return self.segment_samples / self.hz

    @property
    def tested(self) -> dict[str, float]:
        """Scores on people it had not seen, by name; nothing where none are told."""
        scores = self.origin.get("scores")
        found = scores.get("test") if isinstance(scores, Mapping) else None
        told = found.items() if isinstance(found, Mapping) else ()
        return {str(n): float(v) for n, v in told if isinstance(v, int | float)}

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ValueError(
                f"this model has format {self.format}; this version reads {FORMAT}. "
                "Export it again with this version."
            )
        if self.scaling not in SCALINGS:
            raise ValueError(f"scaling is {self.scaling!r}; allowed are {SCALINGS}.")
        if not {"W", "R"} <= set(self.classes) <= set(KNOWN):
            raise ValueError(
                f"classes are {self.classes}; allowed are {KNOWN}, and W and R must be among them."
            )
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes are {self.classes}; each may occur once.")
        if not (isinstance(self.name, str) and self.name.isprintable() and self.name.strip()):
            raise ValueError(f"name is {self.name!r}; it must be printable text.")
        if not (isinstance(self.files, Mapping) and isinstance(self.origin, Mapping)):
            raise ValueError("files and origin must be tables of names and values.")
        if not isinstance(self.denoiser, Mapping) or set(self.denoiser) not in (set(), BY):
            raise ValueError(f"denoiser is {self.denoiser!r}; allowed are {sorted(BY)} or none.")
        self._check_numbers()

    def _check_numbers(self) -> None:
        counts = (self.hz, self.segment_samples, self.before_samples, self.after_samples)
        if not all(type(count) is int and 0 <= count <= MOST for count in counts):
            raise ValueError(f"of samples it counts {counts}; allowed are 0 to {MOST}.")
        if not (1 <= self.hz <= MOST_HZ and self.segment_samples):
            raise ValueError(f"hz is {self.hz}; allowed are 1 to {MOST_HZ}.")
        if self.segment_samples % self.hz:
            raise ValueError(
                f"a segment has {self.segment_samples} samples at {self.hz} Hz; "
                "it must last whole seconds."
            )
        if not (isinstance(self.limit, int | float) and 0 <= self.limit < math.inf):
            raise ValueError(f"limit is {self.limit!r}; it must be a number of at least 0.")


def write_spec(folder: Path, spec: StagingSpec) -> None:
    """Write `config.json`."""
    (folder / CONFIG).write_text(json.dumps(asdict(spec), indent=2) + "\n", encoding="utf-8")


def read_spec(folder: Path) -> StagingSpec:
    """The spec of an exported folder; a ValueError says what is wrong with it."""
    path = folder / CONFIG
    if not path.is_file():
        raise ValueError(
            f"{folder} has no {CONFIG}: it is no exported model. Make one from a checkpoint: "
            "python -m orchestration.export CHECKPOINT --out DIR."
        )
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        known = {entry.name for entry in fields(StagingSpec)}
        if not isinstance(values, dict) or not set(values) <= known:
            raise ValueError("it has fields that this version does not know")
        values["classes"] = tuple(values["classes"])
        return StagingSpec(**values)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} describes no model: {error}. Export the model again.") from None
