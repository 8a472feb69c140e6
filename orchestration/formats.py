"""Values -> the bytes of files that people and programs read, and back."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any


def as_json(value: Any) -> bytes:
    """JSON, indented; NaN is refused, because JSON has none."""
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode()


def from_json(content: bytes, path: str) -> Any:
    """What a stored file holds; a ValueError that names it where it is damaged."""
    try:
        return json.loads(content)
    except ValueError as error:
        raise ValueError(
            f"{path} is damaged ({error}). Remove it and run the same command again."
        ) from None


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A table; its columns are those of all rows, first come first."""
    text = io.StringIO(newline="")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, fieldnames=columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
