"""The text of an SVG made smaller, and the same whenever it is drawn."""

import re


def numbered(text: str) -> str:
    """Ids counted from 0: Matplotlib makes some of them from places in memory."""
    found = re.findall(r'\sid="([^"]*)"', text)
    numbers = {name: str(number) for number, name in enumerate(dict.fromkeys(found))}
    return re.sub(
        r'(\sid="|url\(#|href="#)([^")]+)',
        lambda match: match[1] + numbers.get(match[2], match[2]),
        text,
    )


def shorter(tag: str) -> str:
    """A tag with its numbers to a hundredth of a point, which halves a drawing."""
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", tag)
