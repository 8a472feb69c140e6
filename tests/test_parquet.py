"""A night survives the disk, other programs read it, and what is no night is refused."""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datasets.night import Night
from datasets.parquet import read_night, subjects_in, write_night
from datasets.recording import UnusableRecording
from tests.nights import SAMPLES, make_night


def write(folder: Path, night: Night, source_hash: str = "f00d") -> Path:
    path = folder / f"{night.subject}.parquet"
    write_night(path, night, source_hash, {"soxr": "1.0"})
    return path


def test_a_night_comes_back_as_it_was_written(tmp_path: Path) -> None:
    night = make_night(range(80))  # more than two row groups
    back = read_night(write(tmp_path, night))
    for field in fields(Night):
        one, other = getattr(night, field.name), getattr(back, field.name)
        np.testing.assert_array_equal(one, other)
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None), field.name


def test_pandas_and_polars_read_a_night(tmp_path: Path) -> None:
    path = write(tmp_path, make_night())
    frame, table = pd.read_parquet(path), pl.read_parquet(path)
    assert frame.columns.tolist() == table.columns
    assert frame["segment"].tolist() == table["segment"].to_list() == [0, 1, 2, 4, 5]
    assert frame["stage"].dtype == np.int8
    assert table.schema["eeg"] == pl.List(pl.Float32)
    assert frame["ecg"][3].tolist() == table["ecg"][3].to_list()


def test_metadata_says_what_holds_for_the_whole_night(tmp_path: Path) -> None:
    metadata = pq.read_schema(write(tmp_path, make_night())).metadata
    known = {key.decode(): value.decode() for key, value in metadata.items()}
    assert (known["hz"], known["eeg_unit"], known["ecg_unit"]) == ("200", "uV", "mV")
    assert (known["eeg_channel"], known["ecg_channel"]) == ("EEG C3-CLE - EEG A2-CLE", "ECG ECGI")
    assert (known["page_s"], known["person"], known["source_hash"]) == ("29.99808", "Ada", "f00d")
    assert json.loads(known["stage_counts"]) == [2, 1, 1, 0, 1]
    assert json.loads(known["versions"]) == {"soxr": "1.0"}


def test_a_window_can_be_read_alone(tmp_path: Path) -> None:
    file = pq.ParquetFile(write(tmp_path, make_night(range(80))))
    assert [file.metadata.row_group(i).num_rows for i in range(3)] == [35, 35, 10]
    column = file.metadata.row_group(0).column(5)
    assert column.compression == "UNCOMPRESSED"
    assert not column.has_dictionary_page


def test_subjects_are_listed_by_name_from_their_footers(tmp_path: Path) -> None:
    for subject in ("01-03-0002", "01-01-0001"):
        write(tmp_path, make_night(subject=subject), source_hash=subject[-4:])
    (tmp_path / ".01-09-0009.parquet.tmp").write_bytes(b"half a file")
    first, second = subjects_in(tmp_path)
    assert (first.name, second.name) == ("01-01-0001", "01-03-0002")
    assert (first.source_hash, first.person, first.stages) == ("0001", "Ada", (2, 1, 1, 0, 1))


def test_an_empty_folder_has_no_subjects_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    assert subjects_in(tmp_path) == ()
    with pytest.raises(ValueError, match="not a folder of nights"):
        subjects_in(tmp_path / "missing")


def test_a_write_that_fails_leaves_the_old_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, make_night())

    def fail(table: pa.Table, where: Path, **_: object) -> None:
        where.write_bytes(b"half a file")
        raise OSError("disk full")

    monkeypatch.setattr(pq, "write_table", fail)
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path, make_night([7]))
    assert list(tmp_path.iterdir()) == [path]
    assert len(read_night(path).segment) == 5


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_night_with_nan_cannot_be_made(bad: float) -> None:
    samples = make_night().eeg.copy()
    samples[3, 2] = bad
    with pytest.raises(UnusableRecording, match="EEG samples in 1 of 5 segments"):
        replace(make_night(), eeg=samples)
    with pytest.raises(UnusableRecording, match="ECG samples in 1 of 5 segments"):
        replace(make_night(), ecg=samples)


def test_a_night_without_segments_cannot_be_made() -> None:
    with pytest.raises(UnusableRecording, match="no scored segment"):
        make_night([])


def spoil(path: Path, rows: list[list[float]]) -> None:
    """Writes other EEG into a night's file."""
    table = pq.read_table(path)
    field = table.schema.field("eeg")
    pq.write_table(table.set_column(5, field, pa.array(rows, field.type)), path)


def test_nan_on_disk_is_refused_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, make_night())
    spoil(path, [[0.0] * SAMPLES] * 4 + [[np.nan] * SAMPLES])
    with pytest.raises(ValueError, match=r"01-01-0001.parquet.*NaN.*1 of 5"):
        read_night(path)


def test_segments_of_unequal_length_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, make_night())
    spoil(path, [[0.0] * SAMPLES] * 3 + [[0.0] * (SAMPLES - 1), [0.0] * (SAMPLES + 1)])
    with pytest.raises(ValueError, match=r"its segments have \[8, 7, 9\] samples"):
        read_night(path)


def test_what_is_no_night_is_refused_by_name(tmp_path: Path) -> None:
    text, other = tmp_path / "notes.parquet", tmp_path / "other.parquet"
    text.write_text("not Parquet at all")
    pq.write_table(pa.table({"x": [1]}), other)
    with pytest.raises(ValueError, match=r"notes.parquet is no Parquet file"):
        read_night(text)
    whole = other.read_bytes()
    text.write_bytes(whole[:4] + bytes(len(whole) - 12) + whole[-8:])
    with pytest.raises(ValueError, match=r"notes.parquet is no Parquet file.*prepare the night"):
        read_night(text)
    with pytest.raises(FileNotFoundError):
        read_night(tmp_path / "gone.parquet")
    with pytest.raises(ValueError, match=r"other.parquet is no night: it has columns \['x'\]"):
        read_night(other)
