"""U-Time in one dimension: a U-shaped network from a window of one signal to scores over time.

Takes (B, 1, T*S) samples, any T; gives logits (B, K, T) and any of its maps by name. Level 1 is
the finest: `encoder1` leaves the first pool, `decoder1` has full resolution, `dense` is what the
head averages. The window is seen as a whole: context crosses segments, zeros lie beyond its ends.
Source: Perslev et al. 2019, U-Time; as a 1-D network in the released code of arXiv:2112.07252.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from kd_core.batch import Outputs
from kd_core.models.convolutions import (
    Convolution,
    JoinedConvolution,
    UpsampledConvolution,
    channels_last,
)
from kd_core.models.normalisation import Normalisation
from kd_core.models.utime_spec import ACTIVATIONS, UTimeSpec


class UTime(nn.Module):
    """The network of a UTimeSpec, initialised as the released code does: Xavier, zero biases."""

    def __init__(self, spec: UTimeSpec) -> None:
        super().__init__()
        self.spec = spec
        first, last = spec.filters[0], spec.filters[-1]
        inputs = (first if spec.stem_kernel else 1, *spec.filters)
        below = (*spec.filters[1:], spec.bottleneck)
        self.stem = _stem(spec) if spec.stem_kernel else nn.Identity()
        self.encoder = nn.ModuleList(
            _block(spec, Convolution(i, o, spec.kernel, spec.encoder_dilation))
            for i, o in zip(inputs, spec.filters, strict=False)
        )
        self.bottleneck = _block(spec, Convolution(last, spec.bottleneck, spec.kernel))
        self.decoder = nn.ModuleList(
            _DecoderLevel(spec, i, o, pool)
            for i, o, pool in zip(below, spec.filters, spec.pools, strict=True)
        )
        self.dense = nn.Sequential(Convolution(first, spec.classes, 1), nn.Tanh())
        self.classifier = nn.Conv1d(spec.classes, spec.classes, 1)
        self.apply(_initialise)

    def forward(
        self,
        x: Tensor,
        *,
        taps: Collection[str] = (),
        logits: bool = True,
        output_s: float | None = None,
    ) -> Outputs:
        """Run only as deep as `taps` and `logits` need.

        Args:
            x: (B, 1, T*S) samples.
            taps: names out of `spec.tap_names` of the maps to hand back.
            logits: whether class scores are wanted.
            output_s: seconds the head averages for one score; None: a segment. It must divide
                the window: 20 s asks for an even T, as two segments hold three scores.
        Shapes: logits (B, K, T*S / (hz*output_s)), so (B, K, T) by default; taps (B, C, L).
        """
        self._check(x, taps)
        steps = self._steps(x.shape[-1], output_s)
        wanted = {*taps, "dense"} if logits else {*taps}
        kept: dict[str, Tensor] = {}
        for name, activation in self._maps(x) if wanted else ():
            if name in wanted:
                kept[name] = activation
            if len(kept) == len(wanted):
                break
        scores = self._classify(kept["dense"], steps) if logits else None
        return Outputs(scores, {name: kept[name] for name in taps})

    def _maps(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Each named map when it is ready; whoever stops asking stops the network."""
        skips: list[Tensor] = []
        x = self.stem(channels_last(x))  # (B, 1, T*S) -> (B, C, 1, L)
        for level, pool in enumerate(self.spec.pools):
            skips.append(self.encoder[level](x))
            x = F.max_pool2d(skips[-1], (1, pool))  # (B, C, 1, L) -> (B, C, 1, L / pool)
            yield f"encoder{level + 1}", x.squeeze(2)
        x = self.bottleneck(x)
        yield "bottleneck", x.squeeze(2)
        for level in reversed(range(self.spec.depth)):
            x = self.decoder[level](x, skips.pop())  # (B, C, 1, L) -> (B, C', 1, L * pool)
            yield f"decoder{level + 1}", x.squeeze(2)
        yield "dense", self.dense(x).squeeze(2)

    def _classify(self, dense: Tensor, steps: int) -> Tensor:
        """Class scores of every `steps` positions of the dense map."""
        B, K, _ = dense.shape
        means = dense.reshape(B, K, -1, steps).mean(-1)  # (B, K, L) -> (B, K, L / steps)
        scores: Tensor = self.classifier(means)
        return scores

    def _check(self, x: Tensor, taps: Collection[str]) -> None:
        S = self.spec.segment_samples
        if x.dim() != 3 or x.shape[1] != 1 or x.shape[2] == 0 or x.shape[2] % S:
            raise ValueError(
                f"found input of shape {tuple(x.shape)}; allowed is (B, 1, T*{S}), "
                f"whole segments of {S} samples of one channel."
            )
        if unknown := set(taps) - set(self.spec.tap_names):
            raise ValueError(f"no taps {sorted(unknown)}; allowed: {self.spec.tap_names}.")

    def _steps(self, samples: int, output_s: float | None) -> int:
        """Positions of the dense map that one score averages."""
        spec = self.spec
        length = spec.segment_samples if output_s is None else output_s * spec.hz
        steps = length / spec.stem_stride
        if not (steps >= 1 and steps.is_integer()) or samples % length:
            raise ValueError(
                f"output_s {output_s} does not cut a window of {samples / spec.hz:g} s evenly; "
                f"allowed are its divisors that are multiples of {spec.stem_stride / spec.hz:g} s."
            )
        return int(steps)


class _DecoderLevel(nn.Module):
    """One step back to a finer resolution, joined with what the encoder knew there."""

    def __init__(self, spec: UTimeSpec, inputs: int, outputs: int, pool: int) -> None:
        super().__init__()
        kernel, dilation = spec.up_kernel or pool, spec.decoder_dilation
        self.up = _unit(spec, UpsampledConvolution(inputs, outputs, kernel, pool))
        self.block = _block(spec, JoinedConvolution(2 * outputs, outputs, spec.kernel, dilation))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(B, C, 1, L) and (B, C', 1, L*pool) -> (B, C', 1, L*pool)."""
        joined: Tensor = self.block((skip, self.up(x)))
        return joined


def _stem(spec: UTimeSpec) -> nn.Sequential:
    first, kernel, stride = spec.filters[0], spec.stem_kernel, spec.stem_stride
    return _unit(spec, Convolution(1, first, kernel, stride=stride))


def _block(spec: UTimeSpec, conv: Convolution) -> nn.Sequential:
    """Two units, the second as wide and as dilated as the first."""
    outputs, dilation = conv.out_channels, conv.dilation[0]
    again = Convolution(outputs, outputs, spec.kernel, dilation)
    return nn.Sequential(_unit(spec, conv), _unit(spec, again))


def _unit(spec: UTimeSpec, conv: Convolution) -> nn.Sequential:
    """Convolution -> activation -> BatchNorm, (B, C, 1, L) -> (B, C', 1, L')."""
    own = not isinstance(conv, UpsampledConvolution)  # that gives a part of a larger tensor
    activation = ACTIVATIONS[spec.activation](inplace=own)
    norm = Normalisation(conv.out_channels)
    return nn.Sequential(OrderedDict(conv=conv, activation=activation, norm=norm))


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv1d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
