"""What a figure shows, in words: for those who cannot see it, and for its caption."""

import html
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

MOST_WRITTEN = 16  # numbers written into a drawing that a listener can follow


def caption_of(draw: Callable[..., Any]) -> str:
    """What a drawing function's docstring says before its arguments and sources."""
    words = re.split(r"^(?:Args|Source):", inspect.getdoc(draw) or "", flags=re.MULTILINE)[0]
    return " ".join(words.split())


def in_words(figure: Figure) -> str:
    """Attributes of an <svg> element: its alternative text, and its caption for `page.figure`."""
    caption = str(figure.get_label())  # `style.styled` puts it there
    told = html.escape(f"{caption} {_told(figure)}".strip())
    return f'aria-label="{told}" data-caption="{html.escape(caption)}"'


def _told(figure: Figure) -> str:
    """Panels, axes, key, and what is written into the drawing if it is little."""
    written = _distinct(text.get_text() for axes in figure.axes for text in axes.texts)
    said = {
        "Title": [figure.get_suptitle()],
        "Panels": [title for axes in figure.axes for title in _titles(axes)],
        "Horizontal": [figure.get_supxlabel(), *_axis(axes.xaxis for axes in figure.axes)],
        "Vertical": [figure.get_supylabel(), *_axis(axes.yaxis for axes in figure.axes)],
        "Key": list(_key(figure)),
        "Written in it": written if len(written) <= MOST_WRITTEN else [],
    }
    found = {what: _distinct(words) for what, words in said.items()}
    parts = [f"{what}: {'; '.join(words)}." for what, words in found.items() if words]
    return " ".join(parts)


def _titles(axes: Axes) -> Iterator[str]:
    places: tuple[Any, ...] = ("left", "center", "right")
    yield from (axes.get_title(loc=place) for place in places)


def _axis(each: Iterable[Axis]) -> Iterator[str]:
    """Labels of axes, then the names along them; numbers along an axis are not told."""
    for axis in each:
        ticks = [tick.get_text() for tick in axis.get_ticklabels()]
        names = [tick for tick in ticks if re.search("[A-Za-z]", tick) and "math" not in tick]
        yield from (axis.get_label_text(), ", ".join(names))


def _key(figure: Figure) -> Iterator[str]:
    keys = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    yield from (text.get_text() for key in keys if key for text in key.get_texts())


def _distinct(words: Iterable[str]) -> list[str]:
    """In their order, on one line each, none twice."""
    lines = (" ".join(word.split()) for word in words)
    return list(dict.fromkeys(line for line in lines if line))
