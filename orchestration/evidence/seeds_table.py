"""What seeds move, as tables and sentences: how far scores and gains depend on chance of training.

Variances of single people's scores are shown as shares: of people, of seeds, and of what neither
explains, as when some people score better under one seed and others under another.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from orchestration.evidence.formats import as_number, signed
from orchestration.evidence.gains import NAMES
from orchestration.evidence.intervals import FEWEST, LEVEL
from orchestration.evidence.seeds import SeedGains, SeedRows, SeedScores, too_few
from orchestration.evidence.tables import Table
from orchestration.evidence.views import TITLES, View

NOTE = (
    "The same methods trained again with other random numbers, on the same folds: mean, sd, least "
    "and greatest over seeds of the score of all test segments pooled. Then what single people's "
    "scores vary by, in per cent of their variance: how people differ under every seed, what a "
    "seed moves for all people alike, and what it moves for each person otherwise (two-way random "
    "effects)."
)
GAINS_NOTE = (
    "Mean gain of a person over the ECG baseline trained under the same seed. Another seed: "
    "between which bounds the gain of one more training would lie (95 % prediction interval); a "
    "gain is more than a seed moves if they leave out zero, which of two or three seeds they "
    "seldom do. People are the same under every seed: how far others would move a gain is not in "
    "these numbers."
)


def seed_table(found: Sequence[SeedScores]) -> Table:
    """A row for each method and score; variances are in squares of the score."""
    return [_line(one) for one in found]


def seed_view(table: Table, scheme: str) -> View:
    """A line a method and score."""
    heads = ("Method", "Score", "Seeds", "Mean ± sd", "Least", "Greatest")
    return View(
        (*heads, "% of variance: people", "seed", "neither"),
        [
            (
                row["row"],
                TITLES[row["score"]],
                str(row["seeds"]),
                f"{row['mean']:.3f} ± {row['sd']:.3f}",
                f"{row['least']:.3f}",
                f"{row['greatest']:.3f}",
                *_shares(row),
            )
            for row in table
            if row["scheme"] == scheme
        ],
    )


def seed_gain_table(found: Sequence[SeedGains]) -> Table:
    """A row for each method and score."""
    return [_gain_line(gain) for gain in found]


def seed_gain_view(table: Table, scheme: str) -> View:
    """A line a method and score."""
    heads = ("Method", "Score", "Seeds", "Mean gain", "sd over seeds", "Another seed (95 %)")
    return View(
        (*heads, "Seeds that gain"),
        [
            (
                row["row"],
                TITLES[row["score"]],
                str(row["seeds"]),
                signed(row["mean"]),
                f"{row['sd']:.3f}",
                f"{signed(row['low'])} to {signed(row['high'])}",
                f"{row['positive']} of {row['seeds']}",
            )
            for row in table
            if row["scheme"] == scheme
        ],
    )


def seeds_said(gains: Sequence[SeedGains], rows: SeedRows, scheme: str) -> list[str]:
    """Whether each gain in kappa is more than a seed moves; then of whom that cannot be told.

    Nothing of a sweep that was trained under one seed.
    """
    if len(rows) < FEWEST:
        return []
    mine = [gain for gain in gains if (gain.scheme, gain.score) == (scheme, "kappa")]
    alone = ", ".join(too_few(rows, scheme))
    left = [f"With a result under fewer than two seeds, so not told here: {alone}."]
    return [*map(said, mine), *(left if alone else [])]


def said(gain: SeedGains) -> str:
    """Whether a gain is larger than what a seed moves, in a sentence."""
    n, score, gains = len(gain.gains), NAMES.get(gain.score, gain.score), gain.mean >= 0
    (low, high), sign = gain.next, 1 if gains else -1
    change = f"{'gains' if gains else 'loses'} {abs(gain.mean):.3f} {score} a person"
    alike = sum(sign * value > 0 for value in gain.gains.values())
    verdict = "more than" if low > 0 or high < 0 else "which includes zero: no more than"
    return (
        f"{gain.row} {change} {'over' if gains else 'to'} the {gain.rival} on average of {n} "
        f"seeds (sd {gain.sd:.3f}), and does so under {alike} of them; another seed would give "
        f"{signed(low)} to {signed(high)} ({LEVEL * 100:.0f} %), {verdict} a seed moves."
    )


def _line(one: SeedScores) -> dict[str, Any]:
    values = list(one.pooled.values())
    return {
        "scheme": one.scheme,
        "row": one.row,
        "score": one.score,
        "seeds": len(values),
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)),
        "least": min(values),
        "greatest": max(values),
        "variance_people": as_number(one.spread.subject),
        "variance_seed": as_number(one.spread.seed),
        "variance_rest": as_number(one.spread.residual),
    }


def _gain_line(gain: SeedGains) -> dict[str, Any]:
    low, high = gain.next
    return {
        "scheme": gain.scheme,
        "row": gain.row,
        "rival": gain.rival,
        "score": gain.score,
        "seeds": len(gain.gains),
        "mean": gain.mean,
        "sd": gain.sd,
        "low": low,
        "high": high,
        "positive": sum(value > 0 for value in gain.gains.values()),
    }


def _shares(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Percent of the variance of people, seed and rest; nothing where there is none to share."""
    parts = [row[f"variance_{name}"] for name in ("people", "seed", "rest")]
    if None in parts or not sum(parts):
        return ("",) * len(parts)
    return tuple(f"{100 * part / sum(parts):.0f}" for part in parts)
