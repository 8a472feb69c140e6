"""The same network in torch and in ONNX Runtime: windows (B, 1, T*S) -> logits (B, K, T)."""

from collections.abc import Callable
from pathlib import Path

import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from orchestration.portable.formats import program_of, write_onnx

Scores = Callable[[Tensor], Tensor]  # windows (B, 1, T*S) -> logits (B, K, T)


def both_runtimes(network: nn.Module, folder: Path, segment: int) -> tuple[dict[str, Scores], str]:
    """The same network in torch and in ONNX Runtime, and what was exported.

    Args:
        segment: samples a segment.
    """
    path = folder / "compact.onnx"
    export(network, path, segment)
    (domain,) = onnx.load(path).opset_import
    exported = (
        f"ONNX: opset {domain.version}, {path.stat().st_size / 1e3:.0f} kB, any number of windows "
        f"of any number of segments; ONNX Runtime {onnxruntime.__version__}, torch "
        f"{torch.__version__}."
    )
    return {"torch": in_torch(network), "ONNX Runtime": in_onnx(path)}, exported


def export(network: nn.Module, path: Path, segment: int) -> None:
    """Write the network as ONNX, for any number of windows and of segments, as an export does."""
    write_onnx(program_of(_Logits(network).eval(), segment), path)


def in_torch(network: nn.Module) -> Scores:
    """Its logits by torch."""

    @torch.inference_mode()
    def scores(x: Tensor) -> Tensor:
        logits: Tensor = network(x).logits
        return logits

    return scores


def in_onnx(path: Path) -> Scores:
    """Its logits by ONNX Runtime, in this thread alone."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def scores(x: Tensor) -> Tensor:
        (logits,) = session.run(["logits"], {"samples": x.numpy()})
        return torch.from_numpy(logits)

    return scores


class _Logits(nn.Module):
    """A network whose output is a tensor, as ONNX wants it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, samples: Tensor) -> Tensor:
        logits: Tensor = self.network(samples).logits
        return logits
