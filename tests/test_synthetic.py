"""The look-alike cohort: it has MASS's traps, readers agree on it, it is whole or not there."""

import json
import subprocess
import sys
from pathlib import Path

import pyedflib
import pytest

from datasets import synthetic
from datasets.mass import find_recordings, read_recording
from datasets.recording import UnusableRecording
from datasets.synthetic import main, write_synthetic_mass
from datasets.synthetic_layouts import TRAPPED, layouts_of

ROOT = Path(__file__).resolve().parents[1]


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_eight_subjects_hold_every_trap() -> None:
    layouts = layouts_of(8, traps=True, unusable=False)
    assert {own.subset for own in layouts} == {"SS1", "SS2", "SS3", "SS4", "SS5"}
    assert {own.montage for own in layouts} == {"C3-A2", "C4-A1", "LER"}
    suffixes = {own.annotations.split(".", 1)[0] + own.annotations[-4:] for own in layouts}
    assert suffixes == {"Base.edf", "Annotations.edf", "Annotations.saf"}
    assert {own.hz != 256 for own in layouts} == {True, False}
    assert {own.ecg_hz > 500 for own in layouts} == {True, False}
    for trap in ("lead_in_s", "flat_pages", "outrun_pages", "events", "base_shift_s", "stage_4"):
        assert any(getattr(own, trap) for own in layouts), trap


def test_the_unusable_nights_say_why(cohort: Path) -> None:
    reasons = []
    for ref in find_recordings(cohort):
        try:
            read_recording(ref)
        except UnusableRecording as error:
            reasons.append(str(error))
    assert len(reasons) == 2
    assert "has no ECG" in reasons[0]
    assert "truncated" in reasons[1]


def test_another_reader_finds_what_was_written(cohort: Path) -> None:
    with pyedflib.EdfReader(str(cohort / "SS3_EDF" / "01-03-0003 PSG.edf")) as file:
        assert file.getSignalLabels()[:2] == ["ECG ECGI", "EOG Left Horiz"]
        assert file.getSampleFrequency(0) == pytest.approx(512.0327700973)
        start = file.getStartdatetime()
    with pyedflib.EdfReader(str(cohort / "SS3_EDF" / "01-03-0003 Base.edf")) as file:
        onsets, _, texts = file.readAnnotations()
        assert (file.getStartdatetime() - start).total_seconds() == 10
        assert onsets[0] == pytest.approx(TRAPPED[7].lead_in_s - 10, abs=1e-6)
        assert texts[0] == "Sleep stage ?"
        assert max(len(text) for text in texts) > 40


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        write_synthetic_mass(tmp_path / name, 2, pages=4, seed=seed)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


def test_a_subject_does_not_depend_on_how_many_follow(tmp_path: Path) -> None:
    write_synthetic_mass(tmp_path / "one", 1, pages=4)
    write_synthetic_mass(tmp_path / "two", 2, pages=4)
    name = "01-01-0001 PSG.edf"
    assert contents(tmp_path / "one")[name] == contents(tmp_path / "two")[name]


def test_a_plain_cohort_has_no_traps(tmp_path: Path) -> None:
    write_synthetic_mass(tmp_path, 2, pages=4, traps=False)
    for ref in find_recordings(tmp_path):
        recording = read_recording(ref)
        assert recording.eeg.hz == recording.ecg.hz == 256
        assert recording.hypnogram.onset_s.tolist() == [0, 30, 60, 90]


def test_writing_the_same_cohort_again_does_nothing(tmp_path: Path) -> None:
    first = write_synthetic_mass(tmp_path, 2, pages=4)
    written = [path.stat().st_mtime_ns for path in first]
    assert write_synthetic_mass(tmp_path, 2, pages=4) == first
    assert [path.stat().st_mtime_ns for path in first] == written


def test_a_folder_with_anything_else_is_refused(tmp_path: Path) -> None:
    (path, _) = write_synthetic_mass(tmp_path, 2, pages=4)
    with pytest.raises(ValueError, match=r"another cohort.*'subjects': 2.*'subjects': 3"):
        write_synthetic_mass(tmp_path, 3, pages=4)
    path.write_bytes(b"cut short")
    with pytest.raises(ValueError, match="a broken cohort"):
        write_synthetic_mass(tmp_path, 2, pages=4)
    (tmp_path / "spec.json").write_text(json.dumps([]))
    with pytest.raises(ValueError, match="a broken cohort"):
        write_synthetic_mass(tmp_path, 2, pages=4)


def test_a_cohort_that_is_interrupted_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(synthetic, "write_night", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_synthetic_mass(tmp_path / "cohort", 2, pages=4)
    assert not list(tmp_path.iterdir())


def test_the_command_prints_a_line_a_night(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "datasets.synthetic", str(tmp_path)]
    command += ["--subjects", "2", "--pages", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first.startswith("01-01-0001  SS1     4 pages")
    assert second.startswith("01-02-0001  SS2     6 pages")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--subjects", "0"], "subjects is 0; allowed are 1 to 9999"),
        (["--subjects", "2", "--pages", "3"], "pages is 3; a night needs 4"),
        (["--subjects", "2", "--seed", "-1"], "seed is -1"),
        (["--subjects", "two"], "invalid int value: 'two'"),
        (["--nights", "2"], "arguments are required: --subjects"),
    ],
)
def test_a_bad_argument_ends_with_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(main([str(tmp_path), *arguments]))
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert reason in line
