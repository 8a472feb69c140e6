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
    write_record(made("s", "2026-01-01T00:00:00+00:00"), Store.open(tmp_path))
    assert read_record(Store(tmp_path)).rows == ROWS


def test_the_newest_record_is_the_one_that_was_finished_last(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    write_record(made("new", "2026-01-02T00:00:00+00:00"), store)
    write_record(made("old", "2026-01-01T00:00:00+00:00"), store)
    store.files.write("sweeps/unfinished/plan.json", b"{}")
    assert read_record(store).name == "new"
    assert read_record(store, "old").name == "old"


def test_a_damaged_record_is_named_with_what_to_do(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.files.write("sweeps/s/chosen.json", b'{"name": ')
    with pytest.raises(ValueError, match=r"sweeps/s/chosen\.json is damaged.*Remove it"):
        read_record(store, "s")


def made(name: str, finished_at: str) -> Record:
    """The record of a sweep that has ROWS."""
    return Record(
        name=name,
        plan={"seed": 1},
        finished_at=finished_at,
        nights={"used": 4},
        phases={"built": 3},
        rows=ROWS,
    )


def test_the_best_row_reads_ecg_and_is_chosen_by_validation() -> None:
    assert best_row(ROWS, "W-N-R").row == "AT+CL"


def test_without_a_finished_ecg_row_nothing_is_best() -> None:
    with pytest.raises(ValueError, match="no finished ECG row"):
        best_row(ROWS[:1], "W-N-R")


def test_an_unknown_sweep_is_named_beside_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no finished sweep"):
        read_record(Store.open(tmp_path), "x")
