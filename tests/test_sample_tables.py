"""Text and Parquet: columns, rates, gaps and cells, however a person exported them."""

import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datasets import sample_text
from datasets.ecg_files import ecg_labels, read_ecg
from datasets.recording import UnusableRecording
from datasets.sample_tables import TIME

HZ = 200
ECG = np.round(np.sin(np.arange(900) / 20), 3)
TIMES = np.arange(900) / HZ
START = datetime(2024, 3, 1, 23, 59, 58)


def write(path: Path, header: str, *columns: Iterable[object], by: str = ",") -> Path:
    lines = [by.join(map(str, row)) for row in zip(*columns, strict=True)]
    path.write_text("\n".join(([header] if header else []) + lines) + "\n", encoding="utf-8")
    return path


def clock(step_s: float, form: str) -> list[str]:
    return [(START + timedelta(seconds=i * step_s)).strftime(form) for i in range(900)]


@pytest.mark.parametrize("by", [",", ";", "\t", " "])
@pytest.mark.parametrize("header", ["time{}ECG", '"Time [s]"{}"ekg"', "# t{}ecg", ""])
def test_delimiter_header_and_rate_are_told_from_the_file(
    tmp_path: Path, by: str, header: str
) -> None:
    header = header.replace(" [", "[").replace("# ", "#") if by == " " else header
    ecg = read_ecg(write(tmp_path / "a.csv", header.format(by), TIMES, ECG, by=by))
    np.testing.assert_allclose(ecg.samples, ECG, rtol=0, atol=1e-6)
    assert ecg.hz == HZ
    assert "unknown and taken as mV" in ecg.notes[0]


@pytest.mark.parametrize("piece", [1, 100, 10**6])
def test_pieces_of_any_size_give_the_same(
    tmp_path: Path, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_text, "_PIECE", piece)
    ecg = read_ecg(write(tmp_path / "a.csv", "time,ecg_mV", TIMES, ECG))
    np.testing.assert_allclose(ecg.samples, ECG, rtol=0, atol=1e-6)
    assert ecg.notes == ()


@pytest.mark.parametrize("header", ["", "ecg", "X1", "# from a patch\n# hz 200\nvalue"])
@pytest.mark.parametrize("suffix", ["csv", "txt", "log"])
def test_a_column_that_is_alone_needs_a_rate_only(
    tmp_path: Path, header: str, suffix: str
) -> None:
    path = write(tmp_path / f"a.{suffix}", header, ECG)
    np.testing.assert_allclose(read_ecg(path, hz=HZ).samples, ECG, rtol=0, atol=1e-6)
    with pytest.raises(UnusableRecording, match=rf"a.{suffix} tells no rate.*--hz"):
        read_ecg(path)


def test_decimal_commas_are_read_beside_semicolons_tabs_and_alone(tmp_path: Path) -> None:
    times, ecg = ([str(x).replace(".", ",") for x in column] for column in (TIMES, ECG))
    for by in ";\t ":
        path = write(tmp_path / "a.csv", f"time{by}ecg", times, ecg, by=by)
        np.testing.assert_allclose(read_ecg(path).samples, ECG, rtol=0, atol=1e-6)
    path = write(tmp_path / "b.csv", "ecg", [f"{x:.3f}".replace(".", ",") for x in ECG])
    np.testing.assert_allclose(read_ecg(path, hz=HZ).samples, ECG, rtol=0, atol=1e-6)


def test_cells_without_a_sample_are_nan_and_words_are_refused(tmp_path: Path) -> None:
    cells: list[object] = list(ECG)
    cells[10:16] = ["", "nan", "NaN", "NA", "null", "1e400"]
    ecg = read_ecg(write(tmp_path / "a.csv", "time,ecg", TIMES, cells))
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(ecg.samples)), np.arange(10, 16))
    for word in ("lead off", "1_0", "0x1F", "１"):
        cells[800] = word
        with pytest.raises(UnusableRecording, match=r"no number .*, in row \d+ .*remove the row"):
            read_ecg(write(tmp_path / "a.csv", "time,ecg", TIMES, cells))


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("timestamp", clock(1 / HZ, "%Y-%m-%dT%H:%M:%S.%f")),
        ("Date Time", clock(1 / HZ, "%Y-%m-%d %H:%M:%S.%f")),
        ("time", clock(1 / HZ, "%Y-%m-%dT%H:%M:%S.%f+02:00")),
        ("time", clock(1 / HZ, "%H:%M:%S.%f")),  # over midnight
        ("time_ms", list(np.arange(900) * 5)),
        ("Time (ms)", list(np.arange(900) * 5)),
        ("t [us]", list(np.arange(900) * 5000)),
        ("timestamp", list(1_709_337_598_000 + np.arange(900) * 5)),
        ("seconds", [f"{x:.3f}" for x in TIMES]),
        ("time_milliseconds", list(np.arange(900) * 5)),
        ("time_ms", list(1_711_122_500_000 + np.arange(900) * 5)),
    ],
)
def test_times_of_every_spelling_tell_the_rate(
    tmp_path: Path, name: str, times: list[object]
) -> None:
    ecg = read_ecg(write(tmp_path / "a.csv", f"{name},ecg_mV", times, ECG))
    assert ecg.hz == HZ
    assert len(ecg.samples) == 900
    assert ecg.start == (START if "-" in str(times[0]) else None)


