"""The figures of a search, of many trials, of one and of none."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from orchestration.evidence import figures_search as search_figures
from orchestration.evidence import figures_space as space_figures
from orchestration.evidence import figures_training as training_figures
from orchestration.evidence.figures_search import TrialPoint
from orchestration.evidence.figures_training import LearningCurve
from tests.drawings import LONG, NAN, SEEN, Figures


def trials() -> list[TrialPoint]:
    points = [("SD+CL", i / 10, 1 + i % 4, None) for i in range(8)]
    rest = [("AT+CL", None, None, "encoder"), (LONG, 0.5, 2.0, "all")]
    states = ["COMPLETE", "COMPLETE", "PRUNED"]
    found = [
        TrialPoint(number, *point, 0.5 + number % 3 / 10, states[number % 3])
        for number, point in enumerate([*points, *rest], start=1)
    ]
    return [*found, TrialPoint(11, LONG, 0.1, 2.0, "all", None, "FAIL", "diverged")]


SEARCH = {
    "history": search_figures.history_figure,
    "boxes": search_figures.box_figure,
    "parallel": space_figures.parallel_figure,
    "plane": space_figures.plane_figure,
}


def learning() -> Figure:
    epochs, down = np.arange(1, 11), np.linspace(2, 1, 10)
    alternate = np.where(epochs % 2 == 0, 1 - down / 3, NAN)
    full = LearningCurve(LONG, epochs, {"loss": down, "hint": down / 2}, alternate, 8)
    one = LearningCurve("one epoch", epochs[:1], {"loss": down[:1]}, np.array([NAN]), None)
    none = LearningCurve("none", epochs[:0], {}, down[:0], None)
    return training_figures.learning_figure([full, one, none], "kappa")


FIGURES: Figures = {  # a figure, and words that it must show
    **{name: (partial(f, trials(), "kappa"), ("kappa",)) for name, f in SEARCH.items()},
    **{f"{name} of none": (partial(f, [], "k"), ("no trial has",)) for name, f in SEARCH.items()},
    **{f"{name} of one": (partial(f, trials()[:1], "k"), ("k",)) for name, f in SEARCH.items()},
    "learning": (learning, ("hint", "validation kappa", "no epoch was finished", SEEN)),
}


def test_the_best_so_far_is_of_complete_trials_alone() -> None:
    scores = [None, 0.5, 0.9, 0.4, 0.6]
    states = ["FAIL", "COMPLETE", "PRUNED", "COMPLETE", "COMPLETE"]
    found = [
        TrialPoint(i, "SD+CL", 0.5, 1.0, None, score, state)
        for i, (score, state) in enumerate(zip(scores, states, strict=True), start=1)
    ]
    line = search_figures.history_figure(found[::-1], "kappa").axes[0].lines[0]
    np.testing.assert_equal(np.asarray(line.get_ydata()), [NAN, 0.5, 0.5, 0.5, 0.6])
