"""What Tune is given: the trials of a round only after the round before; and who is best."""

from pathlib import Path

from ray.tune.search import Searcher

from orchestration.experiment import Point
from orchestration.search import Rounds, Trial, _rank, best_of
from tests.test_study import ended, study


def trial(score: float | None, folds: int = 2, number: int = 1) -> Trial:
    return Trial(number, Point(method="SD+CL"), folds, score, "" if score else "diverged")


def test_the_best_is_the_highest_score_over_all_folds() -> None:
    found = [trial(0.9, folds=1), trial(None, folds=0), trial(0.6), trial(0.7)]
    assert best_of(found, 2) == trial(0.7)
    assert best_of(found[:2], 2) is None
    assert best_of([], 2) is None


def test_of_equal_scores_the_one_drawn_first_is_best() -> None:
    equal = [trial(0.7, number=number) for number in (3, 1, 2)]
    assert [t.number for t in sorted(equal, key=_rank)] == [1, 2, 3]
    assert best_of(equal, 2) == best_of(equal[::-1], 2) == trial(0.7, number=1)


class Tune:
    """What Tune does with a searcher, without running anything."""

    def __init__(self, root: Path, trials: int) -> None:
        self.study = study(root)
        self.rounds = Rounds(self.study, trials)

    def asks(self, name: str) -> int | str | None:
        """The number of the trial that it is given, or why it is given none."""
        given = self.rounds.suggest(name)
        return given["number"] if isinstance(given, dict) else given

    def ends(self, name: str, number: int, recorded: bool = True) -> None:
        """The trial ends in the study, or was lost with its workers."""
        if recorded:
            self.study.end(ended(self.study.drawn()[number]))
        self.rounds.on_trial_complete(name, error=not recorded)


def test_no_trial_starts_before_the_round_before_has_ended(tmp_path: Path) -> None:
    tune = Tune(tmp_path, trials=4)
    assert [tune.asks(name) for name in "abcd"] == [1, 2, 3, None]
    for number, name in enumerate("abc", start=1):
        assert tune.asks("d") is None
        tune.ends(name, number)
    assert [tune.asks("d"), tune.asks("e")] == [4, None]
    tune.ends("d", 4)
    assert tune.asks("e") == Searcher.FINISHED


def test_a_trial_that_could_not_be_run_ends_the_search_with_its_round(tmp_path: Path) -> None:
    tune = Tune(tmp_path, trials=8)
    assert [tune.asks(name) for name in "abc"] == [1, 2, 3]
    tune.ends("b", 2, recorded=False)
    tune.ends("a", 1)
    tune.ends("c", 3)
    assert tune.asks("d") == Searcher.FINISHED
    again = Tune(tmp_path, trials=8)
    assert [again.asks("d"), again.asks("e")] == [2, None]
    again.ends("d", 2)
    assert again.asks("e") == 4