@pytest.mark.parametrize("first", [20240101, 1_711_122_500_000, 20240101_235958])
def test_a_column_of_bare_digits_tells_no_date(tmp_path: Path, first: int) -> None:
    path = write(tmp_path / "a.csv", "time,ecg_mV", first + 5 * np.arange(900), ECG)
    assert read_ecg(path, hz=HZ).start is None


@pytest.mark.parametrize(
    "name",
    [
        "t",
        "time",
        "Timestamp",
        "seconds",
        "secs",
        "time_s",
        "time[s]",
        "t(ms)",
        "Time_[us]",
        "time_µs",
        "time_nsec",
        "clock",
        "ts",
        "elapsed_time_[seconds]",
        "timestamp_[hh:mm:ss.mmm]",
        "time_stamps",
        "date_time",
        "timestamp_utc",
    ],
)
def test_names_of_times_are_told(name: str) -> None:
    assert TIME.fullmatch(name)
    assert TIME.fullmatch(name.replace("_", " "))


@pytest.mark.parametrize(
    "name",
    [
        "temp",
        "thorax",
        "trigger",
        "tidal",
        "tv",
        "timer",
        "tmax",
        "temp_c",
        "t[mv]",
        "t_mV",
        "time_[min]",
        "second_lead",
        "timems",
        "clocked",
        "t[ms)",
        "t[ms",
    ],
)
def test_names_that_begin_like_times_are_none(tmp_path: Path, name: str) -> None:
    assert not TIME.fullmatch(name)
    path = write(tmp_path / "a.csv", f"{name},ecg_mV", TIMES, ECG)
    with pytest.raises(UnusableRecording, match="tells no rate"):
        read_ecg(path)


def test_milliseconds_that_are_rounded_still_give_the_exact_rate(tmp_path: Path) -> None:
    times = np.round(np.arange(900) / 256, 3)
    assert read_ecg(write(tmp_path / "a.csv", "time,ecg", times, ECG)).hz == 256


def test_gaps_in_the_times_are_nan(tmp_path: Path) -> None:
    times = TIMES.copy()
    times[300:] += 1.0
    times[600:] += 0.005  # one sample is missing
    ecg = read_ecg(write(tmp_path / "a.csv", "time,ecg_mV", times, ECG))
    expected = np.concatenate([ECG[:300], np.full(200, np.nan), ECG[300:600], [np.nan], ECG[600:]])
    np.testing.assert_allclose(ecg.samples, expected, rtol=0, atol=1e-6)
    assert ecg.notes == ("Missing samples: 2 gaps, together of 1.0 s.",)


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        (TIMES[::-1], "times must rise"),
        (np.floor(TIMES), "not even: the middle step is 0 s"),
        (TIMES**2, "not even"),
        (np.where(np.arange(900) % 5, TIMES, TIMES + 0.003), "times must rise|not even"),
        (np.where(np.arange(900) < 880, TIMES, TIMES + 1e6), "a week is allowed"),
        (np.where(np.arange(900) < 880, TIMES, TIMES + 99), "gaps of 90% are allowed"),
        (np.arange(900), "rate of 1 Hz"),
        (["1:00:00"] * 899 + ["later"], "times that cannot be read"),
        (["nan"] * 900, "times that cannot be read"),
        (np.where(np.arange(900) == 9, np.nan, TIMES), "times must rise"),
    ],
)
def test_times_that_tell_no_rate_ask_for_it(
    tmp_path: Path, times: Iterable[object], reason: str
) -> None:
    path = write(tmp_path / "a.csv", "time,ecg", times, ECG)
    with pytest.raises(UnusableRecording, match=f"a.csv .*({reason})") as error:
        read_ecg(path)
    assert "\n" not in str(error.value)
    assert len(read_ecg(path, hz=HZ).samples) == 900


