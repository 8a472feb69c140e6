"""Nights are fetched from the store once a machine, and only the ones that are meant."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from datasets.stages import SCHEMES
from datasets.windows import load_night
from orchestration.nights import open_nights
from orchestration.store import Store
from tests.phase_runs import WINDOWS, sources_of, store_of


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_CACHE", str(tmp_path / "files"))


@pytest.fixture
def sources(nights: Path) -> dict[str, str]:
    return dict(list(sources_of(nights).items())[:2])


@pytest.fixture
def store(nights: Path, tmp_path: Path) -> Store:
    return store_of(nights, tmp_path / "storage")


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Subjects in the order that the store hands out their nights."""
    subjects: list[str] = []
    night = Store.night

    @contextmanager
    def counted(store: Store, windows: str, subject: str) -> Iterator[Path]:
        subjects.append(subject)
        with night(store, windows, subject) as path:
            yield path

    monkeypatch.setattr(Store, "night", counted)
    return subjects


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("scaling", ["night", "segment"])
def test_nights_are_what_the_store_holds_scaled_and_labelled(
    store: Store, nights: Path, sources: dict[str, str], scheme: str, scaling: str
) -> None:
    for _ in ("from the store", "from the file"):
        found = open_nights(store, WINDOWS, sources, scheme, scaling)
        for night, subject in zip(found, sources, strict=True):
            plain = load_night(nights / f"{subject}.parquet", SCHEMES[scheme], scaling)
            assert night.subject == subject
            for name in ("eeg", "ecg", "labels", "segment"):
                np.testing.assert_array_equal(getattr(night, name), getattr(plain, name))


def test_all_schemes_share_what_was_fetched_once(
    store: Store, sources: dict[str, str], fetched: list[str]
) -> None:
    for scheme in SCHEMES:
        open_nights(store, WINDOWS, sources, scheme, "night")
    assert fetched == list(sources)
    open_nights(store, WINDOWS, sources, "W-N-R", "segment")
    assert fetched == [*sources, *sources]


def test_a_night_that_is_not_the_one_meant_is_refused(
    store: Store, sources: dict[str, str]
) -> None:
    first = next(iter(sources))
    with pytest.raises(ValueError, match=rf"{first}.*'feed'.*ingested anew.*same command again"):
        open_nights(store, WINDOWS, sources | {first: "feed"}, "W-N-R", "night")


def test_a_night_that_was_ingested_anew_is_fetched_anew(
    nights: Path, sources: dict[str, str], tmp_path: Path
) -> None:
    subject, source = next(iter(sources.items()))
    table = pq.read_table(nights / f"{subject}.parquet").slice(0, 20)
    anew = tmp_path / "anew"
    anew.mkdir()
    metadata = table.schema.metadata | {b"source_hash": b"another recording"}
    pq.write_table(table.replace_schema_metadata(metadata), anew / f"{subject}.parquet")
    old = open_nights(
        store_of(nights, tmp_path / "1"), WINDOWS, {subject: source}, "W-N-R", "night"
    )
    new = open_nights(
        store_of(anew, tmp_path / "2"), WINDOWS, {subject: "another recordin"}, "W-N-R", "night"
    )
    assert [len(old[0].segment) > 20, len(new[0].segment)] == [True, 20]


def test_a_damaged_file_is_made_again_from_the_store(
    store: Store, sources: dict[str, str], fetched: list[str], tmp_path: Path
) -> None:
    before = open_nights(store, WINDOWS, sources, "W-N-R", "night")
    for path in (tmp_path / "files").iterdir():
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content[: len(content) // 2])
    after = open_nights(store, WINDOWS, sources, "W-N-R", "night")
    assert fetched == [*sources, *sources]
    for ours, theirs in zip(before, after, strict=True):
        np.testing.assert_array_equal(ours.eeg, theirs.eeg)


def test_nobody_elses_night_is_fetched(
    store: Store, sources: dict[str, str], fetched: list[str]
) -> None:
    first, source = next(iter(sources.items()))
    open_nights(store, WINDOWS, {first: source}, "W-N-R", "night")
    assert fetched == [first]
