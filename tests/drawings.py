"""Figures to be tested, and what is asked of each: its labels, its ids, the same bytes again."""

import math
import re
from collections.abc import Callable
from functools import cache
from xml.etree import ElementTree

from matplotlib.figure import Figure

from orchestration.evidence.style import as_svg

LONG = "A method <of> a very long name & with alpha 0.53, temperature 2.11, layers encoder"
SEEN = "A method <of> a"  # its first line
NAN = math.nan

Draw = Callable[[], Figure]
Figures = dict[str, tuple[Draw, tuple[str, ...]]]  # a name -> a figure, words that it must show


def drawn(figures: Figures, name: str) -> str:
    """The figure as SVG, drawn once for all tests."""
    return _drawn(figures[name][0])


def missing(figures: Figures, name: str) -> list[str]:
    """Words that the figure, an SVG element without a "nan", should show and does not."""
    root = ElementTree.fromstring(drawn(figures, name))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    shown = "\n".join(root.itertext())
    assert "nan" not in re.findall(r"[a-z]+", shown)
    return [label for label in figures[name][1] if label not in shown]


def ids_of(page: str) -> tuple[list[str], set[str]]:
    """Ids that a page defines, and those that it refers to."""
    used = re.findall(r'(?:href="|url\()#([^")]+)', page)
    return re.findall(r'\sid="([^"]+)"', page), set(used)


@cache
def _drawn(draw: Draw) -> str:
    return as_svg(draw())