def test_columns_are_chosen_by_alias_by_name_or_by_being_the_only_one(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv", "index,time,acc,ECG (uV)", range(900), TIMES, -ECG, ECG * 1000
    )
    assert ecg_labels(path) == ("index", "time", "acc", "ECG (uV)")
    np.testing.assert_allclose(read_ecg(path).samples, ECG, rtol=0, atol=1e-6)
    assert read_ecg(path, "ACC").label == "acc"
    path = write(tmp_path / "b.csv", "index,time,X1", range(900), TIMES, ECG)
    assert read_ecg(path).label == "X1"
    path = write(tmp_path / "c.csv", "time,X1,X2", TIMES, ECG, ECG)
    with pytest.raises(UnusableRecording, match=r"c.csv has no ECG .*\['X1', 'X2'\]"):
        read_ecg(path)
    path = write(tmp_path / "d.csv", "", TIMES, ECG, -ECG)
    assert read_ecg(path, "column 3").samples[5] == -read_ecg(path, "column 2").samples[5]


def test_the_units_line_of_physionets_exports_joins_the_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "'Elapsed time','ECG'\n'seconds','uV'", TIMES, ECG * 1000)
    ecg = read_ecg(path)
    assert (ecg.label, ecg.notes) == ("ECG [uV]", ())
    np.testing.assert_allclose(ecg.samples, ECG, rtol=0, atol=1e-6)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_and_line_ends_of_other_systems(
    tmp_path: Path, encoding: str, newline: str
) -> None:
    path = write(tmp_path / "a.csv", "time,ecg [µV]", TIMES, ECG)
    path.write_bytes(path.read_text("utf-8").replace("\n", newline).encode(encoding))
    ecg = read_ecg(path)
    assert (ecg.label, len(ecg.samples), ecg.notes) == ("ecg [µV]", 900, ())


def test_a_last_line_that_was_cut_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time,ecg", TIMES, ECG)
    path.write_text(path.read_text() + "4.5")
    assert len(read_ecg(path).samples) == 900


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello\nworld\n", "no rows of numbers"),
        ("\n\n", "no rows of numbers"),
        ("time,ecg\n0,1\n", "has 1 samples"),
        ("time\n0\n1\n", "none holds an ECG"),
        ("time,ecg\n" + "0,1\n" * 5 + "2\n3,4\n", "no number where one belongs"),
    ],
)
def test_text_without_samples_is_one_line_of_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UnusableRecording, match=f"a.csv .*{reason}"):
        read_ecg(tmp_path / "a.csv")


