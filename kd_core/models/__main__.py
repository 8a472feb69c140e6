"""Print what every preset costs and sees: `python -m kd_core.models`."""

from collections.abc import Sequence

from kd_core.models import DENOISERS, MODELS, count, macs, receptive_field

COLUMNS = (
    "model",
    "parameters, 3 classes",
    "4 classes",
    "MMAC a segment",
    "dense map sees s",
    "bottleneck sees s",
    "samples a bottleneck step",
)
DENOISER_COLUMNS = (
    "denoiser",
    "parameters",
    "MAC a segment",
    "samples a segment",
    "a sample sees s",
    "bottleneck sees s",
    "samples a bottleneck step",
)


def main() -> None:
    """One row a preset; costs and sight of those with classes are for four."""
    _print([COLUMNS, *map(_row, MODELS)])
    print()
    _print([DENOISER_COLUMNS, *map(_denoiser_row, DENOISERS)])


def _print(rows: Sequence[Sequence[str]]) -> None:
    """A table with its numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *numbers in rows:
        cells = [cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True)]
        print("  ".join([name.ljust(widths[0]), *cells]))


def _row(name: str) -> tuple[str, ...]:
    three, four = MODELS[name](3), MODELS[name](4)
    return (
        name,
        f"{count(three):,}",
        f"{count(four):,}",
        f"{macs(four) / 1e6:.2f}",
        f"{receptive_field(four) / four.hz:.2f}",
        f"{receptive_field(four, 'bottleneck') / four.hz:.2f}",
        f"{four.stride}",
    )


def _denoiser_row(name: str) -> tuple[str, ...]:
    spec = DENOISERS[name]()
    return (
        name,
        f"{count(spec):,}",
        f"{macs(spec):,}",
        f"{spec.segment_samples:,}",
        f"{receptive_field(spec) / spec.hz:.2f}",
        f"{receptive_field(spec, 'bottleneck') / spec.hz:.2f}",
        f"{spec.stride}",
    )


if __name__ == "__main__":
    main()
