"""What a label for each 20 s page costs or gains: three ways to stage such pages, side by side.

Scores are of all labels pooled, intervals are BCa over people. Differences are within people, each
way minus the widened one; Holm's correction is over the rows and ways of a scheme.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from orchestration.evidence.formats import as_number, bounded
from orchestration.evidence.intervals import bca
from orchestration.evidence.paired import Comparison, compare, holm
from orchestration.evidence.restaged import GRID, NATIVE, WIDENED, PagedRow
from orchestration.evidence.scores import SCORES
from orchestration.evidence.tables import Table
from orchestration.evidence.views import TITLES, View
from orchestration.evidence.words import ALPHA, verdict

SHOWN = ("kappa", "weighted_f1", "accuracy")
WORDS = {
    WIDENED: "pages widened to 30 s",
    NATIVE: "20 s pages as they are",
    GRID: "a 30 s grid",
}
Compared = Mapping[tuple[str, str], tuple[Comparison, float]]  # row and way -> and Holm's p


def pages_table(rows: Sequence[PagedRow]) -> Table:
    """A row for each method, way and score."""
    return [
        _line(row, score, differences.get((row.name, row.way)))
        for scheme in dict.fromkeys(row.scheme for row in rows)
        for score in SHOWN
        for differences in [_compared(rows, scheme, score)]
        for row in rows
        if row.scheme == scheme
    ]


def pages_view(table: Table, scheme: str) -> View:
    """A line a method and way."""
    lines: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in table:
        if row["scheme"] == scheme:
            lines.setdefault((row["row"], row["way"]), {})[row["score"]] = row
    heads = ["Method", "Way"]
    for score in SHOWN:
        heads += [f"{TITLES[score]} (95 % interval)", "minus widened, a person"]
    cells = []
    for (name, way), found in lines.items():
        line = [name, WORDS[way]]
        for score in SHOWN:
            line += [_cell(found[score], "value", ""), _cell(found[score], "difference", "+")]
        cells.append(tuple(line))
    return View(tuple(heads), cells)


def pages_said(rows: Sequence[PagedRow], scheme: str) -> list[str]:
    """Whether a label for each 20 s page loses kappa; then every comparison as a sentence."""
    found = _compared(rows, scheme, "kappa")
    groups: dict[str, list[str]] = {}
    for (name, way), pair in found.items():
        if way == NATIVE:
            groups.setdefault(_loss(*pair), []).append(name)
    said = "; ".join(f"{what} for {', '.join(names)}" for what, names in groups.items())
    asked = "Trained on 30 s and asked for a label each 20 s"
    head = [f"{asked}: {said}. {_size(rows, scheme)}"] if said else []
    return head + [_sentence(name, way, *pair) for (name, way), pair in found.items()]


def _size(rows: Sequence[PagedRow], scheme: str) -> str:
    """How much was staged; a grid has no label where scoring is too scarce, so minutes differ."""
    mine = [row for row in rows if row.scheme == scheme]
    nights, people = mine[0].nights, len(mine[0].people)
    minutes = sorted({round(row.minutes) for row in mine})
    span = " to ".join(f"{each:,}" for each in dict.fromkeys((minutes[0], minutes[-1])))
    return f"Nights: {nights}, people: {people}, minutes with a label: {span}."


def _loss(comparison: Comparison, holm_p: float) -> str:
    """Whether kappa is lost: by its interval, and by its p among the other comparisons."""
    if not comparison.mean.high < 0:
        return "no loss of kappa is shown"
    return "a loss of kappa is shown" if holm_p < ALPHA else "kappa may be lost, but not surely"


def _sentence(name: str, way: str, comparison: Comparison, holm_p: float) -> str:
    return verdict(f"{name} on {WORDS[way]}", comparison, "kappa", WORDS[WIDENED], holm_p)


def _compared(rows: Sequence[PagedRow], scheme: str, score: str) -> Compared:
    """Both other ways of each row of a scheme against the widened one, person by person."""
    mine = [row for row in rows if row.scheme == scheme]
    widened = {row.name: row for row in mine if row.way == WIDENED}
    others = [row for row in mine if row.way != WIDENED]
    found = [compare(*_paired(row, widened[row.name], score)) for row in others]
    adjusted = holm([comparison.wilcoxon_p for comparison in found])
    names = [(row.name, row.way) for row in others]
    return dict(zip(names, zip(found, adjusted, strict=True), strict=True))


def _paired(row: PagedRow, other: PagedRow, score: str) -> tuple[np.ndarray, np.ndarray]:
    """(n,) scores of the same people twice; who has no label in one way is in neither."""
    both = [person for person, counts in row.people.items() if counts.any()]
    K = next(iter(row.people.values())).shape[-1]
    pair = ([r.people[person] for person in both] for r in (row, other))
    ours, theirs = (np.array(counts, np.int64).reshape(-1, K, K) for counts in pair)
    return SCORES[score](ours), SCORES[score](theirs)


def _line(row: PagedRow, score: str, pair: tuple[Comparison, float] | None) -> dict[str, Any]:
    counts = np.stack(list(row.people.values()))
    pooled = bca(counts, SCORES[score])
    line = {
        "scheme": row.scheme,
        "row": row.name,
        "way": row.way,
        "nights": row.nights,
        "people": len(row.people),
        "labels": int(counts.sum()),
        "minutes": row.minutes,
        "score": score,
        "value": pooled.estimate,
        "low": as_number(pooled.low),
        "high": as_number(pooled.high),
    }
    return line | (_difference(*pair) if pair else {})


def _difference(found: Comparison, holm_p: float) -> dict[str, Any]:
    return {
        "difference": as_number(found.mean.estimate),
        "difference_low": as_number(found.mean.low),
        "difference_high": as_number(found.mean.high),
        "wilcoxon_p": as_number(found.wilcoxon_p),
        "holm_p": as_number(holm_p),
        "better": found.better,
        "worse": found.worse,
        "equal": found.equal,
    }


def _cell(row: Mapping[str, Any], name: str, sign: str) -> str:
    """A number and its interval; nothing where there is none."""
    low, high = ("low", "high") if name == "value" else (f"{name}_low", f"{name}_high")
    return bounded(row.get(name), row.get(low), row.get(high), sign)
