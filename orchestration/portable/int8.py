"""A network in whole numbers: ONNX whose convolutions multiply bytes, and how well it agrees.

Ranges of the maps are learned beforehand from signals and then fixed (static, QDQ). Taken from
each night as it comes (dynamic) they would agree as well, but every second's answer would depend
on the whole night, and pieces of a night would not add up to it. Weights and maps are unsigned:
sums of signed bytes overflow on processors without VNNI, and would not be those measured here.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

from orchestration.portable.formats import SAMPLES, quietly, write_stripped
from orchestration.staging.networks import RUNTIMES

LABEL_S = 30
IN_BYTES = ("QLinearConv", "ConvInteger")  # what ONNX Runtime makes of such convolutions


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """How the network in whole numbers differs from the one in floats."""

    convolutions: int
    """Of the network."""
    in_bytes: int
    """Of these, how many multiply bytes."""
    max_difference: float
    """Of logits a second."""
    mean_difference: float
    labels_equal: float
    """Share of 30 s labels."""
    labels: int
    """That were compared; none of their segments was calibrated with."""


def quantise(floats: Path, out: Path, shown: Sequence[np.ndarray]) -> None:
    """Write a network in whole numbers.

    Args:
        floats: the network as ONNX in float32.
        out: gets the other.
        shown: pieces of nights to calibrate with, (t*S,) each.
    """
    with quietly():
        quantize_static(
            onnx.load(floats),
            out,
            _Shown(shown),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QUInt8,
        )
    write_stripped(onnx.load(out), out)


def compared(floats: Path, quantised: Path, kept: Sequence[np.ndarray]) -> Quantised:
    """How the network in whole numbers differs, on pieces that it was not calibrated with."""
    expected, found = (
        [RUNTIMES["onnx"].open(path, 1)(piece) for piece in kept] for path in (floats, quantised)
    )
    pairs = list(zip(found, expected, strict=True))
    differences = np.concatenate([np.abs(a - b).ravel() for a, b in pairs])
    equal = np.concatenate([_labels(a) == _labels(b) for a, b in pairs])
    done, convolutions = in_bytes(quantised)
    return Quantised(
        convolutions=convolutions,
        in_bytes=done,
        max_difference=float(differences.max()),
        mean_difference=float(differences.mean()),
        labels_equal=float(equal.mean()),
        labels=len(equal),
    )


def in_bytes(path: Path) -> tuple[int, int]:
    """How many convolutions ONNX Runtime carries out in bytes, and how many there are."""
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(Path(folder, "optimised"))
        onnxruntime.InferenceSession(path.read_bytes(), options, ["CPUExecutionProvider"])
        nodes = onnx.load(options.optimized_model_filepath).graph.node
    kinds = [node.op_type for node in nodes if "Conv" in node.op_type]
    return sum(kind in IN_BYTES for kind in kinds), len(kinds)


class _Shown(CalibrationDataReader):  # type: ignore[misc]
    """Pieces of nights, one after the other."""

    def __init__(self, pieces: Sequence[np.ndarray]) -> None:
        self.pieces = iter(pieces)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next one, as the network's input."""
        piece = next(self.pieces, None)
        return None if piece is None else {SAMPLES: piece[None, None]}


def _labels(logits: np.ndarray) -> np.ndarray:
    """(K, seconds) -> (seconds // 30,): the class of the highest mean."""
    K, seconds = logits.shape
    whole = seconds // LABEL_S * LABEL_S
    return np.asarray(logits[:, :whole].reshape(K, -1, LABEL_S).mean(-1).argmax(0))
