"""Importances: what decides the score comes first, and chance is told from it."""

import numpy as np
import pytest

from orchestration.evidence.trials import TrialPoint, trials_of
from orchestration.importances import FEWEST_BEST, importances, importances_of
from orchestration.plan import Search
from tests.searches import SCHEME, long_record

SEARCH = Search()


def drawn(score: str, n: int = 40, seed: int = 0) -> list[TrialPoint]:
    """Random points of SD+CL and AT+SD+CL whose score is one of their parameters."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(1, n + 1):
        layers = str(rng.choice(SEARCH.layers)) if number % 2 else None
        method, alpha = "AT+SD+CL" if layers else "SD+CL", rng.uniform(0.05, 0.95)
        temperature = 2 ** rng.uniform(0, 3)
        values = {"alpha": alpha, "temperature": temperature / 8, "noise": rng.uniform()}
        values |= {"layers": float(layers == "deep"), "method": float(bool(layers))}
        value = values[score] + 0.01 * values["noise"]
        point = TrialPoint(number, method, alpha, temperature, layers, value, "COMPLETE")
        found.append(point._replace(scores=(value,)))
    return found


@pytest.mark.parametrize("name", ["alpha", "temperature", "layers", "method"])
def test_what_decides_the_score_matters_more_than_chance(name: str) -> None:
    found = {each.parameter: each for each in importances_of(drawn(name), SEARCH).found}
    assert found[name].share > found[name].chance
    assert sum(each.share for each in found.values()) == pytest.approx(1)
    assert [each.share for each in found.values()] == sorted(
        (each.share for each in found.values()), reverse=True
    )


def test_of_noise_few_parameters_pass_chance() -> None:
    found = [
        each for s in range(4) for each in importances_of(drawn("noise", 30, s), SEARCH).found
    ]
    assert len(found) == 16
    assert sum(each.share > each.chance for each in found) <= 3


def test_a_parameter_counts_the_trials_that_have_it() -> None:
    found = importances_of(drawn("alpha"), SEARCH).found
    assert {each.parameter: each.trials for each in found} == {
        "method": 40,
        "alpha": 40,
        "temperature": 40,
        "layers": 20,
    }


def test_a_search_of_beaten_trials_is_judged_by_the_fold_that_all_did() -> None:
    whole = [t._replace(scores=(*t.scores, 0.0)) if t.number == 1 else t for t in drawn("alpha")]
    raced = [t if t.number == 1 else t._replace(state="PRUNED") for t in whole]
    assert importances_of(raced, SEARCH) == importances_of(drawn("alpha"), SEARCH)


def test_a_trial_that_failed_is_left_out() -> None:
    failed = TrialPoint(41, "SD+CL", 0.5, 1.0, None, None, "FAIL", "diverged")
    assert importances_of([*drawn("alpha"), failed], SEARCH) == importances_of(
        drawn("alpha"), SEARCH
    )


def test_too_few_trials_give_nothing_and_say_why() -> None:
    few = importances_of(drawn("alpha", 2 * FEWEST_BEST - 1), SEARCH)
    assert not few.found
    assert "there are 9" in few.why


def test_a_parameter_that_was_not_varied_is_not_judged() -> None:
    found = importances_of(drawn("alpha"), Search(temperature=(1.0, 8.0), alpha=(0.05, 0.95)))
    fixed = Search(methods=("SD+CL",))
    alone = [t._replace(method="SD+CL", layers=None) for t in drawn("alpha")]
    assert {each.parameter for each in found.found} == {"method", "alpha", "temperature", "layers"}
    assert {e.parameter for e in importances_of(alone, fixed).found} == {"alpha", "temperature"}


def test_a_record_has_importances_for_every_scheme_that_was_searched() -> None:
    record = long_record()
    found = importances(record)[SCHEME]
    scored = [trial for trial in trials_of(record, SCHEME) if trial.state != "FAIL"]
    assert (found.trials, found.best) == (len(scored), 8)
    assert found.found[0].parameter == "alpha"
