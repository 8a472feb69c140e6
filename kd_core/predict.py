"""A trained network's opinion: class probabilities beside the targets to score them by."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from kd_core.batch import Batch


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
    weight = next(model.parameters())
    for batch in batches:
        x = getattr(batch, view).to(weight.device).to(weight.dtype)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
            logits = model(x, output_s=output_s).logits if output_s else model(x).logits
        yield logits.to(weight.dtype).softmax(1).cpu(), batch.target.cpu()
