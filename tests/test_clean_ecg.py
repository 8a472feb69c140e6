"""Clean ECG: the segments that wfdb reads, whose they are, what is left out, who is where."""

from pathlib import Path

import numpy as np
import pytest

from datasets.clean_ecg import CleanEcg, joined, read_clean_ecg
from datasets.clean_quality import outside_share, well_recorded
from datasets.clean_scale import SegmentScale, scaled
from datasets.clean_split import split_patients
from datasets.signals import resample
from tests.wfdb_folders import (
    DATA,
    drawn_ecg,
    needs_data,
    wfdb,
    write_marks,
    write_patients,
    write_record,
)


@pytest.fixture
def mitdb(tmp_path: Path) -> Path:
    return write_patients(tmp_path / "any", ["100", "201", "202"], seconds=25)


def test_segments_are_the_samples_that_wfdb_reads(mitdb: Path) -> None:
    ecg = read_clean_ecg(mitdb)
    assert ecg.samples.shape == (3 * 2 * 2, 3600)  # records, leads, whole segments in 25 s
    assert ecg.samples.dtype == np.float32
    theirs, _ = wfdb.rdsamp(str(mitdb / "201"))
    rows = np.flatnonzero((ecg.record == "201") & (ecg.lead == "V1"))
    np.testing.assert_allclose(ecg.samples[rows].ravel(), theirs[:7200, 1], atol=1e-6)
    assert ecg.start_s[rows].tolist() == [0, 10]
    assert (ecg.left_out, ecg.unreadable) == ({}, {})


def test_beats_lie_where_they_were_annotated(mitdb: Path) -> None:
    ecg = read_clean_ecg(mitdb, ["MLII"])
    _, beats_s = drawn_ecg(25, 360, seed=1)
    for row, start_s in ((2, 0.0), (3, 10.0)):  # of record 201
        inside = beats_s[(np.rint(beats_s * 360) >= start_s * 360)]
        inside = inside[np.rint(inside * 360) < (start_s + 10) * 360] - start_s
        assert ecg.beats[row] is not None
        np.testing.assert_array_equal(ecg.beats[row], np.rint(inside * 360))


def test_records_201_and_202_are_one_patient_and_slp01a_and_b_too(mitdb: Path) -> None:
    ecg = read_clean_ecg(mitdb)
    assert set(ecg.patient) == {"mitdb/100", "mitdb/201"}
    assert set(ecg.record) == {"100", "201", "202"}
    other = write_patients(mitdb.parent / "x", ["slp01a", "slp01b", "slp02"], seconds=10)
    assert set(read_clean_ecg(other).patient) == {"slpdb/slp01", "slpdb/slp02"}
    own = write_patients(mitdb.parent / "clinic", ["a", "202"], seconds=10)
    assert set(read_clean_ecg(own).patient) == {"clinic/a", "clinic/202"}


def test_extracts_that_lie_beside_the_records_are_not_other_patients(mitdb: Path) -> None:
    write_patients(mitdb / "x_mitdb", ["x_201"], seconds=10)  # as mitdb is published
    ecg = read_clean_ecg(mitdb)
    assert set(ecg.patient) == {"mitdb/100", "mitdb/201"}
    assert "x_201" not in ecg.record


def test_a_folder_of_several_databases_is_refused_as_patients_could_not_be_told(
    mitdb: Path,
) -> None:
    write_patients(mitdb.parent / "other", ["a"], seconds=10)
    with pytest.raises(ValueError, match=r"holds mitdb in any, and other records .* of its own"):
        read_clean_ecg(mitdb.parent)


def test_of_two_channels_of_one_name_the_first_is_read_once(mitdb: Path) -> None:
    header = mitdb / "100.hea"
    header.write_text(header.read_text().replace(" V1", " MLII"))
    ecg = read_clean_ecg(mitdb)
    first = ecg.samples[ecg.record == "100"]
    assert set(ecg.lead[ecg.record == "100"]) == {"MLII"}
    theirs, _ = wfdb.rdsamp(str(mitdb / "100"))
    np.testing.assert_allclose(first.ravel(), theirs[:7200, 0], atol=1e-6)


