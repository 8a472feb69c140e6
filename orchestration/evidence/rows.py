"""A row of the leaderboard with every test night behind it, read once for all of the report."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from kd_core.confusion import Confusion
from orchestration.chosen import Chosen
from orchestration.evidence.staged import StagedNight
from orchestration.evidence.subgroups import by_person
from orchestration.probabilities import read_staged
from orchestration.store import READERS, Store


@dataclass(frozen=True, kw_only=True, eq=False)
class EvidenceRow:
    """A method of one scheme and how it staged its test nights."""

    scheme: str
    name: str
    """A method's name, "Best found", or a baseline."""
    point: str
    """The hyperparameters that matter."""
    folds: tuple[tuple[StagedNight, ...], ...]
    """The test nights of each fold; none if the method failed."""
    failed: str = ""
    """Why there are no folds."""

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the K classes."""
        return tuple(self.scheme.split("-"))

    @cached_property
    def nights(self) -> tuple[StagedNight, ...]:
        """All test nights by subject."""
        return tuple(sorted((n for fold in self.folds for n in fold), key=lambda n: n.subject))

    @cached_property
    def counts(self) -> np.ndarray:
        """(n, K, K): the confusion of each night."""
        return np.stack([night.confusion.counts for night in self.nights])

    @cached_property
    def pooled(self) -> Confusion:
        """All test segments together."""
        return Confusion(self.classes, self.counts.sum(axis=0))

    @cached_property
    def fold_counts(self) -> np.ndarray:
        """(folds, K, K): the confusion of each fold's nights together."""
        return np.stack([sum(night.confusion.counts for night in fold) for fold in self.folds])

    @cached_property
    def people(self) -> Mapping[str, np.ndarray]:
        """Person -> (K, K), the confusion of all of their nights: what intervals draw from."""
        return {person: found.counts for person, found in by_person(self.nights).items()}

    @property
    def people_counts(self) -> np.ndarray:
        """(people, K, K): the same as an array."""
        return np.stack(list(self.people.values()))

    @property
    def subjects(self) -> tuple[str, ...]:
        """Names of the test subjects, in the order of `nights`."""
        return tuple(night.subject for night in self.nights)


def read_rows(rows: Sequence[Chosen], store: Store) -> list[EvidenceRow]:
    """The rows with their test nights, as they are stored."""
    with ThreadPoolExecutor(READERS) as pool:
        return [_read(chosen, store, pool) for chosen in rows]


def _read(chosen: Chosen, store: Store, pool: ThreadPoolExecutor) -> EvidenceRow:
    folds = [pool.map(partial(read_staged, store, fold.key), fold.test) for fold in chosen.folds]
    return EvidenceRow(
        scheme=chosen.scheme,
        name=chosen.row,
        point=chosen.point.removeprefix(chosen.row).strip(),  # its name says the method already
        folds=tuple(tuple(nights) for nights in folds),
        failed=chosen.failed,
    )
