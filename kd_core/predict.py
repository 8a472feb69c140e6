"""A trained network's opinion: class probabilities beside the targets to score them by."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from kd_core.batch import Batch


@torch.no_grad()
def predict(
    model: nn.Module, batches: Iterable[Batch], view: str
) -> Iterator[tuple[Tensor, Tensor]]:
    """Probabilities (B, K, T) and targets (B, T) of each batch, both on the CPU.

    Args:
        model: is put into eval mode; decides device and float type.
        view: which view of a Batch it sees, "teacher_view" or "student_view".
    """
    model.eval()
    weight = next(model.parameters())
    for batch in batches:
        x = getattr(batch, view).to(weight.device).to(weight.dtype)
        yield model(x).logits.softmax(1).cpu(), batch.target.cpu()
