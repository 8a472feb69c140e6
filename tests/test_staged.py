"""A staged recording in other packages' types, and in the words of a terminal."""

import sys
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from datasets.stages import UNSCORED
from orchestration.staging.summary import duration, in_a_line, shown
from tests.staged_ecgs import START, staged_ecg


def test_what_cannot_be_told_is_unscored() -> None:
    staged = staged_ecg("W?NR")
    assert staged.labels.tolist() == [0, UNSCORED, 1, 2]
    assert staged.stages == ["W", "?", "N", "R"]


def test_pandas_gets_a_row_a_label_on_the_clock() -> None:
    pd = pytest.importorskip("pandas")
    frame = staged_ecg("W?R", output_s=20).to_pandas()
    assert frame.index.name == "onset"
    assert frame.index[2] == pd.Timestamp(START) + pd.Timedelta(seconds=40)
    assert frame["stage"].isna().tolist() == [False, True, False]
    assert list(frame["stage"].cat.categories) == ["W", "N", "R"]
    assert frame["probability_R"].iloc[2] == pytest.approx(0.8)
    assert frame["usable_s"].tolist() == [20, 0, 20]
    assert frame["quality"].tolist() == ["usable", "missing", "usable"]


def test_pandas_counts_from_the_first_sample_where_no_start_is_known() -> None:
    pd = pytest.importorskip("pandas")
    frame = staged_ecg("WNR", start=None).to_pandas()
    assert frame.index.tolist() == [pd.Timedelta(seconds=s) for s in (0, 30, 60)]
    assert frame.loc[pd.Timedelta(seconds=30) :, "stage"].tolist() == ["N", "R"]


def test_mne_lays_annotations_on_the_recording() -> None:
    mne = pytest.importorskip("mne")
    staged = staged_ecg("WN?R", lights=(15.0, 120.0))
    found = staged.to_mne()
    assert found.orig_time == START.replace(tzinfo=UTC)
    assert found.onset.tolist() == [0, 15, 30, 60, 90]
    assert found.duration.tolist() == [30, 0, 30, 30, 30]
    raw = mne.io.RawArray(np.zeros((1, 1200)), mne.create_info(["ECG"], 10.0), verbose="error")
    raw.set_meas_date(START.replace(tzinfo=UTC))
    raw.set_annotations(found)
    assert raw.annotations.onset.tolist() == [0, 15, 30, 60, 90]
    assert raw.annotations.description[3] == "Sleep stage ?"


def test_mne_counts_from_the_first_sample_where_no_start_is_known() -> None:
    pytest.importorskip("mne")
    assert staged_ecg("WNR", start=None).to_mne().orig_time is None


def test_a_start_with_a_time_zone_keeps_its_moment() -> None:
    pytest.importorskip("mne")
    start = datetime(2026, 3, 1, 23, tzinfo=timezone(timedelta(hours=1)))
    found = staged_ecg("WNR", start=start).to_mne()
    assert found.orig_time == datetime(2026, 3, 1, 22, tzinfo=UTC)


@pytest.mark.parametrize(("package", "method"), [("pandas", "to_pandas"), ("mne", "to_mne")])
def test_a_package_that_is_missing_is_named(
    package: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"pip install {package}"):
        getattr(staged_ecg("WNR"), method)()


def test_a_terminal_gets_the_numbers_that_matter() -> None:
    text = str(staged_ecg("WWNNRR", forced=("it is too short",), notes=("The ECG was turned.",)))
    rows = dict(line.split("  ", 1) for line in text.splitlines())
    told = {title: value.strip() for title, value in rows.items()}
    assert told["Total sleep time (min)"] == "2"
    assert told["Sleep efficiency (%)"] == "66.7"
    assert told["FORCED"] == "it is too short"
    assert told["Note"] == "The ECG was turned."


def test_a_line_says_how_long_was_slept() -> None:
    night = "W" * 120 + "N" * 720 + "?" * 20 + "R" * 100
    line = in_a_line(staged_ecg(night, lights=(60.0, 28800.0)))
    slept = "slept 6 h 50 min of 7 h 59 min in bed, sleep efficiency 87 % of scored time"
    slept += ", 10 min unscored"
    assert line == slept
    assert in_a_line(staged_ecg("WN", forced=("short",))).endswith("FORCED")
    assert "of 1 min recorded" in in_a_line(staged_ecg("WN"))
    assert repr(staged_ecg("WN")).startswith("<StagedEcg night-01: slept 0 min 30 s of")


def test_durations_are_written_as_people_say_them() -> None:
    assert [duration(s) for s in (0, 30, 90, 600, 3570, 3600, 24721)] == [
        *("0 min", "0 min 30 s", "1 min 30 s", "10 min", "59 min 30 s", "1 h 00 min"),
        "6 h 52 min",
    ]


def test_names_cannot_steer_a_terminal() -> None:
    assert shown("a\x1b[31m\nb\u202ec\udc80\x00") == "a [31m b c"
    assert shown("x" * 100) == "x" * 59 + "…"
    assert "\x1b" not in str(staged_ecg("WN", name="\x1b]0;x\x07", channel="\x1b[2J"))
