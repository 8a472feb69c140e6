"""One table in the four forms people want it in: Markdown, CSV, LaTeX, JSON."""

import math
import re
from collections.abc import Sequence
from typing import Any

from orchestration.formats import as_csv, as_json

Cells = Sequence[Sequence[str]]
MINUS = re.compile(r"(?<![\w.])-(?=[\d.])")  # before a number, not within a word or a date
LATEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$"}


def table_files(
    name: str, rows: Sequence[dict[str, Any]], heads: Sequence[str], cells: Cells
) -> dict[str, bytes]:
    """A table's files: the numbers in full as CSV and JSON, as people read it in the others.

    Args:
        rows: the numbers.
        heads: of the columns that people see.
        cells: what they see in them.
    """
    return {
        f"{name}.csv": as_csv(rows),
        f"{name}.json": as_json(list(rows)),
        f"{name}.md": as_markdown(heads, cells).encode(),
        f"{name}.tex": as_latex(heads, cells).encode(),
    }


def as_markdown(heads: Sequence[str], cells: Cells) -> str:
    """A pipe table; the first two columns are words, the others numbers."""
    rule = ["---" if i < 2 else "---:" for i in range(len(heads))]
    return typeset("\n".join(f"| {' | '.join(line)} |" for line in (heads, rule, *cells)) + "\n")


def as_latex(heads: Sequence[str], cells: Cells) -> str:
    """A tabular of the booktabs package."""
    columns = "ll" + "r" * (len(heads) - 2)
    head, *body = (" & ".join(map(_latex, line)) + r" \\" for line in (heads, *cells))
    begin, end = rf"\begin{{tabular}}{{{columns}}}", r"\end{tabular}"
    return "\n".join([begin, r"\toprule", head, r"\midrule", *body, r"\bottomrule", end, ""])


def _latex(text: str) -> str:
    """Text with what LaTeX would take for a command escaped."""
    escaped = "".join(LATEX.get(letter, letter) for letter in typeset(text))
    return escaped.replace("±", r"$\pm$").replace("−", "$-$")


def typeset(text: str) -> str:
    """Text with a minus, not a hyphen, before each number that is below zero."""
    return MINUS.sub("−", text)


def as_number(value: float) -> float | None:
    """A number for JSON; None where there is none."""
    return float(value) if math.isfinite(value) else None


def signed(value: float, digits: int = 3) -> str:
    """A difference with its sign, and none before a zero."""
    zero = f"{0:.{digits}f}"
    return f"{value:+z.{digits}f}".replace(f"+{zero}", zero)


def bounded(value: float | None, low: float | None, high: float | None, sign: str = "") -> str:
    """A value and its interval, each as far as it is there; a `sign` of "+" shows every sign."""
    if value is None:
        return ""
    text = f"{value:{sign}z.3f}"
    return text if low is None else f"{text} [{low:{sign}z.3f}, {high:{sign}z.3f}]"


def p_value(p: float) -> str:
    """A p-value as journals print it, without the zero before the point."""
    if p < 0.001:
        return "< .001"
    return "1" if p >= 0.9995 else f"{p:.3f}".removeprefix("0")


def after_p(p: float) -> str:
    """What follows the letter p in a sentence."""
    printed = p_value(p)
    return printed if printed.startswith("<") else f"= {printed}"
