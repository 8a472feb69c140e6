"""The figures of denoising: legible, the same twice, true to what they are given."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.signal import periodogram

from orchestration.denoising.beats import Detection, compare
from orchestration.denoising.classical import CLASSICAL
from orchestration.denoising.figures_beats import BEFORE, beats_figure, heard_at
from orchestration.denoising.figures_look import looks_of
from orchestration.denoising.figures_phases import phases_figure
from orchestration.denoising.figures_snr import curves_figure, segments_figure
from orchestration.denoising.figures_spectra import spectra_figure, spectra_of
from orchestration.denoising.figures_staging import staging_figure
from orchestration.denoising.figures_strips import has_beats, matched, median_segment, strip_figure
from orchestration.denoising.table import ALONE, BEST, DISTILLED, TEACHER
from orchestration.evidence.style import as_svg
from tests import denoised
from tests.denoised import GROUPS, clean_ecg
from tests.drawings import LONG, NAN, SEEN, Figures, drawn, missing


def segments() -> Figure:
    return segments_figure(denoised.rows(("denoiser + KD",))[0].groups, LONG)


def beats() -> Figure:
    return beats_figure(heard_at({LONG: denoised.heard()}), Detection(99, 1, 2))


def spectra() -> Figure:
    return spectra_figure(denoised.material().spectra)


def staging() -> Figure:
    return staging_figure(replace(denoised.staged(LONG), row=LONG))


def staging_without_intervals() -> Figure:
    staged = denoised.staged()
    found = [each._replace(low=NAN, high=NAN) for each in staged.found]
    return staging_figure(replace(staged, found=found))


def staging_of_none() -> Figure:
    return staging_figure(replace(denoised.staged(), found=[]))


def phases() -> Figure:
    few, unknown = denoised.epochs(1), [{"epoch": 1.0, "loss": 0.5, "other": 0.0}]
    return phases_figure({LONG: denoised.epochs(), "one": few, "none": [], "unknown": unknown})


FIGURES: Figures = {  # a figure, and words that it must show
    "strip": (
        lambda: strip_figure(denoised.strip()),
        ("group 2: mitdb/100, record 100, MLII, from 0 s", "2 of 12 beats found, 2 false"),
    ),
    "strip without beats": (
        lambda: strip_figure(denoised.strip(annotated=False)),
        ("noisy: 4 beats found", "clean"),
    ),
    "spectra": (spectra, (*GROUPS, "Hz", "error after denoising, denoiser + KD")),
    "segments": (segments, (*GROUPS, "SNR in, dB", SEEN)),
    "curves": (
        lambda: curves_figure(denoised.curves()),
        (*GROUPS, "denoiser teacher", "as it went in"),
    ),
    "curves of none": (partial(curves_figure, []), ("nothing was tested",)),
    "beats": (beats, (*GROUPS, BEFORE, "positive predictivity", "clean ECG", SEEN)),
    "beats of none": (partial(beats_figure, []), ("no test record has annotated beats",)),
    "staging": (staging, (*GROUPS, "kappa", "weighted F1", "floor", "clean", SEEN)),
    "staging without intervals": (
        staging_without_intervals,
        (
            "learned without a denoiser",
            "u-lde-net in front",
            "learned behind u-lde-net",
            "without it",
        ),
    ),
    "staging of none": (staging_of_none, ("nothing was staged",)),
    "phases": (phases, ("no epoch was finished", "validation", "epoch", "other", "0.1", SEEN)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_an_svg_element_that_shows_its_labels_as_text(name: str) -> None:
    assert missing(FIGURES, name) == []
    assert "mathdefault" not in drawn(FIGURES, name)


@pytest.mark.parametrize("name", ["strip", "beats", "staging"])
def test_a_figure_drawn_twice_is_the_same_bytes(name: str) -> None:
    assert as_svg(FIGURES[name][0]()) == drawn(FIGURES, name)


def test_no_two_rows_of_the_table_look_alike() -> None:
    looks = looks_of([*CLASSICAL, TEACHER, ALONE, DISTILLED, BEST, "new"])
    assert len({look["color"] for look in looks.values()}) == 8
    dashed = [name for name, look in looks.items() if look["linestyle"] != "-"]
    assert dashed == list(CLASSICAL)


def test_the_segment_is_that_of_median_gain_among_those_with_beats() -> None:
    gains, among = np.array([9.0, 3.0, 5.0, 1.0, 7.0]), np.array([0, 1, 1, 1, 1], bool)
    assert median_segment(gains, among) == 1  # of 1, 3, 5, 7 the lower of the middle two
    assert median_segment(gains, np.zeros(5, bool)) == 2
    assert has_beats(clean_ecg(3)).tolist() == [True] * 3


def test_beats_on_a_strip_are_told_apart_as_they_are_counted() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        found, beats = (np.sort(rng.choice(3600, 20, replace=False)) for _ in range(2))
        assert matched(found, beats).sum() == compare(found / 360, beats / 360).matched


def test_all_three_traces_of_a_strip_have_one_scale() -> None:
    limits = {axes.get_ylim() for axes in strip_figure(denoised.strip()).axes}
    assert len(limits) == 1


def test_the_spectrum_holds_the_power_of_the_signal() -> None:
    rng = np.random.default_rng(1)
    clean, noise = np.zeros((40, 3600)), rng.standard_normal((40, 3600))
    found = spectra_of("group 1", "x", clean, noise, 0.5 * noise)
    hz, theirs = periodogram(noise, 360.0)
    step = found.hz[1]
    assert found.noise.sum() * step == pytest.approx(theirs.mean(0).sum() * hz[1], rel=0.02)
    assert found.residual == pytest.approx(found.noise / 4)
    assert not found.clean.any()


def test_beats_of_all_records_are_added_before_shares_are_taken() -> None:
    heard = [each for each in denoised.heard() if (each.group, each.snr_db) == ("group 1", 0.0)]
    (before, after) = heard_at({"x": heard})
    matched, missed, false = np.array([each.denoised for each in heard]).sum(0)
    assert before.row == BEFORE
    assert after.sensitivity.estimate == pytest.approx(matched / (matched + missed))
    assert after.predictivity.estimate == pytest.approx(matched / (matched + false))
    assert after.sensitivity.low < after.sensitivity.estimate < after.sensitivity.high


def test_where_no_beat_is_found_there_is_no_predictivity() -> None:
    deaf = [each._replace(denoised=Detection(0, 10, 0)) for each in denoised.heard()]
    after = heard_at({"x": deaf})[-1]
    assert after.sensitivity.estimate == 0
    assert math.isnan(after.predictivity.estimate)
