"""Is the gain real? Every method against a rival, subject by subject, within one scheme."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from orchestration.chosen import SIMPLE
from orchestration.evidence import scores
from orchestration.evidence.formats import as_number
from orchestration.evidence.paired import Comparison, compare, corrected_resampled_t, holm
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.words import verdict

COMPARED = ("kappa", "weighted_f1", "macro_f1", "accuracy")
NAMES = {"kappa": "kappa", "weighted_f1": "weighted F1", "macro_f1": "macro F1"}
SPOKEN = {SIMPLE: "RR discriminant"}  # rows that a sentence calls otherwise


class Gain(NamedTuple):
    """One method against its rival in one score."""

    scheme: str
    row: str
    rival: str
    score: str
    comparison: Comparison
    holm_p: float
    """Wilcoxon p, adjusted for the methods of the scheme."""
    t: float
    """Of folds, corrected for the subjects that their training sets share; NaN of one fold."""
    t_p: float
    folds: int

    def said(self) -> str:
        """The comparison in a sentence."""
        row = f"The {SPOKEN[self.row]}" if self.row in SPOKEN else self.row
        name = NAMES.get(self.score, self.score)
        return verdict(row, self.comparison, name, f"the {spoken(self.rival)}", self.holm_p)


def spoken(row: str) -> str:
    """What a sentence calls a row."""
    return SPOKEN.get(row, row)


def sided(found: Sequence[Gain]) -> str:
    """Which rows gain or lose against their one rival, by intervals, in a sentence."""
    sides: dict[str, list[str]] = {}
    for gain in found:
        mean = gain.comparison.mean
        shown = "gains" if mean.estimate > 0 else "loses"
        sides.setdefault(shown if mean.excludes(0) else "shows neither", []).append(gain.row)
    said = "; ".join(f"{', '.join(rows)}: {side}" for side, rows in sides.items())
    score = NAMES.get(found[0].score, found[0].score)
    return f"{score} against the {spoken(found[0].rival)}, by intervals: {said}."


def gains(
    rows: Sequence[EvidenceRow], rival: str, test_share: float, names: Sequence[str] = COMPARED
) -> list[Gain]:
    """Every row of each scheme against the rival's, on the subjects that both have staged.

    Args:
        rival: name of a row; schemes without it are left out.
        test_share: n_test / (n_train + n_test) of the folds, for the corrected t-test.
    """
    found = []
    for scheme in dict.fromkeys(row.scheme for row in rows):
        mine = {row.name: row for row in rows if row.scheme == scheme and row.folds}
        other = mine.pop(rival, None)
        if other and mine:
            for name in names:
                found += _family(list(mine.values()), other, name, test_share)
    return found


def gain_table(found: Sequence[Gain]) -> list[dict[str, Any]]:
    """The comparisons as plain rows; None where there is no number."""
    return [_plain(gain) for gain in found]


def _family(
    rows: Sequence[EvidenceRow], other: EvidenceRow, name: str, test_share: float
) -> list[Gain]:
    """All methods in one score: the family that Holm's correction is over."""
    pairs = [_paired(row, other) for row in rows]
    score = scores.SCORES[name]
    found = [compare(score(ours), score(theirs)) for ours, theirs in pairs]
    adjusted = holm([comparison.wilcoxon_p for comparison in found])
    return [
        Gain(
            row.scheme,
            row.name,
            other.name,
            name,
            comparison,
            p,
            *_over_folds(row, other, name, test_share),
            len(row.folds),
        )
        for row, comparison, p in zip(rows, found, adjusted, strict=True)
    ]


def _paired(row: EvidenceRow, other: EvidenceRow) -> tuple[np.ndarray, np.ndarray]:
    """(n, K, K) twice: the confusions of the people whom both have staged, in one order."""
    both = [person for person in row.people if person in other.people]
    K = len(row.classes)
    pair = ([r.people[person] for person in both] for r in (row, other))
    ours, theirs = (np.array(found, dtype=np.int64).reshape(-1, K, K) for found in pair)
    return ours, theirs


def _over_folds(
    row: EvidenceRow, other: EvidenceRow, name: str, test_share: float
) -> tuple[float, float]:
    """The corrected resampled t-test of the folds' pooled scores."""
    if len(row.folds) != len(other.folds):
        return np.nan, np.nan
    score = scores.SCORES[name]
    return corrected_resampled_t(score(row.fold_counts) - score(other.fold_counts), test_share)


def _plain(gain: Gain) -> dict[str, Any]:
    found = gain.comparison
    numbers = {
        "mean": found.mean.estimate,
        "low": found.mean.low,
        "high": found.mean.high,
        "median": found.median,
        "wilcoxon_p": found.wilcoxon_p,
        "holm_p": gain.holm_p,
        "permutation_p": found.permutation_p,
        "corrected_t": gain.t,
        "corrected_t_p": gain.t_p,
        "rank_biserial": found.rank_biserial,
        "cohen_dz": found.cohen_dz,
    }
    return {
        "scheme": gain.scheme,
        "row": gain.row,
        "rival": gain.rival,
        "score": gain.score,
        "folds": gain.folds,
        **{name: as_number(value) for name, value in numbers.items()},
        "better": found.better,
        "worse": found.worse,
        "equal": found.equal,
    }
