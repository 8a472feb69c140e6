"""What the figures of scores say and do not say: keys, signs, colours."""

import math

import numpy as np
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from orchestration.evidence.figures_scores import (
    Estimate,
    forest_figure,
    gain_figure,
    subject_figure,
)
from orchestration.evidence.style import METHODS, as_svg, canvas, styled


def key_of(figure: Figure) -> list[str]:
    """What the key names."""
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_key_of_a_forest_names_only_what_is_drawn() -> None:
    kappa = Estimate("SD+CL", 0.6, 0.5, 0.7)
    assert key_of(forest_figure([kappa], "kappa")) == ["ours, 95 % interval"]
    both = [kappa, Estimate("AT+CL", math.nan, math.nan, math.nan, floor=0.0, paper=0.5)]
    assert key_of(forest_figure(both, "kappa")) == ["ours, 95 % interval", "paper", "floor"]


def test_no_line_joins_the_subjects_of_methods() -> None:
    scores = {name: {f"s{i}": i / 20 for i in range(9)} for name in ("SD+CL", "AT+CL")}
    axes = subject_figure(scores, "kappa").axes[0]
    reach = [np.ptp(np.asarray(line.get_xdata())) for line in axes.lines]
    assert max(reach) < 0.6  # the widest is of a box
    assert [len(np.asarray(dots.get_offsets())) for dots in axes.collections] == [9, 9]


def test_gains_have_the_colour_of_their_method_and_losses_are_pale() -> None:
    axes = gain_figure({"AT+CL": {"a": 0.1, "b": -0.2}}, "kappa", "ECG baseline").axes[0]
    colours = [bar.get_facecolor() for bar in axes.patches if isinstance(bar, Rectangle)]
    assert {to_hex(colour).upper() for colour in colours} == {METHODS["AT+CL"]}
    assert [to_rgba(colour)[3] for colour in colours] == [0.35, 1.0]


@styled
def below_zero() -> Figure:
    """Numbers on an axis, beside it, and in a key."""
    figure = canvas(2)
    axes = figure.subplots()
    axes.plot([-1, 1], [-1, 1], label="gain -0.5")
    axes.annotate("-0.25 [-1, 2], 01-03-0007", (0, 0))
    figure.legend()
    return figure


def test_a_minus_is_a_minus_on_axes_and_beside_them() -> None:
    text = as_svg(below_zero())
    assert ">−1.0<" in text
    assert "gain −0.5" in text
    assert "−0.25 [−1, 2], 01-03-0007" in text
