"""Floors are scikit-learn's scores of somebody who sees nothing; the paper's lie below theirs."""

import numpy as np
import pytest
from sklearn import metrics

from orchestration.evidence.floors import FLOORS, floor_of, majority
from orchestration.evidence.paper import paper_scores

COMMONEST, BY_PRIOR = FLOORS
METHODS = ("EEG baseline", "ECG baseline", "SD+CL", "AT+CL", "AT+SD+CL")
SHARES = {"W-L-D-R": (0.137, 0.558, 0.129, 0.175), "W-N-R": (0.137, 0.687, 0.175)}  # W L D R, N
ORACLES = {
    "accuracy": metrics.accuracy_score,
    "weighted_f1": lambda t, p: metrics.f1_score(t, p, average="weighted"),
    "macro_f1": lambda t, p: metrics.f1_score(
        t, p, labels=range(3), average="macro", zero_division=0
    ),
    "kappa": metrics.cohen_kappa_score,
    "mcc": metrics.matthews_corrcoef,
    "balanced_accuracy": lambda t, p: metrics.recall_score(
        t, p, labels=np.unique(t), average="macro", zero_division=0
    ),
}


@pytest.mark.parametrize("support", [(30, 50, 20), (50, 50, 0), (0, 5, 7)])
def test_floors_are_the_scores_of_somebody_who_sees_nothing(support: tuple[int, ...]) -> None:
    true = np.repeat(np.arange(3), support)
    n, top = len(true), int(np.argmax(support))
    guesses = {
        COMMONEST: (true, np.full(n, top)),
        BY_PRIOR: (np.repeat(true, n), np.tile(true, n)),  # every segment meets every guess
    }
    for name, (labels, named) in guesses.items():
        floor = floor_of(np.array(support), name)
        each = metrics.precision_recall_fscore_support(
            labels, named, labels=range(3), zero_division=0
        )
        assert np.allclose((floor.precision, floor.recall, floor.f1), each[:3])
        expected = {score: oracle(labels, named) for score, oracle in ORACLES.items()}
        assert floor.scores == pytest.approx(expected)


def test_the_papers_always_light_and_always_nrem_are_the_floors_of_its_class_shares() -> None:
    assert majority(np.array([137, 558, 129, 175]))["weighted_f1"] == pytest.approx(0.4, abs=1e-3)
    assert majority(np.array([137, 687, 175]))["weighted_f1"] == pytest.approx(0.56, abs=1e-3)


@pytest.mark.parametrize(("scheme", "shares"), SHARES.items())
def test_the_papers_class_shares_are_those_that_its_own_scores_imply(
    scheme: str, shares: tuple[float, ...]
) -> None:
    for method in METHODS:
        found = paper_scores(scheme, method)
        classes = [found[f"f1_{name}"] for name in scheme.split("-")]
        assert found["weighted_f1"] == pytest.approx(np.dot(shares, classes), abs=0.01), method
    floors = [paper_scores(scheme, name) for name in (COMMONEST, BY_PRIOR)]
    assert floors[0]["accuracy"] == pytest.approx(max(shares), abs=0.005)
    assert floors[1]["accuracy"] == pytest.approx(np.dot(shares, shares), abs=0.005)


@pytest.mark.parametrize("scheme", SHARES)
def test_every_ecg_accuracy_of_the_paper_lies_below_its_own_floor(scheme: str) -> None:
    floor = paper_scores(scheme, COMMONEST)
    common = {"W-L-D-R": "f1_L", "W-N-R": "f1_N"}[scheme]
    for method in METHODS[1:]:
        found = paper_scores(scheme, method)
        assert found["accuracy"] < floor["accuracy"]
        assert found[common] < floor[common]
    assert paper_scores(scheme, "EEG baseline")["accuracy"] > floor["accuracy"]
    assert paper_scores("W-N1-N2-N3-R", COMMONEST) == {}
