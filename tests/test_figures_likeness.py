"""Figures of likeness: legible as XML, the same twice, of much data and of none."""

import re

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from orchestration.evidence.figures_bottleneck import FINEST, bottleneck_figure
from orchestration.evidence.figures_likeness import likeness_figure
from orchestration.evidence.likeness import ALL, GAINED, LOST, ROLES, Likeness, Measures
from orchestration.evidence.likeness_view import combined
from orchestration.evidence.picked import Pick
from orchestration.evidence.style import METHODS
from tests.drawings import LONG, SEEN, Figures, drawn, ids_of

NAMES = dict(zip(ROLES, ("EEG baseline", "ECG baseline", LONG), strict=True))
NONE = Measures(None, None, None)


def pick(case: str, channels: int, length: int, of: int, scale: float = 1.0) -> Pick:
    """Random features of a window of `of` segments, the picked one in its middle."""
    rng = np.random.default_rng(length)
    shape = (channels, length)
    return Pick(
        case=case,
        subject="01-03-0007",
        segment=512,
        label=1,
        probabilities={role: [0.125, 0.75, 0.125] for role in ROLES},
        maps={role: rng.normal(0, scale, shape).astype(np.float32) for role in ROLES},
        within=of // 2,
        of=of,
    )


def both() -> Figure:
    picks = {GAINED: pick(GAINED, 64, 9 * FINEST + 5, 35), LOST: pick(LOST, 512, 125, 1)}
    return bottleneck_figure(picks, ("W", "N", "R"), NAMES)


def dead() -> Figure:
    """One case does not occur; in the other all features are 0 and there is one position."""
    return bottleneck_figure({LOST: pick(LOST, 1, 1, 1, scale=0.0)}, ("W", "N", "R"), NAMES)


def layers() -> Figure:
    names = ("encoder1", "dense")
    people = {"a": (4.0, 2.0, 3.0), "b": (4.0, 1.5, 3.2), "c": (4.0, 2.2, 3.1)}
    folds = []
    for some in (Measures(0.5, 0.5, -0.01), Measures(0.5, 0.6, 0.03)):
        found = [Likeness(n, c, 7, some, some, people) for n in names for c in (LOST, ALL)]
        folds.append([*found, *(Likeness(n, GAINED, 0, NONE, NONE, {}) for n in names)])
    return likeness_figure(combined(folds), LONG)


FIGURES: Figures = {  # a figure, and words that it must show
    "both cases": (
        both,
        (SEEN, "01-03-0007, page 512", "scored N", "says N, right", "p(N) = 0.75", "seconds"),
    ),
    "no segment": (
        dead,
        (f"{GAINED}: no segment", "Student wrong, baseline right", "the same at all times"),
    ),
    "layers": (layers, (f"{GAINED} (n = 0)", f"{ALL} (n = 14)", "not defined", "dense", SEEN)),
}


def test_ids_are_the_figures_own_and_heat_maps_refer_to_no_file() -> None:
    page = "".join(drawn(FIGURES, name) for name in FIGURES)
    ids, used = ids_of(page)
    assert len(ids) == len(set(ids)) > 0
    assert used <= set(ids)
    images = re.findall(r'<image [^>]*href="([^"]{20})', page)
    assert len(images) == 6
    assert all(image.startswith("data:image/png") for image in images)


def heat_maps(figure: Figure) -> list[np.ndarray]:
    """What is drawn, in the order of the panels."""
    images = [image for part in figure.subfigs for axes in part.axes for image in axes.images]
    return [np.asarray(image.get_array()) for image in images]


def test_a_heat_map_of_a_long_window_is_averaged_to_what_can_be_seen() -> None:
    shapes = [drawn.shape for drawn in heat_maps(both())]
    assert shapes == [(64, FINEST)] * 3 + [(FINEST, 125)] * 3


def test_a_heat_map_has_its_most_active_channel_on_top_and_its_quietest_below() -> None:
    means = heat_maps(both())[0].mean(axis=1)
    assert (np.diff(means) <= 1e-2).all()
    assert means[0] > means[-1] > 0


def test_a_cosine_has_its_interval_and_a_cka_its_folds() -> None:
    above, below = (layers().axes[place] for place in (2, 5))  # of all segments
    ends = [np.asarray(line.get_xdata()) for line in above.lines if line.get_linewidth() == 1.4]
    assert len(ends) == 4
    assert ends[0][0] < (2.0 + 1.5 + 2.2) / 12 < ends[0][1]
    folds = [np.asarray(x.get_xdata()).tolist() for x in below.lines if x.get_marker() == "."]
    assert folds == [[-0.01, 0.03]] * 4


def test_before_and_after_have_the_colours_of_their_methods() -> None:
    marks = likeness_figure([], "AT+CL").legends[0].legend_handles
    assert [mark.get_color() for mark in marks if isinstance(mark, Line2D)] == [
        METHODS["ECG baseline"],
        METHODS["AT+CL"],
    ]
