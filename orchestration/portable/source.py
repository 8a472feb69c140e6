"""What is to be exported: a trained network, and all that the files beside it say of it.

A folder that `pull` wrote, a finished phase's own, or a bare checkpoint. What cannot stage an ECG
is refused here, before anything is written.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datasets.stages import SCHEMES
from datasets.windows import SCALINGS
from kd_core import checkpoint
from kd_core.by_second import scoring_spec
from kd_core.checkpoint import Checkpoint
from kd_core.methods import METHODS, OBJECTIVES
from kd_core.models import MODELS
from orchestration.keys import key_of

SPEC, SCORES = "spec.json", "scores.json"
BARE_SCALING = "night"  # as every plan has it
LONGEST_NAME = 80


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A network that can be exported."""

    stored: Checkpoint
    classes: tuple[str, ...]
    """Names of its classes, in the order of its logits."""
    scaling: str
    """Row of SCALINGS that its nights were scaled with."""
    phase: Mapping[str, Any]
    """spec.json of the phase that trained it; empty where there is none."""
    scores: Mapping[str, Any]
    """scores.json; empty where there is none."""
    files: Mapping[str, bytes]
    """Of these, what there was, as it lay there."""

    @property
    def method(self) -> str:
        """Row of METHODS that ends in the phase; "" where it is not known."""
        ends = {name: asdict(steps[-1]) for name, steps in METHODS.items()}
        return next((name for name, end in ends.items() if end == self.phase.get("step")), "")

    @property
    def model(self) -> str:
        """Row of MODELS that it was built as, or its kind."""
        spec = scoring_spec(self.stored.spec)
        presets = (name for name, preset in MODELS.items() if preset(spec.classes) == spec)
        return next(presets, spec.kind)

    @property
    def name(self) -> str:
        """What to call it if nobody says."""
        fold = self.pulled.get("fold")
        words = (self.phase.get("scheme", "-".join(self.classes)), self.model, self.method)
        return " ".join([*filter(None, words), *([] if fold is None else [f"fold {fold}"])])

    @property
    def pulled(self) -> Mapping[str, Any]:
        """What `pull` says of the fold: its number, the phase's key, its test subjects."""
        found = self.scores.get("fold", {})
        return found if isinstance(found, dict) else {}

    def scored(self) -> dict[str, dict[str, float]]:
        """ "test" and "validation" -> score -> value, where there are any."""
        own = self.stored.extra.get("validation", {})
        flat = self.scores if "accuracy" in self.scores else {}
        parts = {
            "test": self.scores.get("test", {}),
            "validation": self.scores.get("validation", flat or own),
        }
        return {part: found for part, values in parts.items() if (found := _numbers(values))}

    def origin(self) -> dict[str, Any]:
        """JSON values that say where it comes from."""
        data = self.phase.get("data", {})
        return {
            "phase": str(self.pulled.get("key", "")),
            "label": str(self.phase.get("phase", "")),
            "method": self.method,
            "model": self.model,
            "parameters": self.phase.get("parameters", {}),
            "segments": self.phase.get("segments"),
            "windows": self.phase.get("windows", ""),
            "data": data if isinstance(data, str) else key_of(data) if data else "",
            "subjects": {p: len(self.phase.get(p, ())) for p in ("train", "validation")}
            | {"test": len(self.pulled.get("test", ()))},
            "scores": self.scored(),
        }


def read_source(folder: Path) -> Source:
    """What there is to export in a checkpoint's folder.

    Raises:
        ValueError: it holds none, its network sees no ECG, or something needed is not said.
    """
    stored = checkpoint.load(folder)
    files = {n: (folder / n).read_bytes() for n in (SPEC, SCORES) if (folder / n).is_file()}
    phase = _read_json(folder / SPEC, files.get(SPEC, b"{}"))
    scores = _read_json(folder / SCORES, files.get(SCORES, b"{}"))
    if phase:
        _check_phase(folder, phase, stored)
    scoring_spec(stored.spec)
    return Source(
        stored=stored,
        classes=_classes(folder, phase, stored),
        scaling=_scaling(folder, phase),
        phase=phase,
        scores=scores,
        files=files,
    )


def check_name(name: str) -> str:
    """The name, if it can be shown anywhere in one line."""
    if not name.isprintable() or name != name.strip() or not 0 < len(name) <= LONGEST_NAME:
        raise ValueError(
            f"the name {name!r} is not allowed; a name has 1 to {LONGEST_NAME} printable "
            "characters. Give another one with --name."
        )
    return name


def _check_phase(folder: Path, phase: Mapping[str, Any], stored: Checkpoint) -> None:
    """A ValueError where a phase's network is not one that can stage an ECG."""
    step = phase.get("step", {})
    if step.get("view") != "student_view":
        raise ValueError(
            f"{folder} holds a network with view {step.get('view')!r}: a teacher, which sees EEG. "
            "Staging takes ECG; export a student."
        )
    row = OBJECTIVES.get(step.get("objective", ""))
    if row is None or not row.uses_labels:
        raise ValueError(
            f"{folder} was trained by {step.get('objective')!r}, which leaves its head as it was "
            "drawn: it names no stages. Export a final phase."
        )
    if phase.get("model") != json.loads(json.dumps(asdict(stored.spec))):
        raise ValueError(
            f"{folder / SPEC} describes another network than {checkpoint.DESCRIPTION}; fetch the "
            "folder again."
        )


def _classes(folder: Path, phase: Mapping[str, Any], stored: Checkpoint) -> tuple[str, ...]:
    said = stored.extra.get("classes", [])
    if scheme := SCHEMES.get(phase.get("scheme", "")):
        said = scheme.classes
    classes = scoring_spec(stored.spec).classes
    if len(said) != classes or not all(isinstance(name, str) for name in said):
        raise ValueError(
            f"{folder} names classes {list(said)} for a network with {classes}. They "
            f"come from the scheme in {SPEC} (one of {list(SCHEMES)}) or from 'classes' in the "
            f"'extra' of {checkpoint.DESCRIPTION}; put back what is missing."
        )
    return tuple(said)


def _scaling(folder: Path, phase: Mapping[str, Any]) -> str:
    scaling = phase.get("scaling", BARE_SCALING)
    if scaling not in SCALINGS:
        raise ValueError(f"{folder / SPEC} has scaling {scaling!r}; allowed: {sorted(SCALINGS)}.")
    return str(scaling)


def _read_json(path: Path, content: bytes) -> dict[str, Any]:
    try:
        values = json.loads(content)
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}. Fetch the folder again.") from None
    if not isinstance(values, dict):
        raise ValueError(f"{path} holds no JSON object. Fetch the folder again.")
    return values


def _numbers(values: object) -> dict[str, float]:
    """The finite numbers among the values of an object."""
    pairs = values.items() if isinstance(values, dict) else ()
    kept = {n: v for n, v in pairs if isinstance(v, int | float) and not isinstance(v, bool)}
    return {name: value for name, value in kept.items() if math.isfinite(value)}
