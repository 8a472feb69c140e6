"""How much of a score is chance of training: the same methods trained again under other seeds.

Rows of every seed in; what the seeds of each method score, and how they differ from the baseline
under the same seed, out. Folds and people are the same under every seed, so nothing else differs.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t

from orchestration.chosen import BASELINE
from orchestration.evidence import scores
from orchestration.evidence.gains import COMPARED
from orchestration.evidence.intervals import FEWEST, LEVEL
from orchestration.evidence.paired import DECIMALS, Spread, spread
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.scores import Score

SeedRows = Mapping[int, Sequence[EvidenceRow]]
"""Seed -> the rows of all schemes that were trained under it, the plan's own seed among them."""
BySeed = Mapping[int, EvidenceRow]
UNKNOWN = Spread(np.nan, np.nan, np.nan, np.nan)


class SeedScores(NamedTuple):
    """What one method scores under each seed."""

    scheme: str
    row: str
    score: str
    pooled: Mapping[int, float]
    """Seed -> score of all test segments pooled."""
    spread: Spread
    """Variances of the scores of single people: of the seed, of the person, of neither."""


class SeedGains(NamedTuple):
    """What one method gains over a rival under each seed that both have."""

    scheme: str
    row: str
    rival: str
    score: str
    gains: Mapping[int, float]
    """Seed -> mean over people of their score less that under the rival."""

    @property
    def mean(self) -> float:
        """Over seeds."""
        return float(np.mean(list(self.gains.values())))

    @property
    def sd(self) -> float:
        """Over seeds: how far the gain of one training lies from the mean."""
        return float(np.std(list(self.gains.values()), ddof=1))

    @property
    def next(self) -> tuple[float, float]:
        """Where the gain under a further seed would lie with a probability of LEVEL.

        Source: prediction interval of one more draw from a normal distribution of unknown mean
        and variance: mean -+ t(n - 1) sd sqrt(1 + 1 / n).
        """
        n = len(self.gains)
        reach = t.ppf((1 + LEVEL) / 2, n - 1) * self.sd * np.sqrt(1 + 1 / n)
        return float(self.mean - reach), float(self.mean + reach)


def seed_scores(rows: SeedRows, names: Sequence[str] = COMPARED) -> list[SeedScores]:
    """The scores of every method that has a result under two seeds or more."""
    return [
        SeedScores(scheme, row, name, _pooled(found, score), _spread(found, score))
        for (scheme, row), found in _trained(rows).items()
        if len(found) >= FEWEST
        for name, score in _named(names)
    ]


def seed_gains(
    rows: SeedRows, rival: str = BASELINE, names: Sequence[str] = COMPARED
) -> list[SeedGains]:
    """Every method against the rival under each seed that both have, if those are two or more."""
    trained = _trained(rows)
    found = [
        SeedGains(scheme, row, rival, name, _gains(ours, trained[scheme, rival], score))
        for (scheme, row), ours in trained.items()
        if row != rival and (scheme, rival) in trained
        for name, score in _named(names)
    ]
    return [gain for gain in found if len(gain.gains) >= FEWEST]


def too_few(rows: SeedRows, scheme: str) -> list[str]:
    """Methods of a scheme that no table of seeds has: a result under fewer than two of them."""
    trained = _trained(rows).items()
    return [row for (mine, row), found in trained if mine == scheme and len(found) < FEWEST]


def _trained(rows: SeedRows) -> dict[tuple[str, str], BySeed]:
    """Scheme and method -> seed -> its row, where it did not fail."""
    names = dict.fromkeys((row.scheme, row.name) for mine in rows.values() for row in mine)
    done = {(seed, row.scheme, row.name): row for seed in rows for row in rows[seed] if row.folds}
    return {
        name: {seed: done[seed, *name] for seed in rows if (seed, *name) in done} for name in names
    }


def _named(names: Sequence[str]) -> list[tuple[str, Score]]:
    return [(name, scores.SCORES[name]) for name in names]


def _pooled(found: BySeed, score: Score) -> dict[int, float]:
    """Seed -> score of all test segments pooled."""
    return {seed: float(score(row.pooled.counts)) for seed, row in found.items()}


def _spread(found: BySeed, score: Score) -> Spread:
    """Of the people whom every seed has staged."""
    first, *others = found.values()
    both = [person for person in first.people if all(person in row.people for row in others)]
    if not both:
        return UNKNOWN
    return spread(np.stack([score(_counts(row, both)) for row in found.values()]))


def _gains(ours: BySeed, theirs: BySeed, score: Score) -> dict[int, float]:
    """Seed -> mean difference of the people whom both have staged under it."""
    found = {}
    for seed in (seed for seed in ours if seed in theirs):
        pair = ours[seed], theirs[seed]
        both = [person for person in pair[0].people if person in pair[1].people]
        if both:
            mine, other = (score(_counts(row, both)) for row in pair)
            found[seed] = round(float((mine - other).mean()), DECIMALS)
    return found


def _counts(row: EvidenceRow, people: Sequence[str]) -> np.ndarray:
    """(people, K, K)."""
    return np.stack([row.people[person] for person in people])
