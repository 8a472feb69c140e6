"""Where a method does well: scores of groups of subjects, each with its interval.

Subsets of MASS differ in people, in equipment and in the rules they were scored by.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from kd_core.confusion import Confusion
from orchestration.evidence.intervals import Interval, bca
from orchestration.evidence.scores import SCORES, Score
from orchestration.evidence.staged import StagedNight

AASM, R_AND_K = "AASM, 30 s pages", "R&K, 20 s pages"
RULES = {"SS1": AASM, "SS2": R_AND_K, "SS3": AASM, "SS4": R_AND_K, "SS5": R_AND_K}  # MASS cohort 1

Descriptors = Mapping[str, Mapping[str, str]]
"""Subject -> what is known of it, say {"sex": "women", "mci": "yes"}."""


class Group(NamedTuple):
    """The nights that share one value of one descriptor."""

    descriptor: str
    """What divides: "subset", "rule", "sex" ..."""
    value: str
    """Which part this is: "SS1", "women" ..."""
    subjects: int
    """People; the intervals are over them."""
    segments: int
    scores: dict[str, Interval]
    """Scores of the pooled segments, by name."""


def subgroups(
    nights: Sequence[StagedNight],
    descriptors: Descriptors | None = None,
    scores: Mapping[str, Score] = SCORES,
) -> list[Group]:
    """The nights of one row by subset, by scoring rule and by each further descriptor.

    A night of which a descriptor is unknown is in no group of that descriptor. Further
    descriptors cannot stand in for subset and rule.
    """
    members: dict[tuple[str, str], list[StagedNight]] = {}
    for night in nights:
        for part in _parts(night, (descriptors or {}).get(night.subject, {})):
            members.setdefault(part, []).append(night)
    order = list(dict.fromkeys(descriptor for descriptor, _ in members))
    parts = sorted(members, key=lambda part: (order.index(part[0]), part[1]))
    return [_group(*part, members[part], scores) for part in parts]


def _parts(night: StagedNight, known: Mapping[str, str]) -> list[tuple[str, str]]:
    """(descriptor, value) of every group that the night is in."""
    rule = {"rule": RULES[night.subset]} if night.subset in RULES else {}
    ours = {"subset": night.subset} | rule
    return list((ours | dict(known) | ours).items())


def _group(
    descriptor: str, value: str, nights: Sequence[StagedNight], scores: Mapping[str, Score]
) -> Group:
    counts = counts_by_person(nights)
    intervals = {name: bca(counts, score) for name, score in scores.items()}
    return Group(descriptor, value, len(counts), int(counts.sum()), intervals)


def counts_by_person(nights: Sequence[StagedNight]) -> np.ndarray:
    """(people, K, K): what `bca` draws from; two nights of one person are not independent."""
    return np.stack([confusion.counts for confusion in by_person(nights).values()])


def by_person(nights: Sequence[StagedNight]) -> dict[str, Confusion]:
    """Person -> the confusion of all of their nights together."""
    people: dict[str, Confusion] = {}
    for night in nights:
        nothing = Confusion.zeros(night.classes)
        people[night.person] = people.get(night.person, nothing) + night.confusion
    return people
