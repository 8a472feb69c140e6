"""Print what every preset costs and sees: `python -m kd_core.models`."""

from kd_core.models import MODELS, count, macs, receptive_field

COLUMNS = (
    "model",
    "parameters, 3 classes",
    "4 classes",
    "MMAC a segment",
    "dense map sees s",
    "bottleneck sees s",
    "samples a bottleneck step",
)


def main() -> None:
    """One row a preset; costs and sight are for four classes."""
    rows = [COLUMNS, *map(_row, MODELS)]
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


if __name__ == "__main__":
    main()
