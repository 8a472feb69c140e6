"""U-Time as it would be written from the paper's figures, with torch's layers as they come.

The other side of the speed benchmarks and the reference of a test: the same networks as
`kd_core.models.utime`, under the same names of weights, with nothing rearranged for speed. Gives
every map and the logits, always.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from kd_core.batch import Outputs
from kd_core.models.utime_spec import ACTIVATIONS, UTimeSpec


class NaiveUTime(nn.Module):
    """The network of a UTimeSpec; takes the `state_dict` of `UTime`."""

    def __init__(self, spec: UTimeSpec) -> None:
        super().__init__()
        self.spec = spec
        first, last = spec.filters[0], spec.filters[-1]
        inputs = (first if spec.stem_kernel else 1, *spec.filters)
        below = (*spec.filters[1:], spec.bottleneck)
        self.stem = _stem(spec) if spec.stem_kernel else nn.Identity()
        self.encoder = nn.ModuleList(
            _block(spec, i, o, spec.encoder_dilation)
            for i, o in zip(inputs, spec.filters, strict=False)
        )
        self.bottleneck = _block(spec, last, spec.bottleneck, 1)
        self.decoder = nn.ModuleList(
            _Level(spec, i, o, pool)
            for i, o, pool in zip(below, spec.filters, spec.pools, strict=True)
        )
        self.dense = nn.Sequential(nn.Conv1d(first, spec.classes, 1), nn.Tanh())
        self.classifier = nn.Conv1d(spec.classes, spec.classes, 1)
        self.pools = nn.ModuleList(nn.MaxPool1d(pool) for pool in spec.pools)
        self.average = nn.AvgPool1d(spec.segment_samples // spec.stem_stride)

    def forward(self, x: Tensor, **asked: object) -> Outputs:
        """(B, 1, T*S) -> logits (B, K, T) and every tap (B, C, L), whatever is asked."""
        taps: dict[str, Tensor] = {}
        skips = []
        x = self.stem(x)
        for level, (block, pool) in enumerate(zip(self.encoder, self.pools, strict=True), 1):
            skips.append(block(x))
            x = taps[f"encoder{level}"] = pool(skips[-1])
        x = taps["bottleneck"] = self.bottleneck(x)
        for level in range(self.spec.depth, 0, -1):
            x = taps[f"decoder{level}"] = self.decoder[level - 1](x, skips[level - 1])
        dense = taps["dense"] = self.dense(x)
        return Outputs(self.classifier(self.average(dense)), taps)


class _Level(nn.Module):
    def __init__(self, spec: UTimeSpec, inputs: int, outputs: int, pool: int) -> None:
        super().__init__()
        self.upsample = nn.Upsample(scale_factor=pool)  # nearest
        self.up = _unit(spec, inputs, outputs, spec.up_kernel or pool)
        self.block = _block(spec, 2 * outputs, outputs, spec.decoder_dilation)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        joined: Tensor = self.block(torch.cat([skip, self.up(self.upsample(x))], 1))
        return joined


def _block(spec: UTimeSpec, inputs: int, outputs: int, dilation: int) -> nn.Sequential:
    return nn.Sequential(
        _unit(spec, inputs, outputs, spec.kernel, dilation),
        _unit(spec, outputs, outputs, spec.kernel, dilation),
    )


def _unit(
    spec: UTimeSpec, inputs: int, outputs: int, kernel: int, dilation: int = 1
) -> nn.Sequential:
    half, extra = divmod(dilation * (kernel - 1), 2)
    conv = nn.Conv1d(inputs, outputs, kernel, padding=half, dilation=dilation)
    layers = _followed(spec, conv)
    return nn.Sequential(OrderedDict(pad=nn.ZeroPad1d((0, extra))) | layers if extra else layers)


def _stem(spec: UTimeSpec) -> nn.Sequential:
    beyond = spec.stem_kernel - spec.stem_stride
    assert beyond % 2 == 0, "every preset's stem looks as far back as ahead"
    first = spec.filters[0]
    conv = nn.Conv1d(1, first, spec.stem_kernel, spec.stem_stride, padding=beyond // 2)
    return nn.Sequential(_followed(spec, conv))


def _followed(spec: UTimeSpec, conv: nn.Conv1d) -> OrderedDict[str, nn.Module]:
    """The convolution, its activation, its normalisation."""
    activation, norm = ACTIVATIONS[spec.activation](), nn.BatchNorm1d(conv.out_channels)
    return OrderedDict(conv=conv, activation=activation, norm=norm)
