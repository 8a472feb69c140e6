"""Figures of likeness: legible as XML, the same twice, of much data and of none."""

import re

import numpy as np
from matplotlib.figure import Figure

from orchestration.evidence.figures_bottleneck import FINEST, bottleneck_figure
from orchestration.evidence.figures_likeness import likeness_figure
from orchestration.evidence.likeness import ALL, GAINED, LOST, ROLES, Likeness, Measures
from orchestration.evidence.picked import Pick
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
    some = Measures(0.9, 0.5, -0.01)
    found = [
        Likeness(layer, c, 7, some, some) for layer in ("encoder1", "dense") for c in (LOST, ALL)
    ]
    empty = [Likeness(layer, GAINED, 0, NONE, NONE) for layer in ("encoder1", "dense")]
    return likeness_figure([*found, *empty], LONG)


FIGURES: Figures = {  # a figure, and words that it must show
    "both cases": (
        both,
        (SEEN, "01-03-0007, page 512", "scored N", "says N, right", "p(N) = 0.75", "seconds"),
    ),
    "no segment": (
        dead,
        (f"{GAINED}: no segment", "Student wrong, baseline right", "the same at all times"),
    ),
    "layers": (layers, (f"{GAINED} (n = 0)", f"{ALL} (n = 7)", "not defined", "dense", SEEN)),
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
