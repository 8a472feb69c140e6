"""A denoiser's checkpoint as one portable folder, which denoises wherever ONNX Runtime runs.

config.json         how it is fed, what it costs, where it comes from
denoiser.onnx       float32, any length that is a multiple of its stride
model.safetensors, model.json    the checkpoint itself, which can be exported again
spec.json, scores.json           of the phase, where there are any
README.md, SHA256SUMS            the card, and the digits of every file
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from datasets.recording import Hypnogram
from datasets.synthetic_signals import draw_ecg
from kd_core import checkpoint
from kd_core.models.lde_spec import LdeSpec
from orchestration.portable.agreement import ALLOWED, ROUNDED, in_double
from orchestration.portable.denoiser_card import denoiser_card
from orchestration.portable.denoiser_origin import spec_of
from orchestration.portable.folder import written_whole
from orchestration.portable.formats import program_of, write_onnx
from orchestration.portable.source import SCORES, SPEC
from orchestration.portable.words import ROUNDING
from orchestration.staging.denoiser_spec import FILE, DenoiserSpec, write_denoiser_spec
from orchestration.staging.ecg_scale import estimated
from orchestration.staging.networks import RUNTIMES
from orchestration.staging.pieces import Network

LENGTHS = (0.0, 1.0, 4.7)  # segments that are compared; the first is a single stride
DRAWN_S = 60
CARD = "README.md"


@dataclass(frozen=True)
class ExportedDenoiser:
    """What was written."""

    folder: Path
    spec: DenoiserSpec
    sizes: Mapping[str, int]
    """Bytes of each file."""


class Denoised(nn.Module):
    """A denoiser whose output is a tensor, as ONNX wants it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, samples: Tensor) -> Tensor:
        """(B, 1, N) noisy -> (B, 1, N) denoised."""
        denoised: Tensor = self.network(samples).logits
        return denoised


def is_denoiser(folder: Path) -> bool:
    """Whether a checkpoint's network gives a signal back; False of what is no checkpoint."""
    path = folder / checkpoint.DESCRIPTION
    try:
        return bool(json.loads(path.read_bytes())["spec"]["kind"] == LdeSpec.kind)
    except (OSError, ValueError, TypeError, KeyError):
        return False  # what is wrong with it is told by whoever opens it


def export_denoiser(
    folder: Path, out: Path, name: str = "", trained_on: str = ""
) -> ExportedDenoiser:
    """Write a denoiser and all that is known of it to a folder of its own.

    Args:
        folder: of a checkpoint whose spec is an LdeSpec, as `kd_core.checkpoint.save` writes it.
        out: is made; an earlier export is replaced once the new one is complete.
        name: what to call it; made from its phase and preset if left out.
        trained_on: what it was trained on, in a person's words, for the card.

    Raises:
        ValueError: it cannot be exported, or ONNX and torch do not agree; nothing was written.
    """
    stored = checkpoint.load(folder)
    files = {n: (folder / n).read_bytes() for n in (SPEC, SCORES) if (folder / n).is_file()}
    spec = spec_of(stored, folder, files, name, trained_on)
    with written_whole(out) as aside:
        checkpoint.save(aside, stored.spec, stored.model, stored.extra)
        for file, content in files.items():
            (aside / file).write_bytes(content)
        module = Denoised(stored.model).eval()
        write_onnx(program_of(module, spec.stride), aside / FILE)
        agreement = check_agreement(module, RUNTIMES["onnx"].open(aside / FILE, 1), spec)
        spec = replace(spec, origin={**spec.origin, "agreement": agreement})
        write_denoiser_spec(aside, spec)
        (aside / CARD).write_text(denoiser_card(spec), encoding="utf-8")
    sizes = {path.name: path.stat().st_size for path in sorted(out.iterdir())}
    return ExportedDenoiser(out, spec, sizes)


def check_agreement(module: nn.Module, onnx: Network, spec: DenoiserSpec) -> dict[str, float]:
    """How far ONNX Runtime's samples are from torch's at the most, and torch's from float64's.

    Raises:
        ValueError: further than ALLOWED, and than rounding can explain.
    """
    exact, largest = in_double(module), {"onnx": 0.0, ROUNDING: 0.0}
    for signal in _signals(spec):
        with torch.inference_mode():
            expected = module(torch.from_numpy(signal)[None, None])[0].numpy()
        for name, network in {"onnx": onnx, ROUNDING: exact}.items():
            largest[name] = max(largest[name], float(np.abs(network(signal) - expected).max()))
    allowed = max(ALLOWED, ROUNDED * largest[ROUNDING])
    if not largest["onnx"] <= allowed:
        raise ValueError(
            f"the ONNX file denoises otherwise than torch: samples differ by {largest['onnx']:.2g}"
            f", allowed are {allowed:.2g}. Nothing was exported. Install the versions of torch, "
            "onnx and onnxruntime that pyproject.toml names."
        )
    return largest


def _signals(spec: DenoiserSpec) -> Iterator[np.ndarray]:
    """A drawn heart alone and in noise, noise, silence, (N,) float32 each, N of every length."""
    rng = np.random.default_rng(0)
    awake = Hypnogram(np.arange(4) * 30.0, 30.0, np.zeros(4, np.int8))
    ecg = draw_ecg(awake, DRAWN_S * spec.hz, float(spec.hz), rng).astype(np.float32)
    scaled = estimated(ecg, spec.hz).applied(ecg)
    for segments in LENGTHS:
        samples = max(1, round(segments * spec.segment_samples / spec.stride)) * spec.stride
        heart = scaled[:samples]
        noise = rng.standard_normal(samples, dtype=np.float32)
        yield from (heart, heart + np.float32(0.3) * noise, noise, np.zeros_like(noise))
