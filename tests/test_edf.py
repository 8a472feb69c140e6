"""EDF files, sound and broken, ours and others'."""

from datetime import datetime
from pathlib import Path

import edfio
import numpy as np
import pyedflib
import pytest

from datasets import edf
from datasets.edf import first_sample_time, read_annotations, read_signals, signal_labels
from datasets.edf_header import read_header
from datasets.recording import UnusableRecording
from datasets.tal import Annotation, parse_tals
from tests.edf_files import HZ, Row, stage_notes, tal, wave, write_edf

NOX = Path(__file__).parents[2] / "shared" / "data" / "nox" / "subject1.edf"
XML = '<Event channel="EEG C3-CLE" groupName="MicroArousal" scorer="Expert 1" more="to be long"/>'


@pytest.fixture
def psg(tmp_path: Path) -> Path:
    rows = [Row("ECG ECGI", wave(8, 512), "mV"), Row("EEG C3-CLE", wave(8))]
    return write_edf(tmp_path / "a PSG.edf", rows, records=8)


def test_signals_come_at_their_own_fractional_rates_in_the_order_asked(psg: Path) -> None:
    eeg, ecg = read_signals(psg, ["EEG C3-CLE", "ECG ECGI"])
    assert (eeg.hz, ecg.hz) == (HZ, 2 * HZ)
    assert (eeg.unit, ecg.unit) == ("uV", "mV")
    np.testing.assert_allclose(eeg.samples, wave(8), atol=0.01)  # half a step of 1000 / 65535
    np.testing.assert_allclose(ecg.samples, wave(8, 512), atol=0.01)
    assert eeg.samples.dtype == np.float32


def test_labels_leave_annotations_out(psg: Path) -> None:
    assert signal_labels(psg) == ("ECG ECGI", "EEG C3-CLE")


@pytest.mark.parametrize("label", ["EEG µ", "EEG C3"])
@pytest.mark.parametrize("unit", ["µV", "uV"])
def test_letters_that_pyedflib_refuses_are_read(tmp_path: Path, unit: str, label: str) -> None:
    path = write_edf(tmp_path / "a.edf", [Row(label, wave(4), unit)], records=4)
    (channel,) = read_signals(path, [label])
    assert channel.unit == unit
    np.testing.assert_allclose(channel.samples, wave(4), atol=0.01)


def test_samples_equal_those_of_an_independent_reader(tmp_path: Path) -> None:
    signal = edfio.EdfSignal(wave(10), 256, label="EEG C3", physical_dimension="uV")
    notes = [edfio.EdfAnnotation(1.25, 30, "Sleep stage W")]
    edfio.Edf([signal], annotations=notes).write(tmp_path / "a.edf")
    (channel,) = read_signals(tmp_path / "a.edf", ["EEG C3"])
    np.testing.assert_allclose(channel.samples, signal.data, atol=1e-3)
    assert read_annotations(tmp_path / "a.edf").notes == (Annotation(1.25, 30.0, "Sleep stage W"),)


@pytest.mark.parametrize("block_bytes", [1, 5000, 2**21])
def test_several_signals_equal_those_of_pyedflib_in_any_number_of_blocks(
    psg: Path, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edf, "_BLOCK_BYTES", block_bytes)
    labels = ("ECG ECGI", "EEG C3-CLE")
    with pyedflib.EdfReader(str(psg)) as file:
        theirs = [file.readSignal(file.getSignalLabels().index(label)) for label in labels]
    for channel, samples in zip(read_signals(psg, labels), theirs, strict=True):
        np.testing.assert_allclose(channel.samples, samples, rtol=0, atol=1e-4)  # a step is 0.015


