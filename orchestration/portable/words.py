"""Words of a model card, and of the command that made it; text from outside is escaped."""

import html
import re
from collections.abc import Mapping, Sequence

from orchestration.staging.spec import StagingSpec

FLOOR = "floor"
ROUNDING = "rounding"  # how far torch itself is from its logits in float64


def agreement_words(spec: StagingSpec) -> list[str]:
    """How far each file's answers are from those of torch, a line a file."""
    found, int8 = spec.origin.get("agreement", {}), spec.origin.get("int8", {})
    lines = [
        f"{plain(name)}: logits within {difference:.1e} of torch's"
        for name, difference in found.items()
        if name != ROUNDING
    ]
    if ROUNDING in found:
        lines.append(f"torch itself: within {found[ROUNDING]:.1e} of its logits in float64")
    if int8:
        lines.append(
            f"int8: {int8['in_bytes']} of {int8['convolutions']} convolutions in bytes, static, "
            f"calibrated with {plain(int8['nights'])}; on other pieces of the same nights logits "
            f"differ by {int8['mean_difference']:.2g} in the mean and "
            f"{int8['max_difference']:.2g} at most, and {int8['labels_equal']:.2%} of "
            f"{int8['labels']} labels are equal"
        )
    return lines


def floor_words(scores: Mapping[str, Mapping[str, float]]) -> str:
    """What the floor is, and which accuracies do not reach it."""
    told = (
        "Of segments of 30 s, seen in windows as in training; staging sees the whole night at "
        "once and names some otherwise. The floor is the accuracy of always naming the commonest "
        "class."
    )
    missed = [p for p, s in scores.items() if s.get("accuracy", 1.0) <= s.get(FLOOR, 0.0)]
    if missed:
        told += f" **On {' and '.join(map(plain, missed))} subjects it does not do better.**"
    return told


def plain(text: object) -> str:
    """Text as Markdown shows it as it is, in one line."""
    words = html.escape(" ".join(str(text).split()), quote=False)
    return re.sub(r"([\\`*_\[\]{}#|~!<>()])", r"\\\1", words)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of escaped cells, the first of them the head."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])
