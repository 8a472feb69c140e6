"""The files of a staged recording, read back by those who will read them."""

import csv
import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from orchestration.staging.outputs import KEPT, RESERVED, safe_name
from orchestration.staging.staged import StagedEcg
from tests.staged_ecgs import spec, staged_ecg

NIGHT = "WWNN?RR"
FILES = (
    *("hypnogram.csv", "events.tsv", "events.json", "hypnogram.edf", "hypnogram.png"),
    *("hypnogram.svg", "summary.json"),
)


def test_every_file_is_named_after_the_recording_and_returned(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    paths = staged_ecg(NIGHT).save(folder)
    assert paths == tuple(folder / f"night-01_{name}" for name in FILES)
    assert set(folder.iterdir()) == set(paths)


def test_a_file_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, data: bytes) -> int:
        with open(self, "wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        staged_ecg(NIGHT).save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_there_is_no_picture_and_the_summary_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "orchestration.staging.figure", raising=False)
    paths = staged_ecg(NIGHT).save(tmp_path)
    assert {path.suffix for path in paths} == {".csv", ".tsv", ".json", ".edf"}
    summary = json.loads((tmp_path / "night-01_summary.json").read_text())
    assert "pip install matplotlib" in summary["notes"][-1]


HOSTILE = [
    *("", " ", ".", "..", "/", "\\", "~", "a/../../b", "../x", "C:\\x", "\\\\host\\share", "\x00"),
    *("a\nb", "=1+1", "+1", "-rf", "--help", "@x", "$(id)", "`id`", "a;b|c&d", "<script>", '"'),
    *("con", "NUL.txt", "COM1", "lpt9.a.b", "Com¹", "x" * 500, "夜", "\udc80\ud800", "é" * 300),
    *("a.", "a ", "a. .", ".hidden", "%2e%2e%2f", "a\u202eb", "ﬁ", "İ", "a:stream", "*?"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_becomes_a_plain_one(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe) <= 101
    assert set(safe) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert safe[0] not in ".-"
    assert safe[-1] != "."
    assert safe.split(".")[0].upper() not in RESERVED
    assert safe_name(safe) == safe
    assert safe_name(f"{safe}-2") == f"{safe}-2"


def test_a_hostile_name_stays_in_the_folder(tmp_path: Path) -> None:
    for name in ("../../etc/x", "/etc/x", "..", "a\x00b"):
        paths = staged_ecg("WN", name=name).save(tmp_path / "out")
        assert all(path.resolve().parent == (tmp_path / "out").resolve() for path in paths)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_names_are_kept_as_far_as_they_can_be() -> None:
    assert safe_name("01-03-0001 PSG") == "01-03-0001_PSG"
    assert safe_name("Müller, Zoë") == "Muller_Zoe"
    assert safe_name("夜") != safe_name("昼")
    assert safe_name("x" * 200 + "1") != safe_name("x" * 200 + "2")
    assert safe_name("x" * 200).startswith("x" * KEPT)


def rows_of(path: Path, delimiter: str) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter, strict=True))


def saved(staged: StagedEcg, folder: Path) -> dict[str, Path]:
    return {path.name.split("_")[-1]: path for path in staged.save(folder)}


def test_the_csv_tells_all_of_a_label(tmp_path: Path) -> None:
    path = saved(staged_ecg(NIGHT, output_s=20), tmp_path)["hypnogram.csv"]
    rows = rows_of(path, ",")
    assert rows[3] == {
        "onset_s": "60",
        "duration_s": "20",
        "clock_time": "2026-03-01T22:48:13",
        "stage": "N",
        "probability_W": "0.100000",
        "probability_N": "0.800000",
        "probability_R": "0.100000",
        "usable_s": "20",
        "quality": "usable",
        "heart_rate_bpm": "60.0",
    }
    unscored = ("stage", "probability_N", "usable_s", "quality")
    assert [rows[4][name] for name in unscored] == ["?", "", "0", "missing"]
    data = path.read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n") == len(NIGHT) + 1  # RFC 4180


def test_the_csv_of_a_recording_without_a_clock_has_the_same_columns(tmp_path: Path) -> None:
    rows = rows_of(saved(staged_ecg("WN", start=None), tmp_path)["hypnogram.csv"], ",")
    assert [row["clock_time"] for row in rows] == ["", ""]


def test_events_are_as_bids_wants_them(tmp_path: Path) -> None:
    files = saved(staged_ecg(NIGHT), tmp_path)
    data, rows = files["events.tsv"].read_bytes(), rows_of(files["events.tsv"], "\t")
    assert b"\r" not in data
    assert data.endswith(b"\n")
    assert list(rows[0])[:3] == ["onset", "duration", "trial_type"]
    assert all(cell for row in rows for cell in row.values())  # a missing value is n/a
    assert rows[4]["probability_N"] == "n/a"
    sidecar = json.loads(files["events.json"].read_text())
    assert set(rows[0]) == set(sidecar) - {"StagingModel"}
    assert {row["trial_type"] for row in rows} <= set(sidecar["trial_type"]["Levels"])
    assert sidecar["StagingModel"]["name"] == "a model"


def test_no_cell_begins_a_formula_whatever_the_names_are(tmp_path: Path) -> None:
    evil = "=cmd|'/c calc'!A0"
    staged = staged_ecg(NIGHT, name=evil, channel=evil, notes=(evil,), model=spec(name=evil))
    for path in staged.save(tmp_path):
        if path.suffix in (".csv", ".tsv"):
            rows = rows_of(path, "," if path.suffix == ".csv" else "\t")
            cells = [cell for row in rows for pair in row.items() for cell in pair]
            assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]


def test_the_summary_is_json_without_nan(tmp_path: Path) -> None:
    model = spec(origin={"key": "abc", "kappa": float("nan")})
    staged = staged_ecg("WWW?", model=model, forced=("short",), lights=(30.0, 120.0))
    text = saved(staged, tmp_path)["summary.json"].read_text()

    def refuse(word: str) -> None:
        raise AssertionError(word)

    found = json.loads(text, parse_constant=refuse)
    assert found["sleep_statistics"]["sleep_onset_latency_minutes"] is None
    assert found["sleep_statistics"]["unscored_minutes"] == 0.5
    assert found["recording"]["start"] == "2026-03-01T22:47:13"
    assert found["lights"]["off_given"]
    assert not found["lights"]["on_given"]
    assert found["signal_quality"]["missing_percent"] == 25
    assert found["forced"] == ["short"]
    assert found["model"]["origin"] == {"key": "abc", "kappa": None}


def test_a_night_of_labels_of_a_second_is_written_in_seconds(tmp_path: Path) -> None:
    letters = "".join(np.repeat(np.random.default_rng(0).choice(list("WNR"), 2880), 10))
    staged = staged_ecg(letters, output_s=1)
    begun = time.process_time()
    staged.save(tmp_path)
    assert time.process_time() - begun < 6  # about 1.5 s
