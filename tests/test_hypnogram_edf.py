"""The EDF+ hypnogram, read back by those who will read it, and laid on its recording."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from datasets.edf import read_annotations
from datasets.edf_writer import Channel, write_signals
from orchestration.staging.hypnogram_edf import notes_of, write_hypnogram
from tests.staged_ecgs import START, staged_ecg

NIGHT = "WWNN?RR"


def test_a_text_claims_no_finer_stage_than_the_network_told() -> None:
    assert {note.text for note in notes_of(staged_ecg("WLDR?", "wldr"))} == {
        f"Sleep stage {name}" for name in ("W", "L", "D", "R", "?")
    }
    assert {note.text for note in notes_of(staged_ecg("N"))} == {"Sleep stage N"}


def test_labels_shorter_than_a_page_are_joined_and_pages_are_not() -> None:
    short = notes_of(staged_ecg("WWNN?RR", output_s=10))
    spans = [(note.onset_s, note.duration_s) for note in short]
    assert spans == [(0, 20), (20, 20), (40, 10), (50, 20)]
    assert len(notes_of(staged_ecg("WWNN?RR", output_s=20))) == 7
    assert notes_of(staged_ecg("")) == notes_of(staged_ecg("", output_s=1)) == []


STARTS = [START, START.replace(microsecond=250_000)]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(("output_s", "n"), [(1, 3000), (20, 1500), (30, 900)])
def test_every_reader_finds_every_annotation(
    tmp_path: Path, start: datetime, output_s: int, n: int
) -> None:
    mne, edfio = pytest.importorskip("mne"), pytest.importorskip("edfio")
    pyedflib = pytest.importorskip("pyedflib")
    letters = "".join(np.random.default_rng(0).choice(list("WNR?"), n))
    staged = staged_ecg(letters, output_s=output_s, start=start, lights=(45.5, n * output_s - 9.0))
    path, notes = tmp_path / "hypnogram.edf", notes_of(staged)
    write_hypnogram(path, staged)
    onsets, durations, texts = zip(*notes, strict=True)

    theirs = mne.read_annotations(path)
    assert np.allclose(theirs.onset, onsets, atol=1e-6)
    assert np.array_equal(theirs.duration, durations)
    assert tuple(theirs.description) == texts
    found = edfio.read_edf(path).annotations
    assert [(a.onset, a.duration or 0, a.text) for a in found] == notes
    with pyedflib.EdfReader(str(path)) as reader:
        first, lasts, said = reader.readAnnotations()
    assert np.allclose(first, onsets, atol=1e-3)
    assert np.array_equal(lasts, durations)
    assert tuple(said) == texts
    ours = read_annotations(path)
    assert ours.start == start.replace(microsecond=0)
    into = [note.onset_s - start.microsecond / 1e6 for note in ours.notes]
    assert np.allclose(into, onsets, atol=1e-6)


@pytest.mark.parametrize("start", STARTS)
def test_mne_lays_the_hypnogram_on_the_recording(tmp_path: Path, start: datetime) -> None:
    mne = pytest.importorskip("mne")
    staged = staged_ecg(NIGHT, start=start)
    channel = Channel("ECG", "mV", np.zeros(int(staged.seconds) * 100), 1.0, 100)
    write_signals(tmp_path / "ecg.edf", start, 1, [channel])
    write_hypnogram(tmp_path / "hypnogram.edf", staged)
    raw = mne.io.read_raw_edf(tmp_path / "ecg.edf", verbose="error")
    raw.set_annotations(mne.read_annotations(tmp_path / "hypnogram.edf"))
    assert raw.annotations.onset.tolist() == [30.0 * label for label in range(len(NIGHT))]
    assert raw.annotations.description[4] == "Sleep stage ?"


def test_yasa_makes_a_hypnogram_of_it_as_the_docstring_says(tmp_path: Path) -> None:
    mne, yasa = pytest.importorskip("mne"), pytest.importorskip("yasa")
    staged = staged_ecg(NIGHT, lights=(30.0, 200.0))
    write_hypnogram(tmp_path / "hypnogram.edf", staged)
    notes = mne.read_annotations(tmp_path / "hypnogram.edf")
    names = {"W": "WAKE", "N": "NREM", "R": "REM", "?": "UNS"}
    stages = [names[text.split()[-1]] for text in notes.description if text.startswith("Sleep")]
    made = yasa.Hypnogram(stages, n_stages=3, freq="30s", start=str(START))
    assert made.hypno.tolist() == ["WAKE"] * 2 + ["NREM"] * 2 + ["UNS"] + ["REM"] * 2


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (None, datetime(1985, 1, 1)),
        (datetime(1970, 5, 4, 22, 1), datetime(1985, 1, 1, 22, 1)),
        (datetime(2190, 5, 4, 22, 1), datetime(1985, 1, 1, 22, 1)),
    ],
)
def test_a_date_that_edf_cannot_tell_is_the_standards_own(
    tmp_path: Path, start: datetime | None, told: datetime
) -> None:
    pyedflib = pytest.importorskip("pyedflib")
    write_hypnogram(tmp_path / "h.edf", staged_ecg("WN", start=start))
    assert read_annotations(tmp_path / "h.edf").start == told
    with pyedflib.EdfReader(str(tmp_path / "h.edf")) as reader:
        assert reader.getStartdatetime() == told
