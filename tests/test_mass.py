"""Nights in MASS's layout: found, read, and refused with a reason."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datasets.mass import find_recordings, read_recording
from datasets.recording import Recording, UnusableRecording
from datasets.sources import SOURCES
from datasets.stages import UNSCORED, Stage
from tests.edf_files import (
    FIRST_PAGE_S,
    HZ,
    Row,
    mass_rows,
    stage_notes,
    tal,
    wave,
    write_edf,
    write_night,
)

ONE = "01-01-0001"


def read(folder: Path) -> Recording:
    (ref,) = find_recordings(folder)
    return read_recording(ref)


def test_a_night_is_read_with_units_labels_and_pages(tmp_path: Path) -> None:
    night = read(write_night(tmp_path, "?W14R?"))
    assert (night.subject, night.subset, night.person) == (ONE, "SS1", ONE)
    assert (night.eeg.label, night.ecg.label) == ("EEG C3-CLE - EEG A2-CLE", "ECG ECGI")
    assert (night.eeg.hz, night.ecg.hz) == (HZ, HZ)
    np.testing.assert_allclose(night.eeg.samples, wave(240), atol=0.02)
    np.testing.assert_allclose(night.ecg.samples, wave(240) / 100, atol=1e-4)
    stages = [UNSCORED, Stage.W, Stage.N1, Stage.N3, Stage.R, UNSCORED]
    assert night.hypnogram.stages.tolist() == stages
    assert night.hypnogram.onset_s[0] == pytest.approx(FIRST_PAGE_S)


def test_linked_ears_are_read_as_they_are_and_the_ecg_may_be_faster(tmp_path: Path) -> None:
    rows = [Row("ECG ECGI", wave(240, 512), "µV"), Row("EEG C3-LER", wave(240) / 1e3, "mV", 0.5)]
    night = read(write_night(tmp_path, rows=rows))
    assert (night.eeg.label, night.eeg.hz, night.ecg.hz) == ("EEG C3-LER", HZ, 2 * HZ)
    np.testing.assert_allclose(night.eeg.samples, wave(240), atol=0.02)
    np.testing.assert_allclose(night.ecg.samples, wave(240, 512) / 1e3, atol=1e-4)


@pytest.mark.parametrize(
    "other", ["Base.edf", "Annotations.edf", "Annotations.saf", "annotations.SAF"]
)
def test_every_release_of_the_annotations_is_found(tmp_path: Path, other: str) -> None:
    write_night(tmp_path)
    base = tmp_path / f"{ONE} Base.edf"
    if other.lower().endswith("saf"):
        base.unlink()
        (tmp_path / f"{ONE} {other}").write_bytes(b"".join(map(tal, stage_notes("?W123R?"))))
    else:
        base.rename(tmp_path / f"{ONE} {other}")
    assert read(tmp_path).hypnogram.stages.tolist() == [-1, 0, 1, 2, 3, 4, -1]


def test_the_v2_annotations_are_preferred_to_older_ones(tmp_path: Path) -> None:
    write_night(tmp_path)
    (tmp_path / f"{ONE} Annotations.edf").write_bytes(b"")
    assert find_recordings(tmp_path)[0].annotations.endswith("Base.edf")


@pytest.mark.parametrize("saf", [False, True])
def test_pages_follow_the_clock_when_the_files_start_apart(tmp_path: Path, saf: bool) -> None:
    write_night(tmp_path, start="31.12.9923.59.50", first_s=0.734375)
    base = tmp_path / f"{ONE} Base.edf"
    if saf:  # no clock of its own: it counts from the header of the signals
        base.with_suffix(".saf").write_bytes(b"".join(map(tal, stage_notes("W2"))))
        base.unlink()
    else:
        start = "01.01.0000.00.15"
        write_edf(base, notes=stage_notes("W2"), record_s=0, start=start, first_s=0.25)
    expected = FIRST_PAGE_S - 0.734375 + (0 if saf else 25)
    assert read(tmp_path).hypnogram.onset_s[0] == pytest.approx(expected)


def test_nights_are_found_in_subfolders_sorted_with_subset_and_person(tmp_path: Path) -> None:
    for name in ("01-05-0003", "01-02-0001", "01-05-0001"):
        (tmp_path / name[:5]).mkdir(exist_ok=True)
        write_night(tmp_path / name[:5], name=name)
    (tmp_path / "cohort.csv").write_text(
        "subject,hours,person\n01-05-0003,8,anna\n01-02-0001,7,anna\n01-05-0001,8,\n"
    )
    found = [(ref.subject, ref.subset, ref.person) for ref in find_recordings(tmp_path)]
    assert found == [
        ("01-02-0001", "SS2", "anna"),
        ("01-05-0001", "SS5", "01-05-0001"),
        ("01-05-0003", "SS5", "anna"),
    ]


@pytest.mark.parametrize("missing", ["Base", "PSG"])
def test_a_night_that_lacks_a_file_is_listed_and_says_so_when_read(
    tmp_path: Path, missing: str
) -> None:
    write_night(tmp_path)
    (tmp_path / f"{ONE} {missing}.edf").unlink()
    with pytest.raises(UnusableRecording, match=f"{ONE} has only '{ONE} .*'; add its "):
        read(tmp_path)


def test_refs_hold_whole_paths_for_workers_that_start_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_night(tmp_path)
    monkeypatch.chdir(tmp_path)
    (ref,) = find_recordings(Path("."))
    assert Path(ref.signals).is_absolute()
    assert Path(ref.annotations).is_absolute()


def test_a_folder_without_a_night_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(
        ValueError, match=r"holds 1 files, 'notes.txt'. A night is '01-01-0001 PSG"
    ):
        find_recordings(tmp_path)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nowhere is not a folder"):
        find_recordings(tmp_path / "nowhere")


def test_a_night_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    write_night(write_night(tmp_path) / "copy")
    with pytest.raises(ValueError, match="are the same file of one night; keep one"):
        find_recordings(tmp_path)


def test_a_cohort_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    write_night(tmp_path)
    (tmp_path / "cohort.csv").write_text("id,person\n")
    with pytest.raises(ValueError, match=r"has columns \['id', 'person'\]; it needs 'subject'"):
        find_recordings(tmp_path)


def test_a_fallback_lead_is_said_in_label_and_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [row._replace(label=row.label.replace("ECGI", "ECGII")) for row in mass_rows(240)]
    with caplog.at_level("INFO", logger="datasets.mass"):
        night = read(write_night(tmp_path, rows=rows))
    assert night.ecg.label == "ECG ECGII"
    assert "no ECG lead I: using 'ECG ECGII'" in caplog.text


@pytest.mark.parametrize(
    ("label", "change", "reason"),
    [
        ("ECG ECGI", {"label": "EMG Chin"}, "has no ECG that we know"),
        ("EEG C3-CLE", {"label": "EEG Fz-CLE"}, "has no C3 or C4 EEG"),
        ("ECG ECGI", {"unit": "bpm"}, "'ECG ECGI': unit 'bpm' is unknown"),
        ("EEG C3-CLE", {"samples": np.zeros(240 * 256)}, "a flat 'EEG C3-CLE'"),
    ],
)
def test_channels_that_cannot_be_used_are_one_line_of_reason(
    tmp_path: Path, label: str, change: dict[str, object], reason: str
) -> None:
    rows = [row._replace(**change) if row.label == label else row for row in mass_rows(240)]  # type: ignore[arg-type]
    with pytest.raises(UnusableRecording, match=f"{ONE} PSG.edf.*{reason}") as error:
        read(write_night(tmp_path, rows=rows))
    assert "\n" not in str(error.value)


def test_files_that_vanish_after_the_search_make_the_night_unusable(tmp_path: Path) -> None:
    (ref,) = find_recordings(write_night(tmp_path))
    for lost in (replace(ref, signals="gone PSG.edf"), replace(ref, annotations="gone.edf")):
        with pytest.raises(UnusableRecording, match=r"gone.* cannot be read"):
            read_recording(lost)


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_carries_its_own_name(name: str) -> None:
    assert SOURCES[name].name == name


def test_refs_name_the_source_that_reads_them(tmp_path: Path) -> None:
    (ref,) = SOURCES["mass"].find(write_night(tmp_path))
    assert SOURCES[ref.source].read(ref).subject == ref.subject
