"""The report as one HTML file that needs no network: parts, made of text, tables, figures."""

from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from orchestration.evidence.views import View


@dataclass(frozen=True, kw_only=True)
class Block:
    """Something in a part of the page; `kind` says which of the fields it uses."""

    kind: str
    text: str = ""
    lines: tuple[str, ...] = ()
    cards: tuple[tuple[str, str, str], ...] = ()
    """What it is, the number, what it says."""
    heads: tuple[str, ...] = ()
    cells: tuple[tuple[str, ...], ...] = ()
    svg: str = ""
    summary: str = ""


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


def cards(found: list[tuple[str, str, str]]) -> Block:
    """Numbers in large letters: what each is, the number, what it says."""
    return Block(kind="cards", cards=tuple(found))


def table(view: View) -> Block:
    """A table of words."""
    return Block(kind="table", heads=view.heads, cells=tuple(view.cells))


def figure(svg: str) -> Block:
    """A drawing."""
    return Block(kind="figure", svg=svg)


def raw(summary: str, words: str) -> Block:
    """Something long, folded away."""
    return Block(kind="raw", summary=summary, text=words)


def as_html(title: str, subtitle: str, parts: list[Part]) -> bytes:
    """The whole page; what is in a text is escaped, so a file's name cannot become a script."""
    template = (files(__package__) / "page.html.j2").read_text()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(template)
    return page.render(title=title, subtitle=subtitle, parts=parts).encode()
