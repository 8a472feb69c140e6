"""The figures of a search and of learning, of many trials, of one and of none."""

from functools import partial
from itertools import product

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from orchestration.evidence import figures_search as search_figures
from orchestration.evidence import figures_space as space_figures
from orchestration.evidence import figures_training as training_figures
from orchestration.evidence.figures_importances import Importance, Importances, importance_figure
from orchestration.evidence.figures_timeline import timeline_figure
from orchestration.evidence.figures_training import TERMS, LearningCurve
from orchestration.evidence.style import FOLDS, METHODS, STAGES, as_svg
from orchestration.evidence.trials import TrialPoint, trials_of
from tests.drawings import LONG, NAN, SEEN, Figures
from tests.searches import SCHEME, long_learned, long_record


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
NONE = dict.fromkeys(SEARCH, ("no trial has",)) | {"plane": ("temperature: none",)}
ONE = dict.fromkeys(SEARCH, ("k",)) | {"plane": ("temperature: 1", "takes 3 or more")}
ONE_HOST = [
    trial._replace(runs=tuple(run._replace(host="a") for run in trial.runs))
    for trial in trials_of(long_record(6), SCHEME)
]


def curves() -> dict[str, list[LearningCurve]]:
    epochs, down = np.arange(1, 11), np.linspace(2, 1, 10)
    alternate = np.where(epochs % 2 == 0, 1 - down / 3, NAN)
    full = LearningCurve(0, epochs, {"loss": down, "hint": down / 2, "ce": down}, alternate, 8)
    one = LearningCurve(1, epochs[:1], {"loss": down[:1]}, np.array([NAN]), None)
    none = LearningCurve(0, epochs[:0], {}, down[:0], None)
    return {LONG: [full, one], "one epoch": [one], "none": [none]}


def importance() -> Figure:
    found = (Importance("alpha", 0.9, 0.2, 20), Importance("layers", 0.1, 0.2, 9))
    return importance_figure(Importances(found, 31, 8))


LEARNING = training_figures.learning_figure
TRIALS_LEARNING = training_figures.trials_learning_figure
MANY = {f"{number} SD+CL": found for number, found in long_learned(7).trials.items()}
LONG_TRIALS = trials_of(long_record(), SCHEME)

