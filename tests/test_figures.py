"""Every figure, of much data and of little: legible as XML, the same twice, at peace on a page."""

import re
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

from kd_core.confusion import Confusion
from orchestration.evidence import figures_calibration as calibration_figures
from orchestration.evidence import figures_scores as scores_figures
from orchestration.evidence.calibration import Curve, Reliability
from orchestration.evidence.figures_agreement import bland_altman_figure
from orchestration.evidence.figures_nights import night_figure, nights_figure
from orchestration.evidence.figures_scores import Estimate
from orchestration.evidence.staged import StagedNight
from orchestration.evidence.style import METHODS, OTHERS, STAGES, as_svg, canvas, colours_of
from tests.drawings import LONG, NAN, SEEN, Figures, drawn, ids_of, missing
from tests.test_figures_likeness import FIGURES as OF_LIKENESS
from tests.test_figures_search import FIGURES as OF_SEARCH
from tests.test_figures_seeds import FIGURES as OF_SEEDS

SCHEMES = (("W", "N", "R"), ("W", "L", "D", "R"), ("W", "N1", "N2", "N3", "R"))


def night(classes: tuple[str, ...], n: int = 60, subject: str = "01-03-0007") -> StagedNight:
    """A night of random stages with a gap in the middle."""
    rng = np.random.default_rng(n)
    return StagedNight(
        subject=subject,
        subset="SS3",
        person=subject,
        classes=classes,
        page_s=20,
        segment=np.arange(n, dtype=np.int32) + 10 * (np.arange(n) > n / 2),
        labels=rng.integers(0, len(classes), n),
        probabilities=rng.dirichlet(np.ones(len(classes)), n),
    )


def nights(classes: tuple[str, ...]) -> Figure:
    return night_figure({"SD+CL": night(classes), LONG: night(classes)})


def own_nights() -> Figure:
    return nights_figure({"best": night(SCHEMES[1]), "worst": night(SCHEMES[1], 30)}, LONG)


def one_page() -> Figure:
    return night_figure({LONG: night(SCHEMES[0], 1)})


def confusions() -> Figure:
    full = Confusion.of(SCHEMES[2], np.repeat(np.arange(5), 300), np.arange(1500) % 5)
    return scores_figures.confusion_figure(
        {LONG: full, "one class": Confusion.of(SCHEMES[0], np.zeros(7, int), np.zeros(7, int))}
    )


def subjects() -> Figure:
    scores = {f"s{i}": 0.3 + i / 50 for i in range(20)}
    some = {"SD+CL": scores, LONG: scores | {"s3": NAN}, "failed": {}, "alone": {"s1": 0.5}}
    return scores_figures.subject_figure(some, "kappa", floor=0.4)


def forest() -> Figure:
    found = [Estimate("SD+CL", 0.61, 0.5, 0.7, 0.4, 0.6), Estimate(LONG, 0.5, NAN, NAN)]
    return scores_figures.forest_figure([*found, Estimate("failed", NAN, NAN, NAN)], "kappa")


def gains() -> Figure:
    found = {"SD+CL": {"a": 0.1, "b": -0.1, "c": NAN}, LONG: {"a": 0.2}, "failed": {}}
    return scores_figures.gain_figure(found, "kappa", "ECG baseline")


def reliabilities() -> Figure:
    centre = np.arange(0.05, 1, 0.1)
    full = Reliability(centre, centre, centre**2, np.arange(10))
    none = Reliability(centre, np.full(10, NAN), np.full(10, NAN), np.zeros(10, int))
    methods = {f"method {i}": full for i in range(3)}
    return calibration_figures.reliability_figure({LONG: full, "unused": none, **methods})


def curves() -> dict[str, list[Curve]]:
    line, none = np.linspace(0, 1, 20), Curve(np.empty(0), np.empty(0), NAN)
    return {LONG: [Curve(line, np.sqrt(line), 0.67), none, Curve(line, line, 0.5)]}


def rocs() -> Figure:
    return calibration_figures.roc_figure(curves(), SCHEMES[0])


def precision_recalls() -> Figure:
    return calibration_figures.precision_recall_figure(curves(), SCHEMES[0], [0.2, 0.0, 0.8])


def bland_altman() -> Figure:
    true, noise = np.linspace(300, 450, 12), np.tile([5.0, -9.0, 30.0], 4)
    few, same = np.array([1.0, NAN]), np.full(4, 7.0)
    pairs = {LONG: (true, true + noise), "few": (few, few), "same": (same, same)}
    return bland_altman_figure(pairs | {"missing": (few * NAN, few)}, "SD+CL")


