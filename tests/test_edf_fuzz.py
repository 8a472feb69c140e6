"""Files that were mutated, cut or made up: a correct result or one line of reason, never more."""

import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from datasets.ecg_files import ecg_labels, read_ecg
from datasets.edf import first_sample_time, read_annotations, read_signals, signal_labels
from datasets.gaps import MOST
from datasets.recording import RATES_HZ
from tests.edf_files import BDF_KINDS
from tests.wounded import (
    KINDS,
    NASTY,
    PER_RECORD,
    RECORDS,
    bitten,
    expected,
    fields,
    made,
    mutated,
    outcome,
    put,
    wounds,
)


def check(path: Path, data: bytes) -> bool:
    """Read a file in every way; whether it gave samples."""
    path.write_bytes(data)
    for read in (signal_labels, ecg_labels, read_annotations, first_sample_time):
        outcome(read, path)
    found = outcome(lambda path: read_signals(path, ["ECG"])[0], path)
    if found is not None:
        samples, hz, rounding = expected(data, "ECG")
        np.testing.assert_allclose(found.samples, samples, rtol=0, atol=rounding)
        assert found.hz == hz
    ecg = outcome(lambda path: read_ecg(path, unit="mV"), path)
    if ecg is None:
        return False
    samples, hz, rounding = expected(data, ecg.label)
    assert ecg.hz == hz
    assert RATES_HZ[0] <= hz <= RATES_HZ[1]
    if data[192:197] in (b"EDF+D", b"BDF+D"):
        assert len(samples) // 2 <= len(ecg.samples) <= MOST * len(samples)
    else:
        np.testing.assert_allclose(ecg.samples, samples, rtol=0, atol=rounding)
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files_are_read_right_or_refused(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(KINDS.index(kind))
    sound = made(tmp_path / "a.edf", kind)
    assert check(tmp_path / "a.edf", sound)
    read = sum(check(tmp_path / "a.edf", mutated(sound, rng)) for _ in range(700))
    assert 70 < read < 700  # both ways are walked


@pytest.mark.parametrize("kind", ["EDF+C", "BDF+D"])
def test_no_header_makes_a_reader_take_memory_beyond_its_files_size(
    tmp_path: Path, kind: str
) -> None:
    sound = made(tmp_path / "a.edf", kind)
    path = tmp_path / "a.edf"
    check(path, sound)  # what is made once
    tracemalloc.start()
    try:
        for data in wounds(sound):
            path.write_bytes(data)
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            for read in (read_ecg, read_annotations, lambda path: read_signals(path, ["ECG"])):
                outcome(read, path)
            assert tracemalloc.get_traced_memory()[1] - before < 100 * len(sound)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["EDF+C", "EDF+D", "BDF+C"])
def test_a_file_that_is_cut_anywhere_has_the_samples_of_its_whole_records(
    tmp_path: Path, kind: str
) -> None:
    sound = made(tmp_path / "a.edf", kind)
    header, record = 1024, (len(sound) - 1024) // RECORDS
    for length in range(0, len(sound), 7):
        (tmp_path / "a.edf").write_bytes(sound[:length])
        ecg = outcome(read_ecg, tmp_path / "a.edf")
        whole = (length - header) // record
        assert (ecg is None) == (whole < 1)
        if ecg is not None:
            assert len(ecg.samples) == whole * PER_RECORD
            assert f"after {whole} of {RECORDS} records" in ecg.notes[0]


