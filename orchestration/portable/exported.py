"""A checkpoint as one portable folder, which stages ECG wherever ONNX Runtime or torch runs.

config.json         how it is fed, what it answers, where it comes from
model.onnx          float32, any length; model.int8.onnx: in bytes; model.pt2: of torch.export
model.safetensors, model.json    the checkpoint itself, which can be exported again
spec.json, scores.json           of the phase, where there are any
README.md, SHA256SUMS            the model card, and the digits of every file
"""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import datasets
from datasets.signals import SCALED_LIMIT
from kd_core import checkpoint
from kd_core.by_second import BySecond, sight_of_a_second
from orchestration.portable.agreement import check_agreement, in_double
from orchestration.portable.card import model_card
from orchestration.portable.folder import written_whole
from orchestration.portable.formats import program_of, write_onnx, write_program
from orchestration.portable.int8 import compared, quantise
from orchestration.portable.signals import drawn_nights, given_night, halves
from orchestration.portable.source import Source, check_name, read_source
from orchestration.staging.networks import RUNTIMES
from orchestration.staging.spec import StagingSpec, write_spec

FILES = {
    "onnx": "model.onnx",
    "int8": "model.int8.onnx",
    "program": "model.pt2",
    "torch": checkpoint.WEIGHTS,
}
COMPARED = ("torch", "onnx", "program")
CARD = "README.md"
PACKAGES = ("torch", "onnx", "onnxruntime")


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folder: Path
    spec: StagingSpec
    sizes: Mapping[str, int]
    """Bytes of each file."""


def export(
    folder: Path, out: Path, name: str = "", nights: Sequence[Path] = (), trained_on: str = ""
) -> Exported:
    """Write a checkpoint's network and all that is known of it to a folder of its own.

    Args:
        folder: of a checkpoint, see `read_source`.
        out: is made; an earlier export is replaced once the new one is complete.
        name: what to call the model; made from the phase if left out.
        nights: to calibrate whole numbers with; drawn if there are none.
        trained_on: what it was trained on, in a person's words, for the model card.

    Raises:
        ValueError: it cannot be exported, or the formats do not agree; nothing was written.
    """
    source = read_source(folder)
    spec = _spec(source, check_name(name or source.name), trained_on)
    shown, kept = halves([given_night(path, spec) for path in nights] or drawn_nights(spec), spec)
    with written_whole(out) as aside:
        stored = source.stored
        checkpoint.save(aside, stored.spec, stored.model, stored.extra)
        for file, content in source.files.items():
            (aside / file).write_bytes(content)
        _write_networks(source, aside)
        found = _agreement(source, aside, spec)
        quantise(aside / FILES["onnx"], aside / FILES["int8"], shown)
        int8 = asdict(compared(aside / FILES["onnx"], aside / FILES["int8"], kept))
        int8["nights"] = (
            f"nights that were given ({len(nights)})" if nights else "generated nights"
        )
        spec = replace(spec, origin={**spec.origin, "agreement": found, "int8": int8})
        write_spec(aside, spec)
        (aside / CARD).write_text(model_card(spec))
    return Exported(out, spec, {path.name: path.stat().st_size for path in sorted(out.iterdir())})


def _spec(source: Source, name: str, trained_on: str) -> StagingSpec:
    network = source.stored.spec
    sight = sight_of_a_second(network)
    return StagingSpec(
        name=name,
        classes=source.classes,
        hz=network.hz,
        segment_samples=network.segment_samples,
        scaling=source.scaling,
        limit=SCALED_LIMIT if source.scaling == "night" else 0.0,
        before_samples=sight.before,
        after_samples=sight.after,
        files=FILES,
        denoiser=source.phase.get("denoiser", {}),
        origin=source.origin() | {"trained_on": trained_on, "versions": _versions()},
    )


def _versions() -> dict[str, Any]:
    return {
        "ecg-sleep-distillation": datasets.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def _write_networks(source: Source, aside: Path) -> None:
    stored = source.stored
    program = program_of(BySecond(stored.model, stored.spec).eval(), stored.spec.segment_samples)
    write_onnx(program, aside / FILES["onnx"])
    write_program(program, aside / FILES["program"])


def _agreement(source: Source, aside: Path, spec: StagingSpec) -> dict[str, float]:
    """How far the files' logits are from those of torch."""
    exact = in_double(BySecond(source.stored.model, source.stored.spec))
    ours, *others = (RUNTIMES[name].open(aside / FILES[name], 1) for name in COMPARED)
    return check_agreement(exact, ours, dict(zip(COMPARED[1:], others, strict=True)), spec)