def test_lines_without_end_are_refused_before_they_fill_the_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "a.csv"
    for head, cell in (("time,ecg\n0,1\n1,1\n2,3\n", "1,"), ("", "1.5 "), ("", "12345")):
        path.write_text(head + cell * (8 * 2**20 // len(cell)))
        tracemalloc.start()
        try:
            with pytest.raises(UnusableRecording, match=r"a.csv has a line of 1048576 .*Write"):
                read_ecg(path, "column 1" if not head else "", hz=HZ)
            assert tracemalloc.get_traced_memory()[1] < 60 * 2**20
        finally:
            tracemalloc.stop()


def test_text_of_more_than_a_week_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.gaps.LONGEST_S", 40)
    monkeypatch.setattr(sample_text, "_PIECE", 100)
    path = write(tmp_path / "a.csv", "ecg", ECG)
    assert read_ecg(path, hz=22.5).seconds == 40
    path.write_text(path.read_text() + "not read so far\n")
    with pytest.raises(UnusableRecording, match=r"a.csv spans 0 hours in all; a week is allowed"):
        read_ecg(path, hz=20)


def parquet(path: Path, table: dict[str, object], **metadata: str) -> Path:
    pq.write_table(pa.table(table).replace_schema_metadata(metadata), path)
    return path


def test_parquet_tells_its_rate_by_times_or_metadata(tmp_path: Path) -> None:
    cells = pa.array([None, *ECG[1:]])
    stamps = pa.array([START + timedelta(milliseconds=5 * i) for i in range(900)])
    for table, metadata, start in (
        ({"time": TIMES, "ecg_mV": cells}, {}, None),
        ({"ecg_mV": cells}, {"hz": "200"}, None),
        ({"timestamp": stamps, "ecg_mV": cells, "note": ["x"] * 900}, {}, START),
    ):
        ecg = read_ecg(parquet(tmp_path / "a.parquet", table, **metadata))
        np.testing.assert_allclose(ecg.samples[1:], ECG[1:], rtol=0, atol=1e-6)
        assert np.isnan(ecg.samples[0])
        assert (ecg.hz, ecg.start, ecg.notes) == (HZ, start, ())


def test_parquet_times_with_a_zone_start_by_the_clock_on_the_wall(tmp_path: Path) -> None:
    first = START.replace(tzinfo=ZoneInfo("Europe/Berlin"))
    stamps = pa.array([first + timedelta(milliseconds=5 * i) for i in range(900)])
    assert read_ecg(parquet(tmp_path / "a.pq", {"time": stamps, "ecg": ECG})).start == START


def test_parquet_of_a_pandas_frame_with_times_as_its_index(tmp_path: Path) -> None:
    times = pd.date_range("2026-11-20 22:30", periods=1000, freq="5ms")
    ecg = np.sin(np.arange(1000) / 7)
    pd.DataFrame({"ECG": ecg}, index=times).to_parquet(tmp_path / "a.parquet")
    found = read_ecg(tmp_path / "a.parquet")
    assert (found.label, round(found.hz, 6), len(found.samples)) == ("ECG", 200.0, 1000)
    assert found.start == datetime(2026, 11, 20, 22, 30)
    np.testing.assert_allclose(found.samples, ecg, atol=1e-6)


@pytest.mark.parametrize("kind", [pa.int16(), pa.float32(), pa.decimal128(9, 3)])
def test_parquet_of_any_kind_of_number(tmp_path: Path, kind: pa.DataType) -> None:
    cells = pa.array(np.arange(900.0)).cast(kind)
    ecg = read_ecg(parquet(tmp_path / "a.parquet", {"X.1": cells}), hz=HZ)
    np.testing.assert_array_equal(ecg.samples, np.arange(900))


@pytest.mark.parametrize(
    ("table", "metadata", "reason"),
    [
        ({"ecg": ECG}, {}, "tells no rate"),
        ({"ecg": ECG}, {"hz": "fast"}, "rate of 0 Hz"),
        ({"ecg": ["a"] * 900}, {"hz": "200"}, "none holds an ECG"),
        ({"ecg": np.zeros(10**6)}, {"hz": "200"}, "claims 1000000 rows"),
    ],
)
def test_parquet_without_samples_is_one_line_of_reason(
    tmp_path: Path, table: dict[str, object], metadata: dict[str, str], reason: str
) -> None:
    path = parquet(tmp_path / "a.parquet", table, **metadata)
    with pytest.raises(UnusableRecording, match=f"a.parquet.*{reason}"):
        read_ecg(path)


def test_pyarrow_is_asked_for_when_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = parquet(tmp_path / "a.parquet", {"ecg": ECG}, hz="200")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for read in (read_ecg, ecg_labels):
        with pytest.raises(UnusableRecording, match=r"a.parquet is Parquet.*pip install pyarrow"):
            read(path)


@pytest.mark.parametrize("given", ["hz", "metadata", "times"])
def test_parquet_of_more_than_a_week_is_refused_before_its_samples_are_read(
    tmp_path: Path, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 7 * 86400 * 10 + 20
    table: dict[str, object] = {"ecg": np.tile(ECG, rows // 900 + 1)[:rows].astype(np.float32)}
    if given == "times":
        table["time"] = np.arange(rows) / 10
    metadata = {"hz": "10"} if given == "metadata" else {}
    path = parquet(tmp_path / "a.parquet", table, **metadata)
    monkeypatch.setattr("datasets.gaps.SAMPLES_A_BYTE", 10**6)
    monkeypatch.setattr("datasets.sample_parquet._column", None)
    with pytest.raises(UnusableRecording, match=r"a.parquet spans 168 hours .*Cut it"):
        read_ecg(path, hz=10 if given == "hz" else None)


def test_parquet_without_rows_is_one_line_of_reason(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", {"time": np.empty(0), "ecg": np.empty(0)})
    with pytest.raises(UnusableRecording, match=r"a.parquet has 0 samples"):
        read_ecg(path)


def test_parquet_with_a_name_that_is_no_utf8_is_one_line_of_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"time": TIMES, "ecg": ECG}), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"ecg", b"\xffcg"))
    for read in (read_ecg, ecg_labels):
        with pytest.raises(UnusableRecording, match=r"a.parquet is no sound Parquet file.*utf"):
            read(path)


def test_a_cut_parquet_file_is_one_line_of_reason(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", {"ecg": ECG}, hz="200")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UnusableRecording, match=r"no sound Parquet file.*Write it again") as error:
        read_ecg(path)
    assert "\n" not in str(error.value)
