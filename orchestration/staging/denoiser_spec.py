"""What an exported denoiser says of itself: how to feed it, what it costs, where it comes from.

It is `config.json` of a denoiser's folder; `python -m orchestration.export` writes it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from orchestration.staging.spec import CONFIG, MOST, MOST_HZ

KIND = "denoiser"
FORMAT = 1  # raise when the meaning of the folder's files changes
SCALES = ("ten seconds",)  # rows of rules; see orchestration.staging.ecg_scale
FILE = "denoiser.onnx"
COUNTS = ("hz", "stride", "halo", "segment_samples", "parameters", "macs")


@dataclass(frozen=True, kw_only=True)
class DenoiserSpec:
    """How a denoiser is fed, and what it costs."""

    name: str
    """What to call it, such as "u-lde-net distilled"."""
    hz: int
    """Samples a second that it takes and gives."""
    stride: int
    """It takes any multiple of so many samples; a piece must begin at one."""
    halo: int
    """Samples on either side of a piece that can change it; a multiple of the stride."""
    segment_samples: int
    """Samples of the segments that it was trained on."""
    parameters: int
    """That were trained."""
    macs: int
    """Multiply-accumulates for a segment."""
    scale: str = SCALES[0]
    """Rule that brings a recording to the scale of training."""
    file: str = FILE
    """ONNX, (B, 1, N) "samples" to the denoised ones under the name "logits"."""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """Where it comes from: what it was trained on, scores, versions."""
    kind: str = KIND
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.kind != KIND:
            raise ValueError(f"its kind is {self.kind!r}; a denoiser's is {KIND!r}")
        if self.format != FORMAT:
            raise ValueError(f"it has format {self.format}; this version reads {FORMAT}")
        if not (isinstance(self.name, str) and self.name.isprintable() and self.name.strip()):
            raise ValueError(f"name is {self.name!r}; it must be printable text")
        if self.scale not in SCALES:
            raise ValueError(f"scale is {self.scale!r}; allowed are {SCALES}")
        if not isinstance(self.file, str) or self.file != Path(self.file).name:
            raise ValueError(f"file is {self.file!r}; it must be the name of a file in the folder")
        if not isinstance(self.origin, Mapping):
            raise ValueError("origin must be a table of names and values")
        self._check_counts()

    def _check_counts(self) -> None:
        counts = {name: getattr(self, name) for name in COUNTS}
        if not all(type(count) is int and count >= 0 for count in counts.values()):
            raise ValueError(f"it counts {counts}; allowed are whole numbers of at least 0")
        if not (1 <= self.hz <= MOST_HZ and 1 <= self.stride <= MOST and self.halo <= MOST):
            raise ValueError(f"it counts {counts}; hz may be 1 to {MOST_HZ}, stride 1 to {MOST}")
        if self.halo % self.stride or self.segment_samples % self.stride:
            raise ValueError(f"it counts {counts}; stride must divide halo and segment_samples")


def write_denoiser_spec(folder: Path, spec: DenoiserSpec) -> None:
    """Write `config.json`."""
    (folder / CONFIG).write_text(json.dumps(asdict(spec), indent=2) + "\n", encoding="utf-8")


def read_denoiser_spec(folder: Path) -> DenoiserSpec:
    """The spec of an exported folder; a ValueError says what is wrong with it."""
    path = folder / CONFIG
    if not path.is_file():
        raise ValueError(
            f"{folder} has no {CONFIG}: it is no exported denoiser. Make one from a checkpoint: "
            "python -m orchestration.export CHECKPOINT --out DIR."
        )
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict) or values.get("kind") != KIND:
            raise ValueError(f"its kind is not {KIND!r}: is it a model that stages?")
        if unknown := set(values) - {entry.name for entry in fields(DenoiserSpec)}:
            raise ValueError(f"it has fields {sorted(unknown)} that this version does not know")
        return DenoiserSpec(**values)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path} describes no denoiser: {error}. Give the folder of an exported denoiser, or "
            "export it again."
        ) from None
