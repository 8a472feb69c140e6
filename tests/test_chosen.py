"""The record of a sweep: read back as written, and the best row chosen by validation alone."""

from pathlib import Path

import pytest

from orchestration.chosen import Chosen, ChosenFold, Record, best_row, read_record, write_record
from orchestration.store import Store


def row(name: str, score: float, view: str = "student_view") -> Chosen:
    fold = ChosenFold(fold=0, key=name, test=("d",), validation={"score": score})
    return Chosen(scheme="W-N-R", row=name, view=view, point=name, folds=(fold,))


ROWS = (row("EEG baseline", 0.9, "teacher_view"), row("ECG baseline", 0.4), row("AT+CL", 0.5))


def test_a_record_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    record = Record(name="s", plan={"seed": 1}, nights={"used": 4}, phases={"built": 3}, rows=ROWS)
    write_record(record, Store.open(tmp_path))
    assert read_record(Store(tmp_path)).rows == record.rows


def test_the_best_row_reads_ecg_and_is_chosen_by_validation() -> None:
    assert best_row(ROWS, "W-N-R").row == "AT+CL"


def test_without_a_finished_ecg_row_nothing_is_best() -> None:
    with pytest.raises(ValueError, match="no finished ECG row"):
        best_row(ROWS[:1], "W-N-R")


def test_an_unknown_sweep_is_named_beside_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no finished sweep"):
        read_record(Store.open(tmp_path), "x")
