"""A network's opinion: its raw outputs for a view, class probabilities beside their targets."""

from collections.abc import Collection, Iterable, Iterator

import torch
from torch import Tensor, nn

from kd_core.batch import Batch, Outputs


def device_at_hand() -> torch.device:
    """The GPU that this process sees first, or the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def moved_to(network: nn.Module, values: Tensor) -> Tensor:
    """Values on the network's device and in its float type."""
    weight = next(network.parameters())
    values = values.to(weight.device, non_blocking=True)
    return values.to(weight.dtype)  # a second step: half as many bytes travel to the device


def outputs_of(
    network: nn.Module, x: Tensor, taps: Collection[str], logits: bool, bf16: bool
) -> Outputs:
    """A network's outputs in the float type of x, as its losses are; it runs no deeper."""
    with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
        found: Outputs = network(x, taps=taps, logits=logits)
    scores = None if found.logits is None else found.logits.to(x.dtype)
    return Outputs(scores, {name: tap.to(x.dtype) for name, tap in found.taps.items()})


@torch.no_grad()
def predict(
    model: nn.Module,
    batches: Iterable[Batch],
    view: str,
    bf16: bool = False,
    output_s: float | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Probabilities (B, K, T) and targets (B, T) of each batch, both on the CPU.

    Args:
        model: is put into eval mode; decides device and float type.
        view: which view of a Batch it sees, "teacher_view" or "student_view".
        bf16: whether it runs in bfloat16, as it did when its best epoch was chosen.
        output_s: seconds a label, 20 or 1, say; None: a segment. Then probabilities are
            (B, K, T * 30 / output_s).
    """
    model.eval()
    for batch in batches:
        x = moved_to(model, getattr(batch, view))
        with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
            logits = model(x, output_s=output_s).logits if output_s else model(x).logits
        yield logits.to(x.dtype).softmax(1).cpu(), batch.target.cpu()
