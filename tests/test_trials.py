"""Trials as the record has them: their states, their reasons, when they ran."""

from itertools import pairwise

import numpy as np
import pytest

from orchestration.evidence.slots import bars_of, clock_of
from orchestration.evidence.trials import (
    Run,
    TrialPoint,
    compared,
    over_folds,
    said,
    trials_of,
    unfinished_view,
)
from tests.searches import FOLDS, SCHEME, long_record

TRIALS = trials_of(long_record(), SCHEME)


def trial(number: int, *runs: tuple[float, float, str]) -> TrialPoint:
    found = tuple(Run(*run) for run in runs)
    return TrialPoint(number, "SD+CL", 0.5, 1.0, None, 0.5, "COMPLETE", runs=found)


def test_trials_come_by_number_and_every_state_is_told() -> None:
    assert [t.number for t in TRIALS] == list(range(1, 33))
    assert TRIALS[10].state == "FAIL"
    assert {t.state for t in TRIALS if t.folds == FOLDS} == {"COMPLETE"}
    assert {t.state for t in TRIALS if t.folds == 2} == {"PRUNED"}
    assert not trials_of(long_record(), "W-N-R")


def test_the_first_sentence_counts_what_the_record_holds() -> None:
    done = [entry["folds_done"] for entry in long_record().trials]
    words = said(TRIALS, FOLDS)
    assert f"Of 32 trials {done.count(5)} finished all 5 folds" in words
    assert f"{done.count(2)} were stopped early" in words
    assert f"1 failed; they did {sum(done)} of 160 folds." in words


def test_a_trial_that_did_not_finish_is_in_the_table_with_its_reason() -> None:
    cells = unfinished_view(TRIALS, FOLDS).cells
    assert len(cells) == sum(t.state != "COMPLETE" for t in TRIALS)
    (failed,) = [line for line in cells if line[0] == "11"]
    assert failed[2:4] == ("1 of 5", "")
    assert "NaN" in failed[4]
    assert any(line[4] == "beaten by trial 4: p=0.031, 5 subjects" for line in cells)


def test_a_report_to_pass_on_keeps_what_an_error_named_to_itself() -> None:
    own, public = (unfinished_view(TRIALS, FOLDS, named).cells for named in (True, False))
    assert [line[4] for line in public if line[0] == "11"] == ["failed"]
    assert [line for line in public if line[0] != "11"] == [x for x in own if x[0] != "11"]


def test_trials_are_compared_on_the_folds_that_all_of_them_did() -> None:
    alike = compared(TRIALS)
    assert alike.folds == 2
    assert [t.number for t in alike.trials] == [n for n in range(1, 33) if n != 11]
    for found in alike.trials:
        first, second, *_ = TRIALS[found.number - 1].scores
        assert found.score == pytest.approx((first + second) / 2)
    whole = [t for t in TRIALS if t.state == "COMPLETE"]
    assert [t.score for t in compared(whole).trials] == pytest.approx([t.score for t in whole])


def test_an_axis_says_which_folds_are_compared() -> None:
    assert [over_folds(n, 5) for n in (0, 1, 2, 5)] == [
        "",
        "on the first of 5 folds",
        "on the first 2 of 5 folds",
        "",
    ]


def test_a_record_without_the_scores_of_folds_has_nothing_to_compare() -> None:
    record = long_record(2)
    for entry in record.trials:
        del entry["scores"]  # type: ignore[attr-defined]
    assert compared(trials_of(record, SCHEME)) == ([], 0)


def test_a_record_without_times_has_trials_without_runs() -> None:
    record = long_record(2)
    for entry in record.trials:
        del entry["ran"]  # type: ignore[attr-defined]
    assert [t.runs for t in trials_of(record, SCHEME)] == [(), ()]


def test_runs_take_the_first_free_slot_of_their_own_machine() -> None:
    found = [trial(1, (0, 10, "a")), trial(2, (5, 9, "a")), trial(3, (9, 20, "a"))]
    bars = bars_of([*found, trial(4, (1, 2, "b"))])
    assert {bar.trial.number: bar.slot for bar in bars} == {1: 0, 2: 1, 3: 1, 4: 2}


def test_only_the_last_run_of_a_trial_ended_it() -> None:
    bars = bars_of([trial(1, (0, 10, "a"), (12, 30, "b"))])
    assert [bar.last for bar in bars] == [False, True]


def test_two_runs_of_a_slot_never_overlap() -> None:
    bars = bars_of(TRIALS)
    for slot in {bar.slot for bar in bars}:
        mine = sorted(bar.run for bar in bars if bar.slot == slot)
        assert len({run.host for run in mine}) == 1
        assert all(a.ended <= b.began for a, b in pairwise(mine))


def test_a_pause_longer_than_three_runs_is_cut_out() -> None:
    clock = clock_of([Run(0, 10, "a"), Run(35, 45, "a"), Run(1000, 1010, "a")])
    assert clock.sessions == [(0, 45), (1000, 1010)]
    assert clock.place(1005) == pytest.approx(45 + 0.03 * 55 + 5)
    assert clock.end == pytest.approx(clock.place(1010))
    assert np.all(np.diff([clock.place(t) for t in (0, 20, 45, 1000, 1010)]) > 0)
