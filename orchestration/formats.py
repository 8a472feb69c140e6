"""Values -> the bytes of files that people and programs read."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any


def as_json(value: Any) -> bytes:
    """JSON, indented; NaN is refused, because JSON has none."""
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode()


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A table; its columns are those of all rows, first come first."""
    text = io.StringIO(newline="")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, fieldnames=columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
