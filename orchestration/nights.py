"""The nights of a phase, scaled and labelled: from this machine's files, else from the store."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from datasets.parquet import LAYOUT, Subject, read_subject
from datasets.stages import SCHEMES
from datasets.windows import ScaledNight, load_night
from orchestration.night_files import NightFiles
from orchestration.store import Store

STAGES = SCHEMES["W-N1-N2-N3-R"]  # files hold stages, so that all schemes share them
HASH_DIGITS = 16  # of a night's source hash, in the spec of a phase


def source_of(subject: Subject) -> str:
    """What tells whether a night is the one that is meant: digits of its source hash."""
    return subject.source_hash[:HASH_DIGITS]


def open_nights(
    store: Store, windows: str, sources: Mapping[str, str], scheme: str, scaling: str
) -> list[ScaledNight]:
    """The nights of some subjects, in their order; nobody else's is touched.

    Args:
        windows: key of the ingested windows.
        sources: subject -> first digits of the source hash of the night that is meant.

    Raises:
        ValueError: a night in the store is not the one that is meant.
    """
    files = NightFiles()
    nights = []
    for subject, source in sources.items():
        name = f"{subject}-{source}-{windows}-{LAYOUT}-{scaling}"
        night = files.read(name, subject)
        if night is None:
            night = files.keep(name, _fetched(store, windows, subject, source, scaling))
        nights.append(replace(night, labels=SCHEMES[scheme].labels(night.labels)))
    return nights


def _fetched(store: Store, windows: str, subject: str, source: str, scaling: str) -> ScaledNight:
    """A night from the store, labelled by its stages, if it is the one that is meant."""
    with opened_night(store, windows, subject, source) as path:
        return load_night(path, STAGES, scaling)


@contextmanager
def opened_night(store: Store, windows: str, subject: str, source: str) -> Iterator[Path]:
    """A file of a night on this machine while the block lasts, if it is the one that is meant.

    Raises:
        ValueError: it was cut from another recording.
    """
    with store.night(windows, subject) as path:
        found = source_of(read_subject(path))
        if found != source:
            raise ValueError(
                f"The night of {subject} in windows {windows} was cut from the recording "
                f"{found!r}, but {source!r} is meant: it was ingested anew since this sweep "
                "began. Run the same command again."
            )
        yield path