def test_a_file_that_shrinks_while_it_is_read_is_named(
    psg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = read_header(psg)
    monkeypatch.setattr(edf, "read_header", lambda path: header)
    psg.write_bytes(psg.read_bytes()[:-600])
    with pytest.raises(UnusableRecording, match=r"a PSG\.edf was cut while it was read"):
        read_signals(psg, ["ECG ECGI"])


@pytest.mark.parametrize("kind", ["EDF+C", ""])
def test_annotations_that_come_before_the_signals_do_not_shift_them(
    tmp_path: Path, kind: str
) -> None:
    blank = Row("EDF Annotations", np.full(4 * 20, 500 / 65535))  # NUL bytes
    rows = [blank, Row("EEG C3", wave(4)), Row("ECG", -wave(4))]
    path = write_edf(tmp_path / "a.edf", rows, records=4, kind=kind)
    (channel,) = read_signals(path, ["EEG C3"])
    np.testing.assert_allclose(channel.samples, wave(4), atol=0.01)


def test_a_missing_signal_is_named_with_those_there_are(psg: Path) -> None:
    with pytest.raises(UnusableRecording, match=r"no signal 'EEG C4'; it has \['ECG ECGI'"):
        read_signals(psg, ["EEG C4"])


def test_annotations_are_whole_and_count_from_the_header(tmp_path: Path) -> None:
    notes = [Annotation(20.9180587558, 29.99808, "Sleep stage W"), Annotation(3.5, None, XML)]
    path = write_edf(tmp_path / "a.edf", notes=notes, record_s=0, first_s=0.734375)
    start, found = read_annotations(path)
    assert start == datetime(2000, 1, 1, 22)
    assert found == tuple(notes)


def test_the_first_sample_lies_at_the_first_records_own_offset(tmp_path: Path) -> None:
    path = write_edf(tmp_path / "a.edf", [Row("EEG", wave(2))], records=2, first_s=0.734375)
    assert first_sample_time(path) == datetime(2000, 1, 1, 22, 0, 0, 734375)


def test_a_file_without_annotations_starts_with_its_header(psg: Path) -> None:
    psg.write_bytes(psg.read_bytes().replace(b"EDF Annotations", b"Marker         ", 1))
    assert first_sample_time(psg) == datetime(2000, 1, 1, 22)


def test_a_stand_alone_file_is_annotations_without_a_clock(tmp_path: Path) -> None:
    path = tmp_path / "a Annotations.saf"
    path.write_bytes(b"+0\x14\x14\x00" + b"".join(map(tal, stage_notes("W2"))) + b"\x00\x00")
    start, notes = read_annotations(path)
    assert start is None
    assert [note.text for note in notes] == ["Sleep stage W", "Sleep stage 2"]


def test_one_list_may_hold_several_texts_or_none() -> None:
    assert parse_tals(b"+1\x152\x14a\x14b\x14\x00\x00+3\x14\x14\x00") == [
        Annotation(1.0, 2.0, "a"),
        Annotation(1.0, 2.0, "b"),
        Annotation(3.0, None, ""),
    ]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"EDF+C", b"EDF+D", r"is EDF\+D \(gaps between records\)"),
        (b"0       X", b"\xffBIOSEMIX", "starts with b'.xffBIOSEMI' where EDF has"),
        (b"8       0.999936", b"-1      0.999936", "claims -1 data records"),
        (b"8       0.999936", b"8       0       ", "records of 0 s"),
        (b"8       0.999936", b"9       0.999936", "truncated: .* bytes of its 9 data records"),
        (b"01.01.00", b"00.00.00", "does not match format"),
        (b"512     256", b"-512    256", "claims -512 samples a record"),
        (b"1024    EDF", b"768     EDF", "claims 3 signals in 768 bytes"),
        (b"-500    -500", b"many    many", r"limits \(nan, 500.0\) for"),
        (b"-500    -500", b"500     500 ", r"limits \(500.0, 500.0\) for"),
    ],
)
def test_an_unsound_header_is_one_line_of_reason(
    psg: Path, old: bytes, new: bytes, reason: str
) -> None:
    psg.write_bytes(psg.read_bytes().replace(old, new, 1))
    with pytest.raises(UnusableRecording, match=f"a PSG.edf .*{reason}") as error:
        read_signals(psg, ["ECG ECGI"])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("keep", "reason"),
    [(0, "it is empty"), (100, "starts with"), (600, "cut off"), (-7, "truncated: 7 bytes")],
)
def test_a_cut_file_is_one_line_of_reason(psg: Path, keep: int, reason: str) -> None:
    psg.write_bytes(psg.read_bytes()[:keep])
    for read in (signal_labels, read_annotations, first_sample_time):
        with pytest.raises(UnusableRecording, match=reason):
            read(psg)


def test_a_file_that_is_gone_is_one_line_of_reason(tmp_path: Path) -> None:
    with pytest.raises(UnusableRecording, match="No such file"):
        read_annotations(tmp_path / "a.edf")


def test_broken_annotations_are_one_line_of_reason(tmp_path: Path) -> None:
    (tmp_path / "a.saf").write_bytes(b"+1\x14W\x14\x00onset,stage\x00")
    with pytest.raises(UnusableRecording, match=r"starts with b'onset,stage'; it must .*b'\+30"):
        read_annotations(tmp_path / "a.saf")


def test_nothing_is_printed_about_a_broken_file(
    psg: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    psg.write_bytes(psg.read_bytes()[:-7])
    with pytest.raises(UnusableRecording):
        read_signals(psg, ["ECG ECGI"])
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not NOX.exists(), reason="needs a recording that is not in the repository")
def test_a_clinical_recording_that_pyedflib_refuses_is_read() -> None:
    assert len(signal_labels(NOX)) == 89
    ecg, eeg = read_signals(NOX, ["ECG", "C3-M2"])
    other = edfio.read_edf(NOX)
    for channel in (ecg, eeg):
        assert (channel.hz, channel.unit) == (200.0, "V")
        theirs = other.get_signal(channel.label).data
        np.testing.assert_allclose(channel.samples, theirs, rtol=0, atol=1e-7)
    assert read_annotations(NOX).notes == ()
