"""One field of an EDF header: bytes in; a text, a whole number or a decimal one out.

Numbers are told by a pattern because Python's int and float also take "1_000", "nan" and the
digits of other scripts.
"""

import math
import re

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def text(field: bytes) -> str:
    """A header field; the standard wants ASCII, real files hold UTF-8 or Latin-1."""
    try:
        return field.decode("utf-8").strip(" \x00")
    except UnicodeDecodeError:
        return field.decode("latin-1").strip(" \x00")


def whole_number(field: bytes) -> int:
    """A whole number; a ValueError where the field holds something else."""
    digits = text(field)
    if not _WHOLE.fullmatch(digits):
        raise ValueError(f"its header has {digits!r} where a whole number belongs")
    return int(digits)


def number(field: bytes) -> float:
    """A decimal number, or NaN, which is refused only where the number is wanted."""
    digits = text(field)
    return float(digits) if _NUMBER.fullmatch(digits) else math.nan
