"""The command: many recordings, one line each; what fails is told and stops nothing."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from datasets.edf_writer import Note, write_notes
from orchestration import stage
from orchestration.staging.many import found
from orchestration.staging.networks import RUNTIMES
from orchestration.staging.recordings_table import TABLE
from orchestration.staging.stager import POLARITIES
from tests.ecg_nights import START, write_night
from tests.exported import an_export

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return an_export(tmp_path_factory.mktemp("model"))


@pytest.fixture
def command(model: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the script's main with words; gives its exit code."""

    def run(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["stage", *map(str, words), "--model", str(model)])
        with pytest.raises(SystemExit) as ended:
            stage.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return run


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / TABLE, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_a_bad_file_does_not_stop_the_rest(
    command: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nights = [write_night(tmp_path / "first.edf"), tmp_path / "second.edf", tmp_path / "gone.edf"]
    nights += [write_night(tmp_path / "short.edf", minutes=3), write_night(tmp_path / "last.edf")]
    (tmp_path / "second.edf").write_bytes(b"0       no EDF at all")
    out = tmp_path / "out"
    assert command(*nights, "--out", out) == 1
    told, *lines = capsys.readouterr().out.splitlines()
    assert told.endswith("nothing is known of how well it does")
    assert [line.split(":")[0] for line in lines[:5]] == [
        "[1/5] first.edf",
        "[2/5] second.edf",
        "[3/5] gone.edf",
        "[4/5] short.edf",
        "[5/5] last.edf",
    ]
    assert "NOT STAGED" not in lines[0] + lines[4]
    assert all("NOT STAGED" in line for line in lines[1:4])
    assert "20 min" in lines[3]
    assert "2 of 5 staged" in lines[5]
    assert {path.name.split("_")[0] for path in out.iterdir()} == {"first", "last", TABLE}
    rows = rows_of(out)
    assert [row["file"] for row in rows] == [night.name for night in nights]
    assert [row["not_staged"] == "n/a" for row in rows] == [True, False, False, False, True]
    assert float(rows[0]["time_in_bed_minutes"]) == 25
    assert rows[1]["time_in_bed_minutes"] == "n/a"


def test_a_second_run_keeps_the_rows_of_the_first(command: Any, tmp_path: Path) -> None:
    first, second = write_night(tmp_path / "a.edf"), write_night(tmp_path / "b.edf")
    out = tmp_path / "out"
    for words in ([first, second], [second, "--every", 10], [tmp_path / "gone.edf"]):
        command(*words, "--out", out)
    rows = rows_of(out)
    assert [row["file"] for row in rows] == ["a.edf", "b.edf", "gone.edf"]
    summary = json.loads((out / "b_summary.json").read_text())
    assert summary["model"]["runtime"] == "onnx"
    assert "Statistics count labels of 10 s" in summary["notes"][0]


def test_a_place_that_cannot_be_written_to_is_told_at_once(command: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    words = [write_night(tmp_path / "a.edf"), "--out", tmp_path / "file"]
    with pytest.raises(ValueError, match=r"cannot be written to .*; name another --out"):
        command(*words)
    with pytest.raises(ValueError, match="lights off is '25:00'; allowed are"):
        command(tmp_path / "a.edf", "--out", tmp_path / "out", "--lights-off", "25:00")


def test_recordings_of_one_name_do_not_overwrite_each_other(command: Any, tmp_path: Path) -> None:
    nights = []
    for place in ("a", "b", "c"):
        (tmp_path / place).mkdir()
        name = "NIGHT.edf" if place == "c" else "night.edf"
        nights.append(write_night(tmp_path / place / name))
    assert command(*nights, "--out", tmp_path / "out") == 0
    names = [row["name"] for row in rows_of(tmp_path / "out")]
    assert names == ["night", "night-2", "NIGHT-3"]
    assert all((tmp_path / "out" / f"{name}_hypnogram.csv").exists() for name in names)


def test_a_folder_stands_for_the_recordings_in_it(tmp_path: Path) -> None:
    for name in ("b.edf", "a.BDF", "c.csv", "d.hea", "d.dat", "notes.doc", "b_hypnogram.edf"):
        (tmp_path / name).write_text("")
    write_notes(tmp_path / "e Annotations.edf", START, [Note(0.0, 30.0, "Sleep stage W")])
    (tmp_path / "more").mkdir()
    assert [path.name for path in found([str(tmp_path), "x.edf"])] == [
        "a.BDF",
        "b.edf",
        "c.csv",
        "d.hea",
        "x.edf",
    ]
    assert found([str(tmp_path / "more")]) == [tmp_path / "more"]


def test_hostile_names_are_shown_and_stop_nothing(
    command: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    names = ['=HYPERLINK("x").edf', "a\x1b]0;b\x07.edf", os.fsdecode(b"a\xff.edf"), "<b>&.edf"]
    nights = [write_night(tmp_path / name) for name in names]
    assert command(tmp_path / "empty", *nights, "--out", tmp_path / "out") == 1
    said = capsys.readouterr().out
    assert "[1/5] empty: NOT STAGED: no recording lies in it" in said
    assert "4 of 5 staged" in said
    assert "\x1b" not in said
    rows = rows_of(tmp_path / "out")
    assert rows[1]["file"].startswith("'=")
    assert all(row["name"].isascii() for row in rows[1:])


def test_what_was_typed_reaches_the_stager(command: Any, tmp_path: Path) -> None:
    night = write_night(tmp_path / "night.edf", label="Chest", minutes=10)
    out = tmp_path / "out"
    words = ["--channel", "chest", "--every", "10", "--lights-off", "22:32", "--force"]
    assert command(night, "--out", out, *words) == 0
    text = (out / "night_summary.json").read_text()
    assert '"off_s": 120' in text
    assert '"label_seconds": 10' in text
    assert "20 min" in text


def test_help_names_what_the_stager_knows() -> None:
    assert stage.POLARITIES == POLARITIES
    assert set(stage.RUNTIMES) == set(RUNTIMES)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["night.edf"], "No --model given, and none comes with the project"),
        (["--model", "x"], "Name at least one recording and --out DIR"),
        (["night.edf", "--out", "y", "--model", "x"], "it is no exported model"),
    ],
)
def test_what_is_missing_is_one_line(words: list[str], expected: str, tmp_path: Path) -> None:
    told = [sys.executable, "-m", "orchestration.stage", *words]
    done = subprocess.run(told, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
