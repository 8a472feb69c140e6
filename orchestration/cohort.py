"""What nights a sweep would run on, before they are ingested: found, or stated by a person.

Gives Subjects as an ingest would, with the segments that annotations promise. Signals are not
read, so a night may still be refused, and its segments be a few less.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets.edf import read_annotations
from datasets.edf_header import read_header
from datasets.mass_pages import read_pages
from datasets.parquet import Subject, read_subject
from datasets.recording import RecordingRef, UnusableRecording
from datasets.segments import SEGMENT_S
from datasets.stages import UNSCORED, Stage
from orchestration.store import Store

SUBSETS = 5  # that stated nights are dealt out over, as MASS's are
READERS = 16  # files at a time: an object store answers late, but to many at once


class Cohort(NamedTuple):
    """The nights that can be used, as far as anybody can tell yet."""

    subjects: tuple[Subject, ...]
    ingested: int  # how many of them are in the store
    refused: tuple[str, ...]  # a reason for each night that cannot be used
    told_by: str  # what the number of segments is taken from

    @property
    def segments(self) -> int:
        """Scored segments of all nights."""
        return sum(segments_of(subject) for subject in self.subjects)

    @property
    def is_ingested(self) -> bool:
        """Whether every night is in the store, so that phases have the names they will have."""
        return self.ingested == len(self.subjects)


def segments_of(subject: Subject) -> int:
    """Scored segments of a night."""
    return sum(subject.stages)


def stated(nights: int, hours: float) -> Cohort:
    """So many nights of so many hours, one a person, all stages in equal parts."""
    each = max(1, int(hours * 3600 / SEGMENT_S) // len(Stage))
    subjects = tuple(
        _subject(f"01-0{i % SUBSETS + 1}-{i // SUBSETS + 1:04d}", f"SS{i % SUBSETS + 1}", each)
        for i in range(nights)
    )
    return Cohort(subjects, 0, (), f"stated: {hours:g} h each")


def found(refs: Sequence[RecordingRef], windows: str, store: Store | None) -> Cohort:
    """The nights of some recordings: from the store where they are ingested, else as annotated.

    Args:
        windows: key of the ingested nights.
    """
    names = set(store.files.names(f"windows/{windows}")) if store else set()
    with ThreadPoolExecutor(READERS) as pool:
        stored = list(pool.map(lambda ref: _ingested(ref, windows, names, store), refs))
        rest = [ref for ref, subject in zip(refs, stored, strict=True) if subject is None]
        promised = list(pool.map(_promised, rest))
    there = [subject for subject in stored if subject]
    usable = [one for one in promised if isinstance(one, Subject)]
    refused = tuple(one for one in promised if isinstance(one, str))
    told_by = "as ingested" if not usable else "as annotated"
    return Cohort((*there, *usable), len(there), refused, told_by)


def ingested(windows: str, store: Store) -> Cohort:
    """All nights in the store, whose recordings may be out of reach."""
    names = [name for name in store.files.names(f"windows/{windows}") if name.endswith(".parquet")]
    paths = [f"windows/{windows}/{name}" for name in names]
    with ThreadPoolExecutor(READERS) as pool:
        subjects = [one for one in pool.map(lambda path: _read(path, store), paths) if one]
    return Cohort(tuple(subjects), len(subjects), (), "as ingested")


def _ingested(
    ref: RecordingRef, windows: str, names: set[str], store: Store | None
) -> Subject | None:
    name = f"{ref.subject}.parquet"
    return _read(f"windows/{windows}/{name}", store) if store and name in names else None


def _read(path: str, store: Store) -> Subject | None:
    with suppress(ValueError, FileNotFoundError), store.files.opened(path) as file:
        return read_subject(file)
    return None


def _promised(ref: RecordingRef) -> Subject | str:
    """The night as its header and annotations tell of it, or why it cannot be used."""
    if not (ref.signals and ref.annotations):
        return f"{ref.subject} has only {Path(ref.signals or ref.annotations).name!r}."
    try:
        read_header(Path(ref.signals))  # refuses a file that is cut short
        path = Path(ref.annotations)
        pages = read_pages(read_annotations(path).notes, 0.0, path.name)
    except (UnusableRecording, ValueError, OSError) as error:
        return " ".join(str(error).split())
    counts = np.bincount(pages.stages[pages.stages != UNSCORED], minlength=len(Stage))
    known = (ref.subject, ref.subset, ref.person, "", tuple(counts.tolist()), "", "")
    return Subject(*known, page_s=pages.page_s)


def _subject(name: str, subset: str, each: int) -> Subject:
    return Subject(name, subset, name, "", (each,) * len(Stage), "", "", 30.0)
