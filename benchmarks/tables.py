"""Tables of figures, as Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows of the same columns as a Markdown table."""
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_shown(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def put(text: str, out: str) -> None:
    """Print it, and write it where a file is named."""
    print(text, flush=True)
    if out:
        Path(out).write_text(text + "\n")


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
