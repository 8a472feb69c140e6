"""Clean ECG and noise survive the disk to the last bit, and what is neither is refused."""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datasets.clean_ecg import CleanEcg, cut, read_clean_ecg
from datasets.clean_parquet import read_leads_file, read_patient, write_leads
from datasets.clean_patients import find_patients, read_patient_leads
from datasets.clean_quality import segments_of, well_recorded
from datasets.clean_records import CleanLead
from datasets.noise import KINDS, Noise, read_noise, split_noise
from datasets.noise_parquet import read_noise_digest, read_noise_file, write_noise
from tests import wfdb_folders
from tests.wfdb_folders import drawn_ecg, write_patients, write_record

DIGEST = "0123456789abcdef"


def drawn_leads() -> list[CleanLead]:
    """An annotated lead, one without beats that is shorter, and one that nobody looked at."""
    rng = np.random.default_rng(0)

    def lead(name: str, n: int, beats: np.ndarray | None, *reasons: str) -> CleanLead:
        samples = rng.normal(size=n).astype(np.float32)
        faults = {reason: rng.random(n) < 0.0003 for reason in reasons}
        return CleanLead("clinic", "clinic/Zoë", f"r-{name}", name, samples, faults, beats)

    return [
        lead("II", 40_000, np.array([3, 400, 39_999]), "missing samples", "saturated"),
        lead("V1", 3_000, np.zeros(0, np.int64), "saturated", "marked as noisy"),
        lead("I", 7_200, None),
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_leads(tmp_path / "p.parquet", drawn_leads(), DIGEST, {"wfdb": "1"}, {"r9": "cut short"})
    return tmp_path / "p.parquet"


def assert_same(one: CleanEcg, other: CleanEcg) -> None:
    for field in ("samples", "patient", "record", "lead", "start_s"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))
    for beats, others in zip(one.beats, other.beats, strict=True):
        np.testing.assert_array_equal(beats, others)
    assert one.left_out == other.left_out


def test_leads_come_back_as_they_were_written(path: Path) -> None:
    for one, back in zip(drawn_leads(), read_leads_file(path), strict=True):
        for field in fields(CleanLead):
            value, other = getattr(one, field.name), getattr(back, field.name)
            if field.name == "faults":
                assert list(value) == list(other)
                for reason, fault in value.items():
                    np.testing.assert_array_equal(fault, other[reason])
                    assert other[reason].dtype == bool
                continue
            np.testing.assert_array_equal(value, other)
            assert getattr(value, "dtype", None) == getattr(other, "dtype", None), field.name
        back.samples[0] = 0  # one's own to change


def test_the_footer_tells_what_a_patient_has_without_samples(path: Path) -> None:
    with path.open("rb") as file:
        patient = read_patient(file)
    parts = [cut(lead) for lead in drawn_leads()]
    assert (patient.name, patient.digest) == ("clinic/Zoë", DIGEST)
    assert patient.records == ("r-II", "r-V1", "r-I")
    assert patient.leads == ("II", "V1", "I")
    assert patient.segments == sum(map(len, parts)) > 2
    assert patient.left_out["shorter than 10 s"] == 1
    assert sum(patient.left_out.values()) == 1 + 11 + 2 - patient.segments
    assert patient.seconds == 50_200 / 360
    assert not patient.annotated
    assert patient.unreadable == {"r9": "cut short"}


def test_pandas_and_polars_read_a_patient(path: Path) -> None:
    frame, table = pd.read_parquet(path), pl.read_parquet(path)
    assert frame["lead"].tolist() == table["lead"].to_list() == ["II", "V1", "I"]
    assert table.schema["samples"] == pl.List(pl.Float32)
    np.testing.assert_array_equal(frame["samples"][2], drawn_leads()[2].samples)
    assert table["beats"].to_list() == [[3, 400, 39_999], [], None]
    bits = np.array(frame["fault"][1])
    np.testing.assert_array_equal(bits & 2 > 0, drawn_leads()[1].faults["marked as noisy"])
    known = pq.read_schema(path).metadata
    assert (known[b"hz"], known[b"unit"], known[b"layout"]) == (b"360", b"mV", b"2")
    assert json.loads(known[b"versions"]) == {"wfdb": "1"}