def test_another_rate_is_resampled_once_over_the_whole_record(tmp_path: Path) -> None:
    folder = write_patients(tmp_path, ["A0001"], seconds=31, hz=500.0)
    ecg = read_clean_ecg(folder)
    theirs, _ = wfdb.rdsamp(str(folder / "A0001"))
    whole = resample(theirs[:, 0].astype(np.float32), 500.0, 360.0)
    np.testing.assert_allclose(ecg.samples[:3].ravel(), whole[:10800], atol=1e-6)
    assert ecg.patient[0] == "cpsc2018/A0001"
    peaks = []
    for row, beats in zip(ecg.samples[:3], ecg.beats[:3], strict=True):
        assert beats is not None
        peaks += row[beats[1:-1]].tolist()
    assert np.median(peaks) > 0.6  # R waves still lie under their marks


@pytest.mark.parametrize("hz", [360.0, 500.0])
def test_flat_missing_saturated_and_noisy_segments_are_left_out_and_counted(
    tmp_path: Path, hz: float
) -> None:
    ecg, _ = drawn_ecg(60, hz)
    for second, value in ((12, np.nan), (25, 32.767)):
        ecg[round(second * hz) : round(second * hz) + 5] = value
    ecg[round(30 * hz) : round(40 * hz)] = 0.1
    header = write_record(tmp_path, "a", {"V1": ecg, "II": ecg}, hz)
    write_marks(header, [round(45 * hz), round(46 * hz)], ["~", "~"], [2, 0])
    write_record(tmp_path, "short", {"I": ecg[: round(9.9 * hz)]}, hz)
    found = read_clean_ecg(tmp_path)
    assert found.start_s[found.lead == "V1"].tolist() == [0, 40, 50]
    assert found.start_s[found.lead == "II"].tolist() == [0, 50]
    assert found.left_out == {
        "missing samples": 2, "saturated": 2, "flat": 2, "marked as noisy": 1,
        "shorter than 10 s": 1,
    }  # fmt: skip
    assert np.isfinite(found.samples).all()
    empty = found.beats[found.record.tolist().index("a")]
    assert empty is not None
    assert len(empty) == 0  # somebody looked, and marked no beat


def test_a_record_that_cannot_be_read_is_named_and_the_others_go_on(mitdb: Path) -> None:
    (mitdb / "201.dat").unlink()
    (mitdb / "202.atr").write_bytes(b"\xff\xfe")
    write_record(mitdb, "203", {"Resp": np.arange(4000.0) / 1000})
    ecg = read_clean_ecg(mitdb)
    assert set(ecg.record) <= {"100", "202"}
    assert {"201", "203"} <= set(ecg.unreadable)
    assert "201.dat" in ecg.unreadable["201"]
    assert "ECG lead" in ecg.unreadable["203"]


def test_empty_and_foreign_folders_are_refused_with_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no WFDB record"):
        read_clean_ecg(tmp_path)
    with pytest.raises(ValueError, match="is no folder"):
        read_clean_ecg(tmp_path / "none")
    write_record(tmp_path, "bw", {"noise1": np.arange(4000.0) / 1000})
    with pytest.raises(ValueError, match="no ECG that can be read"):
        read_clean_ecg(tmp_path)
    ecg, _ = drawn_ecg(10, 360)
    write_record(tmp_path / "stress", "118e06", {"MLII": ecg})
    with pytest.raises(ValueError, match="holds 0 records"):
        read_clean_ecg(tmp_path / "stress")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_patient_is_in_two_parts_and_every_database_is_in_each(seed: int) -> None:
    names = [f"mitdb/{n}" for n in range(20)] + [f"cpsc2018/{n}" for n in range(10)]
    tested: list[str] = []
    for index in range(5):
        fold = split_patients(names * 2, seed, index)
        assert sorted(fold.train + fold.validation + fold.test) == sorted(names)
        for part, share in ((fold.train, 3), (fold.validation, 1), (fold.test, 1)):
            assert sum(name.startswith("mitdb") for name in part) == 4 * share
            assert sum(name.startswith("cpsc") for name in part) == 2 * share
        tested += fold.test
    assert sorted(tested) == sorted(names)
    assert split_patients(names, seed) == split_patients(names[::-1], seed)
    assert split_patients(names, seed) != split_patients(names, seed + 7)


