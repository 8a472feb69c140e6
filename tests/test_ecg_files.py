"""The ECG of any file: found, in mV, on one clock; or one line that says why not."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import mne
import numpy as np
import pyedflib
import pytest

from datasets.ecg import EcgRecording
from datasets.ecg_files import READERS, ecg_labels, read_ecg
from datasets.ecg_leads import find_channel
from datasets.edf import read_signals
from datasets.recording import UnusableRecording
from tests.edf_files import HZ, RECORD_S, Row, wave, write_edf

NOX = Path(__file__).parents[2] / "shared" / "data" / "nox" / "subject1.edf"
KINDS = ("EDF+C", "EDF+D", "BDF+C", "BDF+D", "24BIT")
EARLY = 500 / 65535  # half a step of the EDF files here, in uV


def write(
    path: Path, kind: str = "EDF+C", records: int = 8, unit: str = "mV", **more: object
) -> Path:
    rows = [Row("EEG C3", -wave(records)), Row("EKG", wave(records) / 100, unit, 5.0)]
    return write_edf(path, rows, records=records, kind=kind, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_edf_and_bdf_of_every_kind_give_the_same_ecg(tmp_path: Path, kind: str) -> None:
    ecg = read_ecg(write(tmp_path / "a.b.edf", kind, first_s=0.25))
    assert (ecg.name, ecg.label, ecg.hz, ecg.notes) == ("a.b", "EKG", HZ, ())
    assert ecg.start == datetime(2000, 1, 1, 22, 0, 0, 250000)
    assert ecg.limits_mv == (-5.0, 5.0)
    assert ecg.samples.dtype == np.float32
    np.testing.assert_allclose(ecg.samples, wave(8) / 100, rtol=0, atol=1e-4)


def pyedflib_bdf(path: Path, samples: np.ndarray) -> Path:
    header = pyedflib.highlevel.make_signal_header(
        "ECG I", "uV", 200, physical_min=-187500, physical_max=187500
    )
    header |= {"digital_min": -8388608, "digital_max": 8388607}
    pyedflib.highlevel.write_edf(
        str(path), [samples], [header], file_type=pyedflib.FILETYPE_BDFPLUS
    )
    return path


def test_bdf_equals_what_pyedflib_and_mne_read(tmp_path: Path) -> None:
    samples = 900 * np.sin(np.arange(2000) / 7)
    path = pyedflib_bdf(tmp_path / "a.bdf", samples)
    ecg = read_ecg(path)
    theirs = pyedflib.highlevel.read_edf(str(path))[0][0]
    np.testing.assert_allclose(1000 * ecg.samples, theirs, rtol=0, atol=0.03)  # a step is 0.022
    raw = mne.io.read_raw_bdf(path, verbose="error")
    np.testing.assert_allclose(ecg.samples, 1000 * raw.get_data()[0], rtol=0, atol=3e-5)
    assert ecg.hz == 200.0
    assert ecg.limits_mv == (-187.5, 187.5)


@pytest.mark.parametrize("kind", ["EDF+D", "BDF+D"])
def test_gaps_between_records_are_nan_where_the_onsets_say(tmp_path: Path, kind: str) -> None:
    onsets = [0.5 + RECORD_S * i for i in (0, 1, 2, 7, 8, 10.5)]
    ecg = read_ecg(write(tmp_path / "a.edf", kind, 6, onsets=onsets))
    whole = (wave(6) / 100).reshape(6, 256)
    expected = np.full(256 * 23 // 2, np.nan)  # 11.5 records
    for index, at in enumerate((0, 256, 512, 1792, 2048, 2688)):
        expected[at : at + 256] = whole[index]
    np.testing.assert_allclose(ecg.samples, expected, rtol=0, atol=1e-4)
    assert ecg.notes == ("Missing samples: 2 gaps, together of 5.5 s.",)
    assert ecg.start == datetime(2000, 1, 1, 22, 0, 0, 500000)


def test_a_clock_that_runs_off_its_records_neither_drifts_nor_leaves_holes(tmp_path: Path) -> None:
    onsets = [round(1.0002 * RECORD_S * i, 3) for i in range(200)]  # 0.05 samples a record
    ecg = read_ecg(write(tmp_path / "a.edf", "EDF+D", 200, onsets=onsets))
    assert not np.isnan(ecg.samples).any()
    assert len(ecg.samples) == round(onsets[-1] * HZ) + 256
    assert ecg.notes == ()


@pytest.mark.parametrize(
    ("onsets", "reason"),
    [
        ([0, 1, 1.5, 3], r"record 2 begins at 1.5 s, before record 1.*Export it again as EDF\+C"),
        ([0, 1, 2, 1], "record 3 begins at 1 s, before record 2"),
        ([0, 1, 2, 7 * 86400], "spans 168 hours .* a week is allowed. Cut it"),
        ([0, 1, 2, 90], "has samples for 4 s of the 91 s it spans; gaps of 90% are allowed"),
    ],
)
def test_onsets_that_overlap_or_lie_too_far_apart_are_refused(
    tmp_path: Path, onsets: list[float], reason: str
) -> None:
    with pytest.raises(UnusableRecording, match=f"a.edf .*{reason}"):
        read_ecg(write(tmp_path / "a.edf", "EDF+D", 4, onsets=onsets))


def test_a_file_of_more_than_a_week_is_refused_before_its_samples_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_edf(tmp_path / "a.edf", [Row("ECG", wave(8))], records=8, kind="EDF+C")
    slow = path.read_bytes().replace(b"8       0.999936", b"8       90000   ")
    path.write_bytes(slow.replace(b"256     ", b"1000000 ")[: len(slow)])
    header = 256 * 3  # an ECG and annotations
    with open(path, "r+b") as file:
        file.truncate(header + 8 * 2 * 1_000_100)  # sparse: 8 records of 25 hours at 11 Hz
    monkeypatch.setattr("datasets.edf_ecg.read_samples", None)
    with pytest.raises(UnusableRecording, match=r"a.edf spans 200 hours .*a week is allowed"):
        read_ecg(path)


def test_a_recording_knows_no_infinite_samples_nor_more_than_a_week() -> None:
    given = np.array([0, np.inf, 1, -np.inf, np.nan], np.float32)
    ecg = EcgRecording(name="a", label="ECG", samples=given, hz=100.0)
    np.testing.assert_array_equal(ecg.samples, np.array([0, np.nan, 1, np.nan, np.nan]))
    assert np.isinf(given[1])  # the caller's stays
    whole = np.zeros(3, np.float32)
    assert EcgRecording(name="a", label="ECG", samples=whole, hz=100.0).samples is whole
    with pytest.raises(UnusableRecording, match=r"'ECG' spans 168 hours .*Cut it into its nights"):
        EcgRecording(name="a", label="ECG", samples=np.zeros(7 * 864_000 + 1, np.float32), hz=10.0)


@pytest.mark.parametrize("kind", ["EDF+C", "EDF+D", "BDF+C"])
def test_an_interrupted_recording_is_read_as_far_as_it_is_whole(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "a.edf", kind)
    path.write_bytes(path.read_bytes()[:-7])
    ecg = read_ecg(path)
    np.testing.assert_allclose(ecg.samples, wave(7) / 100, rtol=0, atol=1e-4)
    assert ecg.notes == ("The file ends 1 s early, after 7 of 8 records.",)
    with pytest.raises(UnusableRecording):
        read_signals(path, ["EKG"])


@pytest.mark.parametrize("count", [b"-1", b"0 "])
def test_an_unfinished_header_counts_its_records_by_the_files_size(
    tmp_path: Path, count: bytes
) -> None:
    path = write(tmp_path / "a.edf")
    path.write_bytes(path.read_bytes().replace(b"8       0.999936", count + b"      0.999936"))
    ecg = read_ecg(path)
    assert len(ecg.samples) == 8 * 256
    assert "never finished" in ecg.notes[0]


@pytest.mark.parametrize(
    ("start", "found", "note"),
    [
        ("31.12.8423.59.59", datetime(2084, 12, 31, 23, 59, 59), ""),
        ("31.12.7023.59.59", datetime(2070, 12, 31, 23, 59, 59), ""),
        ("01.02.8622.00.00", datetime(1986, 2, 1, 22), ""),
        ("01-02-0322:00:00", datetime(2003, 2, 1, 22), ""),
        ("01.01.8522.00.00", datetime(1985, 1, 1, 22), "1 January 1985, stands for one"),
        ("00.00.0000.00.00", None, "unknown: the header has '00.00.0000.00.00'"),
        ("XX.XX.XX22.00.00", None, "unknown"),
    ],
)
def test_the_start_is_told_or_noted_as_unknown(
    tmp_path: Path, start: str, found: datetime | None, note: str
) -> None:
    ecg = read_ecg(write(tmp_path / "a.edf", start=start))
    assert ecg.start == found
    assert note in " ".join(ecg.notes)
    assert bool(note) == bool(ecg.notes)


@pytest.mark.parametrize(
    ("unit", "per_mv"),
    [("V", 1e-3), ("mV", 1), ("uV", 1e3), ("µV", 1e3), ("μV", 1e3), ("nV", 1e6)],
)
def test_every_unit_of_voltage_becomes_millivolts(
    tmp_path: Path, unit: str, per_mv: float
) -> None:
    path = write_edf(
        tmp_path / "a.edf", [Row("ECG", wave(4) / 300 * per_mv, unit, per_mv)], records=4
    )
    ecg = read_ecg(path)
    np.testing.assert_allclose(ecg.samples, np.clip(wave(4) / 300, -1, 1), rtol=0, atol=2e-5)
    np.testing.assert_allclose(ecg.limits_mv or (), (-1, 1))
    assert ecg.notes == ()


@pytest.mark.parametrize("unit", ["", "ADU", "%"])
def test_an_unknown_unit_is_taken_as_millivolts_and_noted(tmp_path: Path, unit: str) -> None:
    path = write(tmp_path / "a.edf", unit=unit)
    ecg = read_ecg(path)
    assert ecg.limits_mv == (-5.0, 5.0)
    assert f"The unit {unit!r} of 'EKG' is unknown and taken as mV" in ecg.notes[0]
    given = read_ecg(path, unit="uV")
    np.testing.assert_allclose(given.samples, ecg.samples / 1000, rtol=1e-5)
    assert given.notes == (f"The unit is uV as given; the file has {unit!r}.",)


def test_a_rate_that_the_file_tells_itself_is_kept_and_that_is_noted(tmp_path: Path) -> None:
    ecg = read_ecg(write(tmp_path / "a.edf"), channel="eegc3", hz=250.0, unit="uV")
    assert (ecg.label, ecg.hz) == ("EEG C3", HZ)
    assert ecg.notes == (
        f"The rate of 250 Hz that was given is not used: the file tells {HZ:g} Hz.",
    )
    for given, reason in (
        ({"unit": "mmHg"}, "unit 'mmHg'"),
        ({"hz": float("nan")}, "rate of nan"),
    ):
        with pytest.raises(UnusableRecording, match=reason):
            read_ecg(tmp_path / "a.edf", **given)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["HR", "ECG HR", "ECG"], "ECG"),
        (["EEG I", "ecg ii", "ECG I"], "ECG I"),
        (["V5", "MLII"], "MLII"),
        (["Lead II", "Lead I"], "Lead I"),
        (["III", "II", "I"], "I"),
        (["V1", "Abl. II", "abl. I"], "abl. I"),
        (["CH1", "MLII", "D-II", "lead_1"], "lead_1"),
        (["aVR", "V1"], "aVR"),
        (["Pleth", "ECG LA-RA"], "ECG LA-RA"),
        (["RIP", "ECG1-ECG2"], "ECG1-ECG2"),
        (["Chest EKG", "Resp Rate"], "Chest EKG"),
        (["time", "ecg_mV"], "ecg_mV"),
        (["EKG1", "EKG2"], "EKG1"),
        (["ECG Impedance", "ecg"], "ecg"),
    ],
)
def test_the_likeliest_label_is_taken(labels: list[str], found: str) -> None:
    assert labels[find_channel(labels, "a.edf")] == found


@pytest.mark.parametrize(
    "labels",
    [
        [],
        ["X1", "X2"],
        ["ECG HR", "EEG"],
        ["1", "CH1", "CH 1", "Channel 1"],
        ["C3", "HRI"],
        ["EMG", "SECGX"],
    ],
)
def test_other_labels_are_taken_by_name_only(labels: list[str]) -> None:
    with pytest.raises(UnusableRecording, match=r"a.edf has no ECG .*it has \[.*--channel"):
        find_channel(labels, "a.edf")
    if labels:
        assert find_channel(labels, "a.edf", " " + labels[-1].lower()) == len(labels) - 1


def test_of_labels_that_are_alike_the_first_is_read_and_exact_names_go_first(
    tmp_path: Path,
) -> None:
    rows = [Row(label, np.full(512, level)) for level, label in enumerate(("ecg", "ECG", "ECG"))]
    path = write_edf(tmp_path / "a.edf", rows, records=2)
    levels = [read_ecg(path, channel).samples[0] * 1000 for channel in ("", "ECG", "E C g")]
    np.testing.assert_allclose(levels, [0, 1, 0], atol=0.02)


def test_an_unknown_channel_lists_those_there_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.edf")
    assert ecg_labels(path) == ("EEG C3", "EKG")
    with pytest.raises(UnusableRecording, match=r"no channel 'ECG'; it has \['EEG C3', 'EKG'\]"):
        read_ecg(path, "ECG")


def test_an_edf_of_one_signal_that_is_no_ecg_is_not_taken_for_one(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "a.edf", [Row("EEG C3", wave(2))], records=2)
    with pytest.raises(UnusableRecording, match="has no ECG channel"):
        read_ecg(path)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone.edf": (lambda path: None, r"cannot be read \(No such file"),
    "folder.edf": (Path.mkdir, "is a folder; give the files in it"),
    "empty.edf": (Path.touch, "is empty; copy it again"),
    "packed.gz": (lambda path: path.write_bytes(b"\x1f\x8b\x08\0\0"), "Unpack it"),
    "lone.dat": (lambda path: path.write_bytes(b"12345"), r"\.dat beside its \.hea"),
    "short.edf": (lambda path: path.write_bytes(b"0       "), "starts with b'0       '"),
    "headless.csv": (lambda path: path.write_bytes(b"a\0b"), "is no text"),
    "notes.edf": (lambda path: write_edf(path, record_s=0), "records of 0 s"),
    "whole.edf": (
        lambda path: path.write_bytes(write(path).read_bytes()[:1100]),
        "none is whole",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_one_line_with_its_name(tmp_path: Path, name: str) -> None:
    make, reason = BROKEN[name]
    make(tmp_path / name)
    for read in (read_ecg, ecg_labels):
        if read is ecg_labels and name in ("notes.edf", "whole.edf"):
            continue  # they have labels
        with pytest.raises(UnusableRecording, match=f"{name}.*{reason}") as error:
            read(tmp_path / name)
        assert "\n" not in str(error.value)


def test_a_pipe_is_refused_before_it_is_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "a.edf")
    with pytest.raises(UnusableRecording, match="is no plain file"):
        read_ecg(tmp_path / "a.edf")


def test_content_outweighs_the_suffix(tmp_path: Path) -> None:
    path = write(tmp_path / "a.edf").rename(tmp_path / "a.txt")
    assert read_ecg(path).label == "EKG"
    assert set(READERS) == {"EDF", "Parquet", "WFDB", "text"}


@pytest.mark.skipif(not NOX.exists(), reason="needs a recording that is not in the repository")
def test_a_clinical_recording_is_read_in_mv(capfd: pytest.CaptureFixture[str]) -> None:
    ecg = read_ecg(NOX)
    assert (ecg.label, ecg.hz, len(ecg.samples), ecg.notes) == ("ECG", 200.0, 24000, ())
    volts = mne.io.read_raw_edf(NOX, include=["ECG"], verbose="error").get_data()[0]
    np.testing.assert_allclose(ecg.samples, 1000 * volts, rtol=0, atol=1e-4)
    assert capfd.readouterr() == ("", "")
