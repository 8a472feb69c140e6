"""recordings.tsv: a row for each recording that was staged, or was not, into a folder."""

import csv
import io
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from orchestration.staging.outputs import write_whole
from orchestration.staging.staged import StagedEcg
from orchestration.staging.summary import shown

TABLE = "recordings.tsv"
LONGEST_REASON = 1000  # letters


class Outcome(NamedTuple):
    """What became of a file."""

    path: Path
    name: str
    """What its files are called."""
    staged: StagedEcg | None
    """None where it was not staged."""
    reason: str
    """Why not."""
    seconds: float
    """That it took."""


def earlier_rows(out: Path) -> list[dict[str, str]]:
    """The rows of runs before into the same folder, which is made and must be writable."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
        table = out / TABLE
        if not table.is_file():
            return []
        with open(table, newline="", encoding="utf-8", errors="replace") as file:
            return list(csv.DictReader(file, delimiter="\t", restval="n/a", restkey=""))
    except (OSError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{out} cannot be written to ({reason}); name another --out.") from None


def write_table(
    out: Path, earlier: Sequence[Mapping[str, str]], outcomes: Sequence[Outcome]
) -> None:
    """A row a file: what it is called, why it was not staged, its statistics; all or nothing."""
    rows = [*_others(earlier, outcomes), *map(_row, outcomes)]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="n/a", delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(out / TABLE, lambda path: path.write_bytes(text.getvalue().encode()))


def _others(
    rows: Sequence[Mapping[str, str]], outcomes: Sequence[Outcome]
) -> list[dict[str, object]]:
    """Earlier rows of recordings that were not staged anew."""
    names = {outcome.name for outcome in outcomes}
    files = {_cell(outcome.path.name) for outcome in outcomes}
    return [
        {key: value for key, value in row.items() if key}
        for row in rows
        if row.get("name") not in names and row.get("file") not in files
    ]


def _row(outcome: Outcome) -> dict[str, object]:
    staged = outcome.staged
    row: dict[str, object] = {
        "file": _cell(outcome.path.name),
        "name": outcome.name if staged else "n/a",
        "not_staged": _cell(outcome.reason) or "n/a",
        "forced": _cell(" ".join(staged.forced)) or "n/a" if staged else "n/a",
    }
    if staged:
        found = {"hours": staged.seconds / 3600, **staged.statistics()}
        row |= {
            key: "n/a" if math.isnan(value) else f"{value:.6g}" for key, value in found.items()
        }
    return row


def _cell(text: str) -> str:
    """Text of a file as a cell: in one line, and never a formula."""
    words = shown(text, LONGEST_REASON)
    return f"'{words}" if words.startswith(("=", "+", "-", "@")) else words