def test_both_records_of_a_patient_and_all_their_segments_stay_together(mitdb: Path) -> None:
    other = write_patients(mitdb.parent / "clinic", ["a", "b", "c", "d"], seconds=10)
    ecg = joined([read_clean_ecg(mitdb), read_clean_ecg(other)])
    fold = split_patients(ecg.patient)
    parts: list[CleanEcg] = [ecg.of(fold.train), ecg.of(fold.validation), ecg.of(fold.test)]
    assert sum(map(len, parts)) == len(ecg)
    records = [set(zip(part.database, part.record, strict=True)) for part in parts]
    assert len(set.union(*records)) == sum(map(len, records)) == 7
    (home,) = [part for part in parts if "201" in part.record]
    assert "202" in home.record
    with pytest.raises(ValueError, match="too few"):
        split_patients(["a/1", "a/2", "a/3", "a/4"])
    with pytest.raises(ValueError, match="index"):
        split_patients("abcdef", index=5)


def test_scaled_segments_have_mean_0_and_span_2_and_come_back() -> None:
    rows = np.stack([drawn_ecg(10, 360, seed)[0] for seed in range(3)] + [np.ones(3600)])
    scale = SegmentScale.of(rows)
    got = scale.applied(rows)
    np.testing.assert_allclose(got.mean(1), 0, atol=1e-9)
    np.testing.assert_allclose(np.ptp(got, axis=1), [2, 2, 2, 0])
    np.testing.assert_allclose(scale.undone(got), rows, atol=1e-12)
    assert scaled(rows.astype(np.float32)).dtype == np.float32


def test_the_share_of_power_outside_the_hearts_band_is_that_of_the_sines_put_in() -> None:
    at_s = np.arange(3600) / 360
    inside, drift, hum = (np.sin(2 * np.pi * hz * at_s) for hz in (8.0, 0.2, 100.0))
    rows = np.stack([inside + 5, inside + hum, inside + 0.5 * hum, 0 * inside, drift])
    np.testing.assert_allclose(outside_share(rows), [0, 0.5, 0.2, 0, 1], atol=1e-3)
    assert outside_share(rows[:0]).shape == (0,)


def test_segments_that_wander_by_themselves_can_be_left_out(tmp_path: Path) -> None:
    ecg, _ = drawn_ecg(30, 360)
    ecg[3600:7200] += np.sin(2 * np.pi * 0.2 * np.arange(3600) / 360).astype(np.float32)
    write_record(tmp_path, "a", {"II": ecg})
    chosen = well_recorded(read_clean_ecg(tmp_path), most=0.15)
    assert chosen.start_s.tolist() == [0, 20]
    assert chosen.left_out == {"power outside the heart's band": 1}


@needs_data
@pytest.mark.parametrize(("folder", "hz"), [("mitdb", 360.0), ("cpsc2018", 500.0)])
def test_real_folders_give_segments_of_every_record(
    folder: str, hz: float, tmp_path: Path
) -> None:
    names = {"mitdb": ["101", "116"], "cpsc2018": ["A0001", "A0005"]}[folder]
    for path in (DATA / folder).iterdir():
        if path.stem in names:
            (tmp_path / path.name).symlink_to(path)
    ecg = read_clean_ecg(tmp_path)
    assert set(ecg.record) == set(names)
    assert (ecg.database == folder).all()
    assert ecg.unreadable == {}
    theirs, fields = wfdb.rdsamp(str(DATA / folder / names[1]))
    first = np.flatnonzero((ecg.record == names[1]) & (ecg.start_s == 0))[0]
    column = theirs[:, fields["sig_name"].index(ecg.lead[first])].astype(np.float32)
    np.testing.assert_allclose(ecg.samples[first], resample(column, hz, 360.0)[:3600], atol=1e-5)
    assert (ecg.left_out.get("saturated", 0) > 0) == (folder == "mitdb")  # 116 meets the ends
    assert all(beats is None for beats in ecg.beats) == (folder == "cpsc2018")
