"""Is the gain real? Every method against a rival, subject by subject, within one scheme."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from orchestration.evidence import scores
from orchestration.evidence.paired import Comparison, compare, corrected_resampled_t, holm
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.words import verdict

COMPARED = ("kappa", "weighted_f1", "macro_f1", "accuracy")
NAMES = {"kappa": "kappa", "weighted_f1": "weighted F1", "macro_f1": "macro F1"}


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

    def said(self) -> str:
        """The comparison in a sentence."""
        rival = f"the {self.rival}"
        name = NAMES.get(self.score, self.score)
        return verdict(self.row, self.comparison, name, rival, self.holm_p)


def gains(
    rows: Sequence[EvidenceRow], rival: str, folds: int, names: Sequence[str] = COMPARED
) -> list[Gain]:
    """Every row of each scheme against the rival's, on the subjects that both have staged.

    Args:
        rival: name of a row; schemes without it are left out.
        folds: parts that the people were divided into, for the corrected t-test.
    """
    found = []
    for scheme in dict.fromkeys(row.scheme for row in rows):
        mine = {row.name: row for row in rows if row.scheme == scheme and row.folds}
        other = mine.pop(rival, None)
        if other and mine:
            for name in names:
                found += _family(list(mine.values()), other, name, folds)
    return found


def gain_table(found: Sequence[Gain]) -> list[dict[str, Any]]:
    """The comparisons as plain rows; None where there is no number."""
    return [_plain(gain) for gain in found]


def _family(rows: Sequence[EvidenceRow], other: EvidenceRow, name: str, folds: int) -> list[Gain]:
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
            *_over_folds(row, other, name, folds),
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
    row: EvidenceRow, other: EvidenceRow, name: str, folds: int
) -> tuple[float, float]:
    """The corrected resampled t-test of the folds' pooled scores."""
    if len(row.folds) != len(other.folds):
        return np.nan, np.nan
    score = scores.SCORES[name]
    share = 1 / (folds - 1) if folds > 2 else 2 / 3  # one part tests, one validates
    return corrected_resampled_t(score(row.fold_counts) - score(other.fold_counts), share)


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
        **{name: float(v) if np.isfinite(v) else None for name, v in numbers.items()},
        "better": found.better,
        "worse": found.worse,
        "equal": found.equal,
    }