def shrunk() -> Figure:
    """A method that says the same of everybody, so that differences follow the size."""
    true, said = np.linspace(300, 450, 12), np.full(12, 380.0)
    return bland_altman_figure({"total sleep": (true, said)}, LONG)


FIGURES: Figures = {  # a figure, and words that it must show
    **{f"night {len(c)}": (partial(nights, c), ("01-03-0007", SEEN, *c)) for c in SCHEMES},
    "own nights": (own_nights, ("best night, 01-03-0007, SS3: scorer", "worst", SEEN, "D")),
    "night of a page": (one_page, ("scorer",)),
    "confusions": (confusions, (SEEN, "20 %", "60", "–", "N3")),
    "subjects": (subjects, ("floor", "no result", "kappa", "failed")),
    "forest": (forest, ("0.610 [0.500, 0.700]", "no result", "paper", SEEN)),
    "gains": (gains, ("1 of 2 subjects gain", "no subject has both", SEEN)),
    "reliabilities": (reliabilities, ("no segments", "method 2", SEEN)),
    "roc": (rocs, ("W 0.67", "N none", SEEN)),
    "precision and recall": (precision_recalls, ("R 0.50", "precision", SEEN)),
    **OF_SEARCH,
    **OF_LIKENESS,
    **OF_SEEDS,
    "agreement": (bland_altman, ("n = 12", "n = 1, 1 without", "no night has both", SEEN)),
    "no agreement": (shrunk, ("no limits", "trend r −1.00", SEEN)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_an_svg_element_that_shows_its_labels_as_text(name: str) -> None:
    assert missing(FIGURES, name) == []


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_drawn_twice_is_the_same_bytes(name: str) -> None:
    assert as_svg(FIGURES[name][0]()) == drawn(FIGURES, name)


def test_no_id_comes_twice_on_a_page_of_all_figures_and_every_reference_is_met() -> None:
    ids, used = ids_of("".join({drawn(FIGURES, name) for name in FIGURES}))
    assert len(ids) == len(set(ids)) > 0
    assert used <= set(ids)


def test_an_svg_brings_nothing_that_acts_on_the_page_around_it() -> None:
    text = drawn(FIGURES, "forest")
    assert text.startswith("<svg ")
    assert not re.search(r"<\?xml|<!DOCTYPE|<style|<metadata|<script", text)


def test_numbers_that_are_read_keep_their_digits() -> None:
    figure = canvas(1)
    figure.text(0.5, 0.5, "p = 0.01234")
    assert "p = 0.01234" in as_svg(figure)


def test_a_figure_leaves_the_settings_of_matplotlib_as_they_are() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    forest()
    assert dict(mpl.rcParams) == before


def test_a_night_figure_refuses_two_subjects() -> None:
    pair = {"a": night(SCHEMES[0]), "b": night(SCHEMES[0], subject="01-03-0008")}
    with pytest.raises(ValueError, match="one subject, not"):
        night_figure(pair)


def test_limits_are_drawn_only_where_they_describe_the_differences() -> None:
    spread = np.tile([5.0, -9.0, 30.0], 4)
    true = np.linspace(300, 450, 12)
    for said, lines in ((true + spread, 4), (np.full(12, 380.0), 2)):  # zero, bias; two limits
        (axes,) = bland_altman_figure({"sleep": (true, said)}, "SD+CL").axes
        assert len(axes.lines) == lines


def test_each_night_of_a_method_has_hours_of_its_own() -> None:
    ends = [axes.get_xlim()[1] for axes in own_nights().axes]
    assert ends == pytest.approx([70 * 20 / 3600] * 3 + [40 * 20 / 3600] * 3)


def test_a_method_has_its_own_colour_and_a_new_one_gets_another() -> None:
    found = colours_of(["new", "SD+CL", "newer"])
    assert found == {"new": OTHERS[0], "SD+CL": METHODS["SD+CL"], "newer": OTHERS[1]}


def lightness(colour: str) -> float:
    """CIE L*, 0 to 100, of "#rrggbb" (IEC 61966-2-1)."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(116 * np.cbrt(linear @ (0.2126, 0.7152, 0.0722)) - 16)


@pytest.mark.parametrize("classes", SCHEMES)
def test_depths_of_sleep_are_told_apart_by_lightness_alone(classes: tuple[str, ...]) -> None:
    depths = [lightness(STAGES[name]) for name in classes if name not in "WR"]
    assert all(a - b > 15 for a, b in pairwise(depths))
    assert lightness(STAGES["W"]) - lightness(STAGES["R"]) > 25
