"""A network and data small enough that a test trains on them in milliseconds."""

from collections.abc import Collection, Iterator

import torch
from torch import Tensor, nn

from kd_core.batch import IGNORED, Batch, Outputs

SEGMENT = 8  # samples
CLASSES = ("W", "N", "R")


class ToyNet(nn.Module):
    """Two levels, with the taps and the signature of the real networks."""

    def __init__(self, seed: int = 0, norm: bool = True) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.encoder = nn.Conv1d(1, 4, 3, padding=1)
            self.bottleneck = nn.Conv1d(4, 6, 3, padding=1)
            self.decoder = nn.Conv1d(6, 4, 3, padding=1)
            self.classifier = nn.Conv1d(4, len(CLASSES), 1)
        self.norm = nn.BatchNorm1d(4) if norm else nn.Identity()
        self.deepest = ""  # the last map that a forward pass has made

    def forward(self, x: Tensor, *, taps: Collection[str] = (), logits: bool = True) -> Outputs:
        maps: dict[str, Tensor] = {}
        wanted = {*taps, "decoder1"} if logits else {*taps}
        for name, activation in self._maps(x):
            maps[name] = activation
            if wanted <= set(maps):
                break
        scores = self.classifier(self._means(maps["decoder1"])) if logits else None
        self.deepest = name
        return Outputs(scores, {name: maps[name] for name in taps})

    def _maps(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        x = nn.functional.max_pool1d(self.norm(self.encoder(x).relu()), 2)
        yield "encoder1", x  # (B, 4, T*S / 2)
        x = self.bottleneck(x).relu()
        yield "bottleneck", x  # (B, 6, T*S / 2)
        yield "decoder1", self.decoder(x.repeat_interleave(2, -1))  # (B, 4, T*S)

    def _means(self, activation: Tensor) -> Tensor:
        B, C, _ = activation.shape
        return activation.view(B, C, -1, SEGMENT).mean(-1)  # (B, C, T*S) -> (B, C, T)


def toy_batch(seed: int, windows: int = 8, segments: int = 4) -> Batch:
    """Windows whose classes differ in loudness: plainly for a teacher, less so for a student."""
    rng = torch.Generator().manual_seed(seed)
    target = torch.randint(len(CLASSES), (windows, segments), generator=rng)
    loudness = (1.0 + target).repeat_interleave(SEGMENT, 1).unsqueeze(1)  # (B, 1, T*S)
    noise = torch.randn(2, *loudness.shape, generator=rng)
    target[0, 0] = IGNORED
    return Batch(loudness * noise[0], loudness.sqrt() * noise[1], target)


def toy_epoch(epoch: int = 0) -> list[Batch]:
    """Three batches that differ from epoch to epoch."""
    return [toy_batch(10 * epoch + number) for number in range(3)]