def test_segments_of_a_stored_patient_are_those_of_the_folder(tmp_path: Path) -> None:
    folder = write_patients(tmp_path / "any", ["201", "202"], seconds=25)
    (patient,) = find_patients(folder)
    leads, unreadable = read_patient_leads(patient)
    write_leads(tmp_path / "p.parquet", leads, DIGEST, {}, unreadable)
    whole = read_clean_ecg(folder)
    assert_same(segments_of(read_leads_file(tmp_path / "p.parquet"), 1.0), well_recorded(whole, 1))
    assert_same(segments_of(leads), well_recorded(whole))
    there = read_patient(tmp_path / "p.parquet")
    assert (there.segments, there.records, there.leads) == (8, ("201", "202"), ("MLII", "V1"))
    assert there.annotated
    assert there.seconds == 50


def test_a_folders_patients_are_named_before_anything_is_read(tmp_path: Path) -> None:
    for place, names in (("a", ["slp01a", "slp02"]), ("b", ["slp01b"])):
        (tmp_path / place).mkdir()
        for name in names:
            (tmp_path / place / f"{name}.hea").write_text("no header")
    patients = find_patients(tmp_path)
    assert [patient.name for patient in patients] == ["slpdb/slp01", "slpdb/slp02"]
    assert [path.stem for path in patients[0].headers] == ["slp01a", "slp01b"]
    (tmp_path / "b" / "slp02.hea").write_text("no header")
    with pytest.raises(ValueError, match=r"'slp02' twice, a/slp02.hea and b/slp02.hea"):
        find_patients(tmp_path)
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "\x1b[31m.hea").write_text("no header")
    with pytest.raises(ValueError, match=r"x1b.*cannot name.*Rename"):
        find_patients(tmp_path / "odd")
    write_record(tmp_path / "stress", "118e06", {"MLII": drawn_ecg(10, 360)[0]})
    with pytest.raises(ValueError, match="noise stress test"):
        find_patients(tmp_path / "stress")


def test_what_is_no_patient_is_refused(path: Path) -> None:
    one, other, _ = drawn_leads()
    with pytest.raises(ValueError, match=r"one patient, not of \['clinic/Zoë', 'x'\]"):
        write_leads(path, [one, replace(other, patient="x")], DIGEST, {})
    with pytest.raises(ValueError, match="samples are double"):
        write_leads(path, [replace(one, samples=np.zeros(4000))], DIGEST, {})
    reasons = {str(k): np.zeros(40_000, bool) for k in range(9)}
    with pytest.raises(ValueError, match="8 kinds"):
        write_leads(path, [replace(one, faults=reasons)], DIGEST, {})
    pq.write_table(pa.table({"lead": ["II"]}), path)
    with pytest.raises(ValueError, match=r"p.parquet has columns \['lead'\].*ingest again"):
        read_patient(path)
    path.write_bytes(b"half a file")
    with pytest.raises(ValueError, match=r"p.parquet is no Parquet file"):
        read_leads_file(path)


@pytest.mark.parametrize("place", [300, 90_000])
def test_a_damaged_patient_is_refused(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"p.parquet: .*ingest again"):
        read_leads_file(path)


def test_noise_comes_back_as_it_was_written(tmp_path: Path) -> None:
    noise = read_noise(wfdb_folders.write_noise(tmp_path / "noise"))
    for part in (noise, *split_noise(noise, 1)):
        write_noise(tmp_path / "n.parquet", part, DIGEST, {"wfdb": "1"})
        back: Noise = read_noise_file(tmp_path / "n.parquet")
        for kind in KINDS:
            np.testing.assert_array_equal(back.signals[kind], part.signals[kind])
            assert back.signals[kind].dtype == np.float32
            assert back.spans[kind] == part.spans[kind]
    assert read_noise_digest(tmp_path / "n.parquet") == DIGEST
    write_leads(tmp_path / "n.parquet", drawn_leads(), DIGEST, {})
    with pytest.raises(ValueError, match="it should have"):
        read_noise_file(tmp_path / "n.parquet")
