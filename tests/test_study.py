"""A study on disk: continued from whatever was written of it, and by whoever asks for more."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datasets.parquet import Subject
from orchestration.build import Outcome
from orchestration.plan import Plan, Search
from orchestration.store import Store
from orchestration.study import Drawn, Ended, FoldScore, Study, best_number
from orchestration.sweeps import make_sweep
from tests.small import small_plan

NIGHTS = tuple(
    Subject(f"01-01-000{n}", "SS1", f"person {n}", f"hash {n}", (9, 9, 9, 9, 9), "EEG", "ECG", 30)
    for n in range(1, 7)
)
PLAN = small_plan(search=Search(trials=8, startup=3, round=3, layers=("encoder", "bottleneck")))


def study(root: Path, plan: Plan = PLAN, scheme: str = "W-N-R") -> Study:
    return Study(make_sweep(plan, "w", NIGHTS), scheme, Store(root))


def ended(drawn: Drawn) -> Ended:
    """What would become of the trial: its point decides, as training would."""
    score = drawn.params.get("temperature", 3.0) / 10
    folds = tuple(FoldScore(score=score, subjects={"a": score, "b": score}) for _ in range(2))
    if drawn.number == 2:
        return Ended(number=2, state="FAIL", folds=folds[:1], reason="diverged")
    if score < 0.2 and drawn.rival:
        return Ended(number=drawn.number, state="PRUNED", folds=folds[:1], reason="beaten")
    return Ended(number=drawn.number, state="COMPLETE", folds=folds, reason="")


def run(root: Path, trials: int, last_first: bool = False) -> dict[str, bytes]:
    """A search to its end; the content of every file of its study."""
    ours = study(root)
    while waiting := ours.unfinished(trials):
        for drawn in reversed(waiting) if last_first else waiting:
            ours.end(ended(drawn))
    return files(root)


def files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(root.glob("studies/*/*"))}


def test_a_trial_is_read_back_as_it_was_recorded(tmp_path: Path) -> None:
    first, second, _ = study(tmp_path).unfinished(8)
    for drawn in (first, second):
        study(tmp_path).end(ended(drawn))
    assert study(tmp_path).ended() == {1: ended(first), 2: ended(second)}
    assert study(tmp_path).drawn()[1] == first


def test_a_round_is_handed_out_until_all_of_it_has_ended(tmp_path: Path) -> None:
    ours = study(tmp_path)
    first = ours.unfinished(8)
    assert [drawn.number for drawn in first] == [1, 2, 3]
    ours.end(ended(first[1]))
    assert ours.unfinished(8) == [first[0], first[2]]
    for drawn in (first[2], first[0]):
        ours.end(ended(drawn))
    assert [drawn.number for drawn in ours.unfinished(8)] == [4, 5, 6]


def test_a_search_is_over_when_its_trials_are(tmp_path: Path) -> None:
    names = run(tmp_path, 8)
    assert study(tmp_path).unfinished(8) == []
    assert len(names) == 17  # study.json, and two files a trial
    assert "0008.json" in names


def test_the_order_in_which_trials_end_changes_no_file(tmp_path: Path) -> None:
    assert run(tmp_path / "a", 8) == run(tmp_path / "b", 8, last_first=True)


@pytest.mark.parametrize("first", [1, 3, 4, 8])
def test_a_search_for_more_trials_keeps_those_there_are(first: int, tmp_path: Path) -> None:
    before = run(tmp_path / "a", first)
    after = run(tmp_path / "a", 12)
    assert before.items() <= after.items()
    assert after == run(tmp_path / "b", 12)


class Killed(BaseException):
    """Stands for SIGKILL."""


def test_a_search_that_is_killed_after_any_write_ends_with_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(tmp_path / "whole", 8)
    root, create = tmp_path / "killed", Study._create

    def once(self: Study, name: str, value: object) -> None:
        new = not self.files.exists(f"studies/{self.key}/{name}")
        create(self, name, value)  # type: ignore[arg-type]
        if new:
            raise Killed

    monkeypatch.setattr(Study, "_create", once)
    for written in range(len(whole)):
        assert len(files(root)) == written
        with pytest.raises(Killed):
            run(root, 8)
    assert run(root, 8) == whole


def test_the_rival_is_the_best_complete_trial_of_the_rounds_before(tmp_path: Path) -> None:
    run(tmp_path, 8)
    drawn, over = study(tmp_path).drawn(), study(tmp_path).ended()
    assert all(drawn[number].rival is None for number in (1, 2, 3))
    first = {number: trial for number, trial in over.items() if number <= 3}
    assert {drawn[number].rival for number in (4, 5, 6)} == {best_number(first)}
    assert best_number({2: over[2]}) is None  # it failed


def finished_baseline(monkeypatch: pytest.MonkeyPatch, score: float, folds: int = 2) -> None:
    """As if the ECG baseline had this score on its first folds."""
    done = {"score": score, "subjects": {"a": {"score": score}}}
    found = iter([Outcome(f"fold {n}", done, 0, 1) for n in range(folds)])
    monkeypatch.setattr(
        "orchestration.study.finished", lambda experiment, store: next(found, None)
    )


@pytest.mark.parametrize(("score", "folds", "rival"), [(0.9, 2, 0), (0.9, 1, None)])
def test_the_first_rival_is_the_ecg_baseline_once_all_of_its_folds_are_there(
    score: float, folds: int, rival: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished_baseline(monkeypatch, score, folds)
    plan = replace(PLAN, methods=("ECG baseline",))
    first = study(tmp_path, plan).unfinished(3)
    assert {drawn.rival for drawn in first} == {rival}


def test_a_better_trial_takes_the_baselines_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished_baseline(monkeypatch, 0.25, folds=100)
    plan = replace(PLAN, methods=("ECG baseline",))
    ours = study(tmp_path, plan)
    for drawn in ours.unfinished(3):
        fold = FoldScore(score=0.2 + 0.1 * (drawn.number == 2), subjects={"a": 0.2})
        ours.end(Ended(number=drawn.number, state="COMPLETE", folds=(fold, fold), reason=""))
    assert {drawn.rival for drawn in ours.unfinished(6)} == {2}
    assert best_number(ours.rivals(before=1)) == 0


def test_of_equal_trials_the_first_is_the_rival() -> None:
    fold = FoldScore(score=0.5, subjects={})
    over = {n: Ended(number=n, state="COMPLETE", folds=(fold,), reason="") for n in (3, 1, 2)}
    assert best_number(over) == 1


@pytest.mark.parametrize(
    "change", [{"trials": 40}, {"concurrent": 1}], ids=lambda change: next(iter(change))
)
def test_how_long_and_how_wide_a_search_runs_is_not_in_its_key(
    change: dict[str, Any], tmp_path: Path
) -> None:
    plan = replace(PLAN, search=replace(PLAN.search, **change))
    assert study(tmp_path, plan).key == study(tmp_path).key


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, seed=1),
        replace(PLAN, segments=9),
        replace(PLAN, search=replace(PLAN.search, prune_p=0.0)),
        replace(PLAN, search=replace(PLAN.search, round=2)),
        replace(PLAN, search=replace(PLAN.search, alpha=(0.1, 0.2))),
    ],
    ids=["seed", "segments", "prune_p", "round", "alpha"],
)
def test_what_decides_the_search_is_in_its_key(plan: Plan, tmp_path: Path) -> None:
    assert study(tmp_path, plan).key != study(tmp_path).key


def test_a_scheme_has_a_study_of_its_own_that_says_what_it_is(tmp_path: Path) -> None:
    assert study(tmp_path, scheme="W-L-D-R").key != study(tmp_path).key
    study(tmp_path).unfinished(1)
    (path,) = tmp_path.glob("studies/*/study.json")
    assert path.parent.name == study(tmp_path).key
    assert json.loads(path.read_text())["scheme"] == "W-N-R"
