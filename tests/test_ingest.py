"""Ingest on Ray Data: every night a row, only the missing are done, the bad have reasons."""

import csv
import json
from dataclasses import asdict
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from datasets.mass import find_recordings
from datasets.parquet import read_night
from datasets.recording import RecordingRef
from orchestration.ingest import Ingest, ingest, ingest_night
from orchestration.store import Store

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store.open(tmp_path_factory.mktemp("storage"))


@pytest.fixture(scope="module")
def first(cohort: Path, store: Store) -> Ingest:
    return ingest(find_recordings(cohort), store)


def test_every_night_is_a_row_and_the_unusable_ones_say_why(first: Ingest, store: Store) -> None:
    with open(first.manifest, newline="") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 10
    reasons = [row["reason"] for row in rows if row["status"] == "refused"]
    assert len(reasons) == 2
    assert any("ECG" in reason for reason in reasons)
    assert any("truncated" in reason for reason in reasons)
    assert len(first.subjects) == 8


def test_a_second_ingest_writes_nothing(first: Ingest, cohort: Path, store: Store) -> None:
    folder = Path(store.root, "windows", first.windows)
    before = {p: p.stat().st_mtime_ns for p in folder.glob("*.parquet")}
    assert len(before) == 8
    again = ingest(find_recordings(cohort), store)
    assert {row["status"] for row in again.rows} == {"kept", "refused"}
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_only_a_missing_night_is_written_again(first: Ingest, cohort: Path, store: Store) -> None:
    name = first.subjects[0].name
    store.files.remove(f"windows/{first.windows}/{name}.parquet")
    rows = {row["subject"]: row["status"] for row in ingest(find_recordings(cohort), store).rows}
    assert [subject for subject, status in rows.items() if status == "written"] == [name]


def test_a_night_says_what_it_was_made_from(first: Ingest, store: Store) -> None:
    path = Path(store.root, "windows", first.windows, f"{first.subjects[0].name}.parquet")
    metadata = {k.decode(): v.decode() for k, v in pq.read_schema(path).metadata.items()}
    assert metadata["hz"] == "200"
    assert (metadata["eeg_unit"], metadata["ecg_unit"]) == ("uV", "mV")
    assert {"ecg-sleep-distillation", "soxr"} <= set(json.loads(metadata["versions"]))
    assert read_night(path).ecg.shape[1] == 6000


def test_a_night_that_is_stored_is_not_refused_because_its_source_is_out_of_reach(
    cohort: Path, tmp_path: Path
) -> None:
    """As on a machine without the mount: other nights would be divided into other folds."""
    ref = find_recordings(cohort)[0]
    gone = RecordingRef(**asdict(ref) | {"signals": str(tmp_path / "gone.edf")})
    row = ingest_night(asdict(gone), "w", str(tmp_path))
    assert row["status"] == "refused"
    assert "gone.edf" in row["reason"]
    assert ingest_night(asdict(ref), "w", str(tmp_path))["status"] == "written"
    with pytest.raises(OSError, match=rf"{ref.subject} is in the storage.*gone\.edf.*readable"):
        ingest_night(asdict(gone), "w", str(tmp_path))
    assert (tmp_path / "windows" / "w" / f"{ref.subject}.parquet").exists()


@pytest.mark.parametrize("broken", ["half", "footer"])
def test_a_night_whose_file_is_broken_is_written_anew(
    cohort: Path, tmp_path: Path, broken: str
) -> None:
    ref, store = find_recordings(cohort)[0], Store.open(tmp_path)
    path = f"windows/w/{ref.subject}.parquet"
    store.files.write(path, b"half a file")
    if broken == "footer":
        ingest_night(asdict(ref), "w", store.root)
        whole = store.files.read(path)
        store.files.write(path, whole[:-4008] + bytes(4000) + whole[-8:])
    assert ingest_night(asdict(ref), "w", store.root)["status"] == "written"


def test_a_storage_that_fails_is_not_the_nights_fault(cohort: Path, tmp_path: Path) -> None:
    (tmp_path / "windows").write_text("no folder")
    with pytest.raises(OSError, match="windows"):
        ingest_night(asdict(find_recordings(cohort)[0]), "w", str(tmp_path))


def test_a_bucket_gets_the_same_nights_as_a_folder(cohort: Path, bucket: str) -> None:
    row = asdict(find_recordings(cohort)[0])
    assert ingest_night(row, "w", bucket)["status"] == "written"
    assert ingest_night(row, "w", bucket)["status"] == "kept"
    with Store(bucket).night("w", row["subject"]) as path:
        assert read_night(path).ecg.shape[1] == 6000
