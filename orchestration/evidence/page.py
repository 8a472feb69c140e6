"""The report as one HTML file that needs no network: parts, made of text, tables, figures.

Beside this file lie the page's template, its style and the script that sorts its tables.
"""

import html
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined

from orchestration.evidence.formats import typeset
from orchestration.evidence.views import View

MISSING = ("", "-", "–")  # cells of a column of numbers that hold none
NUMBER = re.compile(r"[<>=]? ?[+−-]?[\d,]*\.?\d+(?=$|[ %\[])")
PIECES = re.compile(r"\[[^\]]*\]|± \S+")  # what stands behind a number: its interval, its sd


class Card(NamedTuple):
    """A number in large letters."""

    title: str
    number: str
    between: str
    """Its interval."""
    lines: tuple[str, ...]
    """What it says."""
    value: float
    """Where it lies on a scale from 0 to 1."""
    span: tuple[float, float]
    """Where its interval lies."""


class Answer(NamedTuple):
    """A question, its answer in a word or two, and the sentence behind it."""

    question: str
    short: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """Something in a part of the page; `kind` says which of the fields it uses."""

    kind: str
    text: str = ""
    lines: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()
    answers: tuple[Answer, ...] = ()
    heads: tuple[str, ...] = ()
    cells: tuple[tuple[str, ...], ...] = ()
    numeric: tuple[bool, ...] = ()
    """Which columns hold numbers."""
    svg: str = ""
    summary: str = ""
    blocks: tuple["Block", ...] = ()
    """What is folded away."""


@dataclass(frozen=True)
class Part:
    """A section of the page."""

    title: str
    blocks: tuple[Block, ...]


def heading(text: str) -> Block:
    """A title within a part."""
    return Block(kind="heading", text=text)


def text(words: str) -> Block:
    """A paragraph."""
    return Block(kind="text", text=words)


def note(words: str) -> Block:
    """A paragraph in small, grey letters: how to read what is beside it."""
    return Block(kind="note", text=words)


def listed(lines: list[str]) -> Block:
    """Sentences, one below the other."""
    return Block(kind="list", lines=tuple(lines))


def cards(found: Sequence[Card]) -> Block:
    """Numbers in large letters, side by side."""
    return Block(kind="cards", cards=tuple(found))


def answers(found: Sequence[Answer]) -> Block:
    """Questions and answers, one below the other."""
    return Block(kind="answers", answers=tuple(found))


def table(view: View) -> Block:
    """A table of words, which its headers sort."""
    cells = tuple(view.cells)
    columns = zip(*cells, strict=True) if cells else [()] * len(view.heads)
    return Block(
        kind="table", heads=view.heads, cells=cells, numeric=tuple(map(is_numeric, columns))
    )


def figure(svg: str) -> Block:
    """A drawing, with the caption that it brings (`alternative.in_words`)."""
    found = re.search(r'data-caption="([^"]*)"', svg)
    return Block(kind="figure", svg=svg, text=html.unescape(found[1]) if found else "")


def folded(summary: str, blocks: Sequence[Block]) -> Block:
    """What not everybody looks at, folded away; paper shows it."""
    return Block(kind="folded", summary=summary, blocks=tuple(blocks))


def raw(summary: str, words: str) -> Block:
    """Something long, folded away."""
    return Block(kind="raw", summary=summary, text=words)


def as_html(title: str, subtitle: str, parts: list[Part]) -> bytes:
    """The whole page; what is in a text is escaped, so a file's name cannot become a script."""
    here = files(__package__)
    template, style, script = (
        (here / name).read_text("utf-8") for name in ("page.html.j2", "page.css", "page.js")
    )
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": percent, "pieces": pieces, "typeset": typeset}
    return (
        environment.from_string(template)
        .render(
            title=title,
            subtitle=subtitle,
            parts=parts,
            style=style,
            script=script,
            script_hash=b64encode(sha256(script.encode()).digest()).decode(),
        )
        .encode()
    )


def is_numeric(cells: Sequence[str]) -> bool:
    """Whether a column is one of numbers: some of its cells are, and the others are missing."""
    known = [cell for cell in cells if cell not in MISSING]
    return bool(known) and all(NUMBER.match(cell) for cell in known)


def pieces(cell: str) -> list[str]:
    """A number's cell in pieces that must not break: value, interval, sd over folds."""
    behind = PIECES.findall(cell)
    return [cell[: cell.index(behind[0])].rstrip(), *behind] if behind else [cell]


def percent(share: float) -> str:
    """Where a value lies on a scale from 0 to 1; beyond its ends it lies at them."""
    return f"{100 * min(1.0, max(0.0, share)):.1f}%"
