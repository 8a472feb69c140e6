"""The figure of seeds: of several, of one, of none."""

from functools import partial

import numpy as np
import pytest

from orchestration.evidence.figures_seeds import seed_figure
from tests.drawings import LONG, NAN, SEEN, Figures

SEEDS = {0: 0.41, 1: 0.44, 2: 0.38}
SOME = {
    "ECG baseline": SEEDS,
    LONG: {0: 0.5, 2: NAN},
    "failed": {1: NAN},
    "SD+CL": {s: v + 0.1 for s, v in SEEDS.items()},
}
FIGURES: Figures = {  # a figure, and words that it must show
    "seeds": (
        partial(seed_figure, SOME, "kappa"),
        ("kappa", "0.410 ± 0.030 (3)", "0.500 (1)", "no result", "mean over seeds", SEEN),
    ),
    "seeds of none": (partial(seed_figure, {}, "kappa"), ("no method has a result",)),
    "seeds of one": (partial(seed_figure, {"SD+CL": SEEDS}, "kappa"), ("SD+CL", "a seed")),
}


def test_each_seed_is_a_dot_and_the_bar_is_at_their_mean() -> None:
    axes = seed_figure({"SD+CL": SEEDS}, "kappa").axes[0]
    dots = np.asarray(axes.collections[0].get_offsets())
    assert dots[:, 0].tolist() == [0.41, 0.44, 0.38]
    assert len(set(dots[:, 1])) == 3
    assert np.asarray(axes.lines[0].get_xdata()).tolist() == pytest.approx([0.41])
