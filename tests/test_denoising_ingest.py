"""Clean ECG on Ray Data: every patient a row, only what is missing is done, the bad say why."""

import csv
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from datasets.clean_ecg import read_clean_ecg
from datasets.clean_patients import digest_of, find_patients
from datasets.clean_quality import segments_of, well_recorded
from datasets.noise import KINDS, read_noise
from orchestration.denoising import ingest
from orchestration.denoising.ingest import (
    CleanIngest,
    ingest_clean,
    ingest_noise,
    ingest_patient,
)
from orchestration.denoising.stored import clean_key, clean_path, open_leads, open_noise
from orchestration.store import Store
from tests.wfdb_folders import write_noise, write_patients, write_record

Folders = list[Path]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Two databases; of one patient half can be read, of another nothing."""
    root = tmp_path_factory.mktemp("records")
    mitdb = write_patients(root / "mit", ["100", "201", "202", "203"], seconds=25)
    (mitdb / "202.dat").unlink()
    (mitdb / "203.hea").write_text("203 2 often 9000\n")
    write_record(mitdb, "205", {"Resp": np.arange(4000.0) / 1000})
    return [mitdb, write_patients(root / "clinic", ["a"], seconds=20, hz=250.0)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store.open(tmp_path_factory.mktemp("storage"))


@pytest.fixture(scope="module")
def first(folders: Folders, store: Store, ray_session: None) -> CleanIngest:
    return ingest_clean(folders, store)


@pytest.fixture
def patient(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """The task of one patient with a record of its own."""

    def task(folder: Path | None = None) -> dict[str, str]:
        (found,) = find_patients(folder or write_patients(tmp_path / "own", ["a"], seconds=12))
        headers = json.dumps(list(map(str, found.headers)))
        return {"database": found.database, "person": found.person, "headers": headers}

    return task


@pytest.mark.ray
def test_every_patient_is_a_row_and_the_unusable_say_why(first: CleanIngest) -> None:
    with open(first.manifest, newline="") as table:
        rows = {row["patient"]: row for row in csv.DictReader(table)}
    assert list(rows) == ["clinic/a", "mitdb/100", "mitdb/201", "mitdb/203", "mitdb/205"]
    assert [row["patient"] for row in first.refused] == ["mitdb/203", "mitdb/205"]
    assert "203.hea" in rows["mitdb/203"]["reason"]
    assert "ECG lead" in rows["mitdb/205"]["reason"]
    assert rows["mitdb/205"]["segments"] == ""
    half = rows["mitdb/201"]
    assert (half["status"], half["records"], half["leads"]) == ("written", "201", "MLII V1")
    assert "202.dat" in half["reason"]
    assert [patient.name for patient in first.patients] == ["clinic/a", "mitdb/100", "mitdb/201"]
    assert [patient.segments for patient in first.patients] == [4, 4, 4]
    assert "3 patients can be used, with 12 segments" in first.summary()


@pytest.mark.ray
def test_what_a_worker_opens_is_what_the_folders_hold(
    first: CleanIngest, folders: Folders, store: Store
) -> None:
    leads = open_leads(store, first.windows, {one.name: one.digest for one in first.patients})
    assert list(leads) == ["clinic/a", "mitdb/100", "mitdb/201"]
    for folder, names in ((folders[0], list(leads)[1:]), (folders[1], list(leads)[:1])):
        theirs = well_recorded(read_clean_ecg(folder), 1.0)
        ours = segments_of([lead for name in names for lead in leads[name]], 1.0)
        np.testing.assert_array_equal(ours.samples, theirs.samples)
        for field in ("patient", "record", "lead", "start_s"):
            assert getattr(ours, field).tolist() == getattr(theirs, field).tolist()
        for beats, others in zip(ours.beats, theirs.beats, strict=True):
            np.testing.assert_array_equal(beats, others)


@pytest.mark.ray
def test_a_second_ingest_does_only_what_is_missing(
    first: CleanIngest, folders: Folders, store: Store
) -> None:
    store.files.remove(clean_path(first.windows, "mitdb/100"))
    kept = Path(store.root, clean_path(first.windows, "mitdb/201"))
    before = kept.stat().st_mtime_ns
    again = ingest_clean(folders, store)
    assert {row["patient"]: row["status"] for row in again.rows} == {
        "clinic/a": "kept", "mitdb/100": "written", "mitdb/201": "kept",
        "mitdb/203": "refused", "mitdb/205": "refused",
    }  # fmt: skip
    assert again.patients == first.patients
    assert "202.dat" in again.rows[2]["reason"]  # it is still told
    assert kept.stat().st_mtime_ns == before


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_folders_with_no_patient_to_use_are_an_error_with_the_reasons(tmp_path: Path) -> None:
    write_record(tmp_path / "odd", "a", {"Resp": np.arange(4000.0) / 1000})
    store = Store.open(tmp_path / "storage")
    with pytest.raises(ValueError, match=r"None of the 1 patients.*ECG lead.*ingest.csv"):
        ingest_clean([tmp_path / "odd"], store)


def test_a_database_or_a_patient_twice_is_an_error(folders: Folders, store: Store) -> None:
    with pytest.raises(ValueError, match=r"both hold the database 'mitdb'"):
        ingest_clean([folders[0], folders[1], folders[0]], store)
    other = write_patients(folders[0].parent / "a-b", ["c"], seconds=10)
    same = write_patients(folders[0].parent / "a", ["b-c"], seconds=10)
    with pytest.raises(ValueError, match="'a-b/c' and 'a/b-c' are named alike"):
        ingest_clean([other, same], store)


def test_a_patient_whose_records_changed_is_written_anew(
    patient: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    task, store = patient(), Store.open(tmp_path / "storage")
    rows = [ingest_patient(task, "w", store.root) for _ in range(2)]
    assert [row["status"] for row in rows] == ["written", "kept"]
    digest = json.loads(rows[0]["footer"])["digest"]
    with (tmp_path / "own" / "a.atr").open("ab") as marks:
        marks.write(bytes(2))
    row = ingest_patient(task, "w", store.root)
    assert row["status"] == "written"
    changed = json.loads(row["footer"])["digest"]
    assert changed != digest
    assert list(open_leads(store, "w", {"own/a": changed})) == ["own/a"]
    with pytest.raises(ValueError, match=rf"'{changed}' of own/a, but '{digest}'.*ingested anew"):
        open_leads(store, "w", {"own/a": digest})
    with pytest.raises(ValueError, match=r"no clean ECG of own/b at .*own-b.parquet"):
        open_leads(store, "w", {"own/b": digest})


def test_a_digest_tells_files_apart_and_knows_no_folder(tmp_path: Path) -> None:
    folder = write_patients(tmp_path / "one", ["a"], seconds=10)
    digest = digest_of("p", [folder / "a.hea"])
    assert len(digest) == 16
    moved = shutil.copytree(folder, tmp_path / "two")
    assert digest_of("p", [moved / "a.hea"]) == digest
    assert digest_of("q", [moved / "a.hea"]) != digest
    for name in ("a.dat", "a.hea", "a.atr"):
        with (moved / name).open("ab") as file:
            file.write(b"\0")
        assert digest_of("p", [moved / "a.hea"]) != digest
        shutil.copy(folder / name, moved / name)
    (moved / "a.dat").unlink()
    assert digest_of("p", [moved / "a.hea"]) != digest


def test_a_broken_file_in_the_store_is_written_anew_and_a_broken_store_is_raised(
    patient: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    task, store = patient(), Store.open(tmp_path / "storage")
    store.files.write(clean_path("w", "own/a"), b"half a file")
    assert ingest_patient(task, "w", store.root)["status"] == "written"
    (tmp_path / "full" / "clean").mkdir(parents=True)
    (tmp_path / "full" / "clean" / "w").write_text("no folder")
    with pytest.raises(OSError, match="clean"):
        ingest_patient(task, "w", str(tmp_path / "full"))


def test_a_stored_patient_whose_records_cannot_be_read_is_raised(
    patient: Callable[..., dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, root = patient(), str(tmp_path / "storage")

    def fails(name: str, headers: Iterable[Path]) -> str:
        raise OSError(5, "Input/output error")

    assert ingest_patient(task, "w", root)["status"] == "written"
    monkeypatch.setattr(ingest, "digest_of", fails)
    with pytest.raises(OSError, match=r"own/a is in the storage.*Input/output error"):
        ingest_patient(task, "w", root)
    assert ingest_patient(task, "other", root)["status"] == "refused"


def test_a_bucket_gets_patients_and_noise_as_a_folder_does(
    patient: Callable[..., dict[str, str]], bucket: str, tmp_path: Path
) -> None:
    task, store = patient(), Store(bucket)
    rows = [ingest_patient(task, "w", bucket) for _ in range(2)]
    assert [row["status"] for row in rows] == ["written", "kept"]
    digest = json.loads(rows[1]["footer"])["digest"]
    (lead, _) = open_leads(store, "w", {"own/a": digest})["own/a"]
    assert len(lead.samples) == 12 * 360
    with pytest.raises(ValueError, match="no clean ECG"):
        open_leads(store, "w", {"own/b": digest})
    folder = write_noise(tmp_path / "noise", seconds=20)
    assert open_noise(store, ingest_noise(folder, store)).spans["ma"] == ((0, 7200),)


def test_noise_is_stored_once_under_its_digest(tmp_path: Path) -> None:
    folder, store = write_noise(tmp_path / "noise", seconds=30), Store.open(tmp_path / "storage")
    digest = ingest_noise(folder, store)
    file = Path(store.root, "noise", f"{digest}.parquet")
    before = file.stat().st_mtime_ns
    assert ingest_noise(shutil.copytree(folder, tmp_path / "moved"), store) == digest
    assert file.stat().st_mtime_ns == before
    noise, theirs = open_noise(store, digest), read_noise(folder)
    for kind in KINDS:
        np.testing.assert_array_equal(noise.signals[kind], theirs.signals[kind])
    other = ingest_noise(write_noise(tmp_path / "moved", seconds=40), store)
    assert other != digest
    file.write_bytes(Path(store.root, "noise", f"{other}.parquet").read_bytes())
    with pytest.raises(ValueError, match=rf"holds the noise '{other}', but '{digest}'"):
        open_noise(store, digest)
    file.write_bytes(b"half a file")
    assert ingest_noise(folder, store) == digest  # written anew
    assert open_noise(store, digest).spans["bw"] == ((0, 10_800),)
    with pytest.raises(ValueError, match="no noise feed at"):
        open_noise(store, "feed")
    with pytest.raises(ValueError, match=r"lacks \['ma.hea'"):
        ingest_noise(tmp_path, store)


def test_the_key_names_what_this_version_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    key = clean_key()
    assert len(key) == 16
    monkeypatch.setattr("orchestration.denoising.stored.LAYOUT", 99)
    assert clean_key() != key
