"""Windows: every row is scored once, none spans a gap, and what is cut is what was stored."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.parquet import write_night
from datasets.stages import SCHEMES, UNSCORED
from datasets.windows import SCALINGS, ScaledNight, WindowRef, cut, load_night, paste, window_refs
from tests.nights import SAMPLES, make_night

FIVE = SCHEMES["W-N1-N2-N3-R"]


def scaled(segment: Sequence[int]) -> ScaledNight:
    night = make_night(segment)
    eeg, ecg = night.eeg.astype(np.float16), night.ecg.astype(np.float16)
    return ScaledNight(night.subject, eeg, ecg, FIVE.labels(night.stage), night.segment)


def load(folder: Path, scaling: str, scale: float = 1.0) -> ScaledNight:
    write_night(folder / "night.parquet", make_night(scale=scale), "", {})
    return load_night(folder / "night.parquet", FIVE, scaling)


gaps = st.lists(st.integers(1, 3), min_size=1, max_size=40)  # steps from segment to segment


@given(st.lists(gaps, min_size=1, max_size=3), st.integers(1, 12), st.integers(0, 30))
def test_every_row_is_fresh_in_exactly_one_window(
    steps: list[list[int]], segments: int, offset: int
) -> None:
    nights = [scaled(np.cumsum(own).tolist()) for own in steps]
    seen = [np.zeros(len(own), int) for own in steps]
    for night, start, length, fresh in window_refs(nights, segments, offset=offset):
        assert 1 <= fresh <= length <= segments
        seen[night][start + length - fresh : start + length] += 1
    assert all((counts == 1).all() for counts in seen)


@given(gaps, st.integers(1, 12), st.integers(0, 30))
def test_no_window_spans_a_gap_and_short_ones_fill_their_run(
    steps: list[int], segments: int, offset: int
) -> None:
    segment = np.cumsum(steps)
    runs = np.split(segment, np.flatnonzero(np.diff(segment) != 1) + 1)
    run_of = {place: len(run) for run in runs for place in run}
    for _, start, length, _ in window_refs([scaled(segment.tolist())], segments, offset=offset):
        places = segment[start : start + length]
        assert (np.diff(places) == 1).all()
        assert length == min(segments, run_of[places[0]])


def test_the_last_window_of_a_run_is_moved_back() -> None:
    assert window_refs([scaled(range(10))], 4) == [
        WindowRef(0, 0, 4, 4),
        WindowRef(0, 4, 4, 4),
        WindowRef(0, 6, 4, 2),
    ]


def test_an_offset_shifts_the_grid() -> None:
    starts = [ref.start for ref in window_refs([scaled(range(14))], 4, offset=2)]
    assert starts == [0, 2, 6, 10]


def test_a_window_without_segments_is_refused() -> None:
    with pytest.raises(ValueError, match="a window has 0 segments"):
        window_refs([scaled([0])], 0)


@given(gaps, st.integers(1, 6))
def test_cut_gives_the_rows_of_each_window_and_the_filling_behind(
    steps: list[int], segments: int
) -> None:
    night = scaled(np.cumsum(steps).tolist())
    refs = window_refs([night], segments)
    eeg, labels = cut([night.eeg], refs, segments), cut([night.labels], refs, segments, UNSCORED)
    assert eeg.shape == (len(refs), segments, SAMPLES)
    assert eeg.dtype == np.float16
    assert labels.dtype == np.int64
    for row, (_, start, length, _) in enumerate(refs):
        np.testing.assert_array_equal(eeg[row, :length], night.eeg[start : start + length])
        assert not eeg[row, length:].any()
        assert labels[row, :length].tolist() == night.labels[start : start + length].tolist()
        assert (labels[row, length:] == UNSCORED).all()


def test_windows_are_cut_from_the_night_they_name() -> None:
    nights = [scaled(range(3)), scaled(range(10, 13))]
    eeg = cut([night.eeg for night in nights], window_refs(nights, 3)[::-1], 3)
    assert np.floor(eeg[:, 0, 0]).tolist() == [10, 0]


@given(st.lists(gaps, min_size=1, max_size=3), st.integers(1, 6), st.integers(0, 30))
def test_what_is_cut_and_pasted_is_what_it_was(
    steps: list[list[int]], segments: int, offset: int
) -> None:
    nights = [scaled(np.cumsum(own).tolist()) for own in steps]
    refs = window_refs(nights, segments, offset=offset)
    windows = cut([night.ecg for night in nights], refs, segments)
    found = [np.full_like(night.ecg, np.nan) for night in nights]
    paste(found, refs, windows)
    for rows, night in zip(found, nights, strict=True):
        np.testing.assert_array_equal(rows, night.ecg)


def test_a_row_that_two_windows_hold_is_pasted_from_where_it_is_fresh() -> None:
    found = [np.zeros(6, int)]
    refs = window_refs([scaled(range(6))], 4)  # rows 0 to 3, and 2 to 5, of which two are fresh
    paste(found, refs, np.array([[1, 1, 1, 1], [2, 2, 2, 2]]))
    assert found[0].tolist() == [1, 1, 1, 1, 2, 2]


def test_a_scheme_is_applied_on_reading(tmp_path: Path) -> None:
    write_night(tmp_path / "night.parquet", make_night(range(5)), "", {})
    night = load_night(tmp_path / "night.parquet", SCHEMES["W-L-D-R"])
    assert night.labels.tolist() == [0, 1, 1, 2, 3]
    assert night.labels.dtype == np.int64


def test_a_night_is_scaled_by_its_own_median_and_range(tmp_path: Path) -> None:
    night = load(tmp_path, "night", scale=300.0)
    low, middle, high = np.percentile(night.eeg.astype(float), (25, 50, 75))
    assert middle == pytest.approx(0, abs=0.01)
    assert high - low == pytest.approx(1, abs=0.01)


def test_segments_are_scaled_each_by_itself(tmp_path: Path) -> None:
    night = load(tmp_path, "segment", scale=300.0)
    assert (night.eeg.min(1) == 0).all()
    assert (night.ecg.max(1) == 1).all()


def test_unscaled_samples_that_overflow_are_held_at_the_limit(tmp_path: Path) -> None:
    night = load(tmp_path, "none", scale=1e5)
    assert night.eeg[-1, 0] == np.finfo(np.float16).max
    assert np.isfinite(night.ecg).all()


@pytest.mark.parametrize("scaling", SCALINGS)
def test_every_scaling_gives_half_precision_of_the_same_shape(
    tmp_path: Path, scaling: str
) -> None:
    night = load(tmp_path, scaling)
    assert night.eeg.shape == night.ecg.shape == (5, SAMPLES)
    assert night.eeg.dtype == night.ecg.dtype == np.float16


def test_an_unknown_scaling_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'minmax'; allowed are \['night', 'none', 'segment'\]"):
        load(tmp_path, "minmax")
