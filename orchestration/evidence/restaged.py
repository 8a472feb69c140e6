"""Nights of 20 s pages, staged in three ways: what is stored of the two that were cut anew.

widened: each page widened to 30 s, a label a segment, as everywhere else and as in the paper.
native: the pages as long as they are, a label each 20 s of the continuous signal.
grid: the continuous signal in 30 s, against pages turned into labels of 30 s.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from datasets.parquet import Subject
from datasets.recut import is_widened
from datasets.segments import SEGMENT_S
from kd_core.confusion import Confusion
from orchestration.chosen import BASELINE, Chosen, best_row
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.staged import StagedNight
from orchestration.formats import as_json, from_json
from orchestration.nights import source_of
from orchestration.store import READERS, Store

WIDENED, NATIVE, GRID = WAYS = ("widened", "native", "grid")
FORMAT = 1  # raise it when nights are cut or counted otherwise, so that they are staged again


@dataclass(frozen=True, kw_only=True, eq=False)
class PagedRow:
    """A method of one scheme and its test nights of 20 s pages in one way."""

    scheme: str
    name: str
    way: str
    """One of WAYS."""
    people: Mapping[str, np.ndarray]
    """Person -> (K, K), the confusion of all of their nights."""
    nights: int
    minutes: float
    """That have both labels, all nights."""


def compared(rows: Sequence[Chosen]) -> list[Chosen]:
    """The rows that are staged in every way: teacher, ECG baseline, the network to take home."""
    found = []
    for scheme in dict.fromkeys(row.scheme for row in rows):
        mine = [row for row in rows if row.scheme == scheme and row.folds]
        home = [best_row(mine, scheme)] if any(r.view == "student_view" for r in mine) else []
        found += [r for r in mine if r.view == "teacher_view" or r.row == BASELINE or r in home]
    return found


def write_restaged(
    store: Store, key: str, subject: Subject, way: str, confusion: Confusion
) -> None:
    """Write what became of one night in one way; pages are the night's, labels those compared."""
    content = {
        "source": source_of(subject),
        "subject": subject.name,
        "person": subject.person,
        "page_s": subject.page_s,
        "pages": sum(subject.stages),
        "way": way,
        "labels": confusion.total,
        "classes": list(confusion.classes),
        "counts": confusion.counts.tolist(),
    }
    store.files.write(path_of(key, subject.name, way), as_json(content))


def unstaged(store: Store, key: str, subjects: Sequence[Subject]) -> list[tuple[Subject, str]]:
    """Nights of 20 s pages, as they are now, and the ways in which the phase must stage them."""
    return [
        (subject, way)
        for subject in subjects
        if is_widened(subject.page_s)
        for way in (NATIVE, GRID)
        if not _is_staged(store, key, subject, way)
    ]


def path_of(key: str, subject: str, way: str) -> str:
    """Where the counts of a subject lie in a store."""
    return f"pages/{key}/{subject}-{way}-{FORMAT}.json"


def read_restaged(
    chosen: Sequence[Chosen], rows: Sequence[EvidenceRow], store: Store
) -> list[PagedRow]:
    """Each compared row three times; rows without nights of 20 s pages, or not staged, are out.

    Args:
        rows: the same rows with their test nights.
    """
    known = {(row.scheme, row.name): row for row in rows}
    with ThreadPoolExecutor(READERS) as pool:
        return [
            paged
            for row in compared(chosen)
            for paged in _read(row, known[row.scheme, row.row], store, pool)
        ]


def left_out(
    chosen: Sequence[Chosen], rows: Sequence[EvidenceRow], read: Sequence[PagedRow], scheme: str
) -> list[str]:
    """Names of compared rows that have nights of 20 s pages, not all of them staged in all ways.

    Args:
        rows: every row with its test nights; read: what `read_restaged` found of them.
    """
    paged = {row.name for row in rows if any(is_widened(night.page_s) for night in row.nights)}
    found = {row.name for row in read if row.scheme == scheme}
    mine = [row.row for row in compared(chosen) if row.scheme == scheme]
    return [name for name in mine if name in paged - found]


def _read(
    chosen: Chosen, row: EvidenceRow, store: Store, pool: ThreadPoolExecutor
) -> list[PagedRow]:
    keys = [fold.key for fold in chosen.folds]
    nights = [(k, n) for k, fold in zip(keys, row.folds, strict=True) for n in fold]
    nights = [(key, night) for key, night in nights if is_widened(night.page_s)]
    found = [_paged(row, WIDENED, [(night, night.confusion) for _, night in nights])]
    for way in (NATIVE, GRID):
        asked = [(store, path_of(key, night.subject, way)) for key, night in nights]
        counted = [c for c in pool.map(_counted, asked) if c]
        if not nights or len(counted) < len(nights):
            return []
        pairs = zip((night for _, night in nights), counted, strict=True)
        found.append(_paged(row, way, list(pairs)))
    return found


def _paged(row: EvidenceRow, way: str, counted: list[tuple[StagedNight, Confusion]]) -> PagedRow:
    nothing = np.zeros((len(row.classes), len(row.classes)), np.int64)
    people: dict[str, np.ndarray] = {}
    for night, confusion in counted:
        people[night.person] = people.get(night.person, nothing) + confusion.counts
    seconds = [(SEGMENT_S if way == GRID else n.page_s) * c.total for n, c in counted]
    return PagedRow(
        scheme=row.scheme,
        name=row.name,
        way=way,
        people=people,
        nights=len(counted),
        minutes=sum(seconds) / 60,
    )


def _counted(asked: tuple[Store, str]) -> Confusion | None:
    """What is stored under a path; None if there is nothing."""
    store, path = asked
    try:
        found = from_json(store.files.read(path), f"{store.root}/{path}")
    except FileNotFoundError:
        return None
    return Confusion(tuple(found["classes"]), np.array(found["counts"], np.int64))


def _is_staged(store: Store, key: str, subject: Subject, way: str) -> bool:
    path = path_of(key, subject.name, way)
    try:
        found = from_json(store.files.read(path), f"{store.root}/{path}")
    except FileNotFoundError:
        return False
    return bool(found["source"] == source_of(subject))
