"""What stress tests wrote as what is drawn of them: those of the same nights and noise together.

stress.json in; for each scheme and row what its networks score, however they learned, out.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from orchestration.denoising.stress_fronts import BARE

DRAWN = ("kappa", "weighted_f1")
FLOOR = "floor_commonest_class"


class Way(NamedTuple):
    """What stands in front of networks, and what stood there while they learned."""

    learned: str
    """Name of a denoiser, or BARE's."""
    front: str
    """Name of a denoiser, a filter, or BARE's."""

    @property
    def as_learned(self) -> bool:
        """Whether both are the same."""
        return self.learned == self.front

    def __str__(self) -> str:
        bare = self.learned == BARE.name
        learned = "learned without a denoiser" if bare else f"learned behind {self.learned}"
        if self.as_learned:
            return learned
        front = "without it" if self.front == BARE.name else f"{self.front} in front"
        return f"{learned}, {front}"


class StagedAt(NamedTuple):
    """What staging networks score on nights with noise added."""

    way: Way
    group: str
    """Of noise; any, where none was added."""
    snr_db: float
    """Infinite where no noise was added."""
    metric: str
    """"weighted_f1", "kappa" or another score."""
    value: float
    low: float
    high: float
    """The ends of the interval; NaN where there is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StagedUnderNoise:
    """What the networks of a row score under noise, in every way that was tried."""

    scheme: str
    row: str
    """Of the leaderboard."""
    found: Sequence[StagedAt]
    floors: Mapping[str, float]
    """Metric -> what naming the commonest stage scores."""

    @property
    def ways(self) -> tuple[Way, ...]:
        """How they learned and are used, in the order found."""
        return tuple(dict.fromkeys(each.way for each in self.found))

    @property
    def file(self) -> str:
        """A name for its figure: letters, digits, hyphens and an underscore."""
        return f"{_plain(self.scheme)}_{_plain(self.row)}"


class _Part(NamedTuple):
    """A row of a scheme in one stress.json."""

    source: str
    tested_on: str  # digests of nights and noise
    staged: StagedUnderNoise


def read_stress(tests: Mapping[str, bytes]) -> list[StagedUnderNoise]:
    """What some stress tests found, a part for each scheme and row.

    Args:
        tests: where a stress.json lies -> its content.

    Raises:
        ValueError: one is no stress.json; two have a row on other nights, or in the same way.
    """
    parts: dict[tuple[str, str], list[_Part]] = {}
    for source, content in tests.items():
        for part in _parts(source, content):
            parts.setdefault((part.staged.scheme, part.staged.row), []).append(part)
    return [_joined(same) for same in parts.values()]


def _parts(source: str, content: bytes) -> list[_Part]:
    try:
        told = json.loads(content)
        conditions = told["conditions"]
        tested_on = f"{told.get('made', {}).get('data')} {told.get('noise')}"
        named = dict.fromkeys((one["scheme"], one["row"]) for one in conditions)
        return [_Part(source, tested_on, _staged(conditions, *name)) for name in named]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{source} is no stress.json of python -m orchestration.stress_test: "
            f"{type(error).__name__} {error}. Run the stress test again."
        ) from error


def _staged(conditions: Sequence[Mapping[str, Any]], scheme: str, row: str) -> StagedUnderNoise:
    mine = [one for one in conditions if (one["scheme"], one["row"]) == (scheme, row)]
    return StagedUnderNoise(
        scheme=scheme,
        row=row,
        found=[_point(one, metric) for one in mine for metric in DRAWN],
        floors={metric: float(mine[0][f"{metric}_{FLOOR}"]) for metric in DRAWN},
    )


def _point(condition: Mapping[str, Any], metric: str) -> StagedAt:
    snr_db, low, high = (condition[name] for name in ("snr_db", f"{metric}_low", f"{metric}_high"))
    return StagedAt(
        way=Way(condition["learned_behind"], condition["denoiser"]),
        group=condition["group"],
        snr_db=math.inf if snr_db is None else snr_db,
        metric=metric,
        value=condition[metric],
        low=math.nan if low is None else low,
        high=math.nan if high is None else high,
    )


def _joined(parts: Sequence[_Part]) -> StagedUnderNoise:
    """The same row of several stress tests as one."""
    first = parts[0].staged
    sources = " and ".join(part.source for part in parts)
    if len({part.tested_on for part in parts}) > 1:
        raise ValueError(
            f"{sources}: {first.row} of {first.scheme} was not tested on the same nights and "
            "noise. Run the stress tests on sweeps of the same recordings, with the same denoiser."
        )
    ways = [way for part in parts for way in part.staged.ways]
    if twice := [str(way) for way in dict.fromkeys(ways) if ways.count(way) > 1]:
        raise ValueError(
            f"{sources}: each has {first.row} of {first.scheme}, {twice[0]}, and a figure cannot "
            "tell them apart. Leave one out."
        )
    return StagedUnderNoise(
        scheme=first.scheme,
        row=first.row,
        found=[each for part in parts for each in part.staged.found],
        floors=first.floors,
    )


def _plain(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum() or letter == "-")