FIELD = st.one_of(
    st.sampled_from(NASTY),
    st.integers(-(10**8), 10**8).map(str),
    st.floats().map(lambda x: f"{x:.6g}"),
    st.text(st.characters(max_codepoint=300), max_size=16),
)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    kind=st.sampled_from(KINDS),
    changes=st.dictionaries(st.integers(0, 36), FIELD, min_size=1, max_size=5),
    body=st.binary(max_size=600),
)
@example(kind="EDF+C", changes={4: "1_0"}, body=b"")
@example(kind="EDF+C", changes={4: "99999999", 5: "1e-8", 31: "0", 32: "0", 33: "0"}, body=b"")
def test_any_header_fields_are_read_right_or_refused(
    tmp_path: Path, kind: str, changes: dict[int, str], body: bytes
) -> None:
    data = made(tmp_path / "a.edf", kind)
    for index, text in changes.items():
        data = put(data, *fields(data)[index], text)
    check(tmp_path / "a.edf", data[: len(data) - len(body)] + body)


ONSET = st.sampled_from([b"+0", b"+1", b"-1", b"+2.5", b"+1e9", b"+9999999999", b"x", b"+.", b""])


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    kind=st.sampled_from(KINDS[:4]), onsets=st.lists(ONSET | st.binary(max_size=12), max_size=5)
)
def test_any_onsets_are_laid_on_a_clock_or_refused(
    tmp_path: Path, kind: str, onsets: list[bytes]
) -> None:
    data = bytearray(made(tmp_path / "a.edf", kind))
    record = (len(data) - 1024) // RECORDS
    offset = 2 * PER_RECORD * (3 if kind in BDF_KINDS else 2)
    for index, onset in enumerate(onsets):
        at = 1024 + index * record + offset
        data[at : at + len(onset) + 3] = onset + b"\x14\x14\x00"
    check(tmp_path / "a.edf", bytes(data))


TEXTS = (
    "time,ecg\n" + "".join(f"{i / 100},{i % 7}\n" for i in range(60)),
    "Date Time;ECG [uV]\n" + "".join(f"2024-01-01 10:00:0{i}.5;{i},5\n" for i in range(9)),
    "".join(f"{i / 50:.2f}\t{i % 5}\t\n" for i in range(40)),
)


@pytest.mark.parametrize("text", TEXTS)
def test_mutated_text_is_read_or_refused(tmp_path: Path, text: str) -> None:
    rng = np.random.default_rng(3)
    path = tmp_path / "a.csv"
    for _ in range(400):
        path.write_bytes(bitten(text.encode(), rng, b"0159.,;:\t\n\r -+eEnaN\"'#\x00\xffT\xc2"))
        ecg = outcome(read_ecg, path)
        assert ecg is None or len(ecg.samples) <= MOST * path.stat().st_size
        outcome(lambda path: read_ecg(path, hz=100), path)
        outcome(ecg_labels, path)


def test_mutated_wfdb_headers_are_read_or_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    path = tmp_path / "a.hea"
    (tmp_path / "a.dat").write_bytes(rng.bytes(600))
    text = b"a 2 100/7(3) 100 23:07:00 19/1/1989\na.dat 212 200(3)/mV 11 4 9 8 0 ECG\na.dat 212\n"
    several = b"a/3 2 100 300\nb 100\n~ 100\nb 100\n"
    (tmp_path / "b.hea").write_bytes(text.replace(b"a 2", b"b 2"))
    for count in range(200):
        sound = several if count % 3 == 0 else text
        path.write_bytes(bitten(sound, rng, b"0123456789 /.:()x+-~ab\n\t\\#e\xff"))
        ecg = outcome(read_ecg, path)
        assert ecg is None or len(ecg.samples) <= MOST * 600
        outcome(ecg_labels, path)


def test_mutated_parquet_is_read_or_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    path = tmp_path / "a.parquet"
    table = pa.table({"time": np.arange(300) / 100, "ecg": rng.normal(size=300)})
    pq.write_table(table, path, store_schema=False)
    sound = path.read_bytes()
    for count in range(300):
        footer = -int.from_bytes(sound[-8:-4], "little") - 8 if count % 2 else 0
        path.write_bytes(sound[:footer] + bitten(sound[footer:], rng, bytes(range(256))))
        outcome(read_ecg, path)
        outcome(lambda path: read_ecg(path, hz=100), path)
        outcome(ecg_labels, path)