FIGURES: Figures = {  # a figure, and words that it must show
    **{name: (partial(f, trials(), "kappa"), ("kappa",)) for name, f in SEARCH.items()},
    **{f"{name} of none": (partial(f, [], "k"), NONE[name]) for name, f in SEARCH.items()},
    **{f"{name} of one": (partial(f, trials()[:1], "k"), ONE[name]) for name, f in SEARCH.items()},
    "long parallel": (partial(SEARCH["parallel"], LONG_TRIALS, "k"), ("bottleneck", "deep")),
    "long plane": (partial(SEARCH["plane"], LONG_TRIALS, "k"), ("stopped early", "alpha")),
    "learning": (
        partial(LEARNING, curves(), "kappa"),
        ("hint", "kappa", "fold 1", "no epoch was finished", SEEN),
    ),
    "learning by loss": (partial(LEARNING, {"AT": curves()[LONG]}, "loss"), ("AT", "epoch")),
    "learning of trials": (partial(TRIALS_LEARNING, MANY, "kappa"), ("7 SD+CL", "fold 4")),
    "learning of a trial": (partial(TRIALS_LEARNING, {LONG: curves()[LONG]}, "k"), (SEEN,)),
    "importances": (importance, ("layer set", "90 %, 20 trials", "8 of them")),
    "no importances": (partial(importance_figure, Importances((), 3, 0, "few")), ("few",)),
    "timeline": (partial(timeline_figure, LONG_TRIALS), ("10.0.0.4", "14.8 h", "interrupted")),
    "timeline of a machine": (partial(timeline_figure, ONE_HOST), ("trials at a time",)),
    "timeline of none": (partial(timeline_figure, trials()), ("no trial has a time",)),
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


def test_trials_of_one_point_stand_side_by_side() -> None:
    points = [(0.5, 1.0), (0.5, 1.0), (0.1, 2.0), (0.9, 4.0)]
    found = [TrialPoint(i, "SD+CL", *at, None, 0.6, "COMPLETE") for i, at in enumerate(points)]
    axes = space_figures.plane_figure(found, "kappa").axes[0]
    places = [line.get_transform().transform((0.5, 0.0))[0] for line in axes.lines]
    assert places[1] - places[0] == pytest.approx(0.1 * 100)  # inches, 100 dots each


def raced() -> list[TrialPoint]:
    """Four complete trials, and one stopped early that is far above them on what all did."""
    points = [(0.1, 1.0), (0.9, 1.0), (0.1, 8.0), (0.9, 8.0), (0.5, 4.0)]
    scores = [0.60, 0.62, 0.64, 0.66, 0.99]
    states = [*["COMPLETE"] * 4, "PRUNED"]
    return [
        TrialPoint(i, "AT+SD+CL", *at, "all", score, state)
        for i, (at, score, state) in enumerate(zip(points, scores, states, strict=True))
    ]


def test_a_box_is_of_all_trials_and_those_stopped_early_are_hollow() -> None:
    for axes in search_figures.box_figure(raced(), "kappa").axes:
        drawn = [np.asarray(line.get_ydata()) for line in axes.lines]
        lines = [heights.tolist() for heights in drawn if len(heights) > 1]
        assert [0.64, 0.64] in [pytest.approx(line) for line in lines]  # the median
        marks = {line.get_marker(): line.get_markerfacecolor() for line in axes.lines}
        assert marks["v"] == "white" != marks["o"]


def test_the_plane_is_coloured_by_all_trials() -> None:
    figure = space_figures.plane_figure(raced(), "kappa")
    axes, bar = figure.axes
    assert bar.get_ylim() == (0.60, 0.99)
    colours = {line.get_marker(): line.get_markerfacecolor() for line in axes.lines}
    assert colours["v"][:3] == pytest.approx(mpl.colormaps["viridis"](1.0)[:3])
    assert len(axes.collections[0].get_paths()) > 1
    assert "stopped early" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_line_of_a_trial_that_was_stopped_early_is_dashed() -> None:
    axes = space_figures.parallel_figure(raced(), "kappa").axes[0]
    across = [line for line in axes.lines if np.ptp(np.asarray(line.get_xdata())) > 0]
    assert [np.asarray(line.get_xdata())[-1] for line in across] == [4] * 5
    assert [line.get_linestyle() for line in across] == ["-"] * 4 + ["--"]


def test_a_network_that_learned_nothing_does_not_take_all_colours() -> None:
    failing = TrialPoint(9, "SD+CL", 0.4, 2.0, None, 0.1, "PRUNED")
    bar = space_figures.plane_figure([*raced()[:4], failing], "kappa").axes[1]
    assert bar.get_ylim()[0] == pytest.approx(0.60 - 1.5 * 0.04)  # quartiles .60 and .64


def test_many_names_of_layer_sets_stand_aslant() -> None:
    left, right = search_figures.box_figure(LONG_TRIALS, "kappa").axes
    assert {label.get_rotation() for label in left.get_xticklabels()} == {0}
    long = [t._replace(layers=f"bottleneck+{t.layers}") for t in LONG_TRIALS if t.layers]
    right = search_figures.box_figure(long, "kappa").axes[1]
    assert {label.get_rotation() for label in right.get_xticklabels()} == {35}


def test_no_fold_looks_like_a_method_a_stage_or_a_term_of_a_loss() -> None:
    for fold, other in product(FOLDS, [*METHODS.values(), *STAGES.values(), *TERMS.values()]):
        assert np.linalg.norm(lab(fold) - lab(other)) > 20, (fold, other)
    assert np.linalg.norm(lab(METHODS["Best found"]) - lab(STAGES["R"])) > 50


def lab(colour: str) -> np.ndarray:
    """CIE L*a*b*, (3,), of "#rrggbb" under D65; what is 2 apart is told apart side by side."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    rows = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.array(rows) @ linear / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_the_chosen_epoch_of_every_fold_is_marked() -> None:
    figure = training_figures.learning_figure(
        {"SD+CL": long_learned().phases["final"]["SD+CL"]}, "k"
    )
    dots = [line for line in figure.axes[1].lines if line.get_marker() == "o"]
    chosen = [curve.best for curve in long_learned().phases["final"]["SD+CL"]]
    assert [float(np.asarray(dot.get_xdata())[0]) for dot in dots] == chosen


def test_a_loss_of_one_term_is_drawn_once() -> None:
    epochs = np.arange(1.0, 4)
    curve = LearningCurve(0, epochs, {"loss": epochs, "ce": epochs}, epochs, 3)
    figure = training_figures.learning_figure({"ECG baseline": [curve]}, "kappa")
    assert len(figure.axes[0].lines) == 1


def test_the_curves_of_a_trial_over_five_folds_take_less_than_twelve_kilobytes() -> None:
    found = {name: MANY[name] for name in ("1 SD+CL", "2 SD+CL", "4 SD+CL", "5 SD+CL")}
    assert len(as_svg(TRIALS_LEARNING(found, "kappa"))) < 4 * 12_000
