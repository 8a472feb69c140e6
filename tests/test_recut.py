"""Nights of 20 s pages cut anew: known sample by sample, at pages, on the grid, around gaps."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from datasets.night import Night
from datasets.parquet import read_night, subjects_in
from datasets.recut import at_pages, is_widened, joined, num_epochs, on_grid, pages_of_epochs
from datasets.stages import SCHEMES
from datasets.windows import SCALINGS, load_night, window_refs

SCHEME = SCHEMES["W-N1-N2-N3-R"]
LENGTH_S = 5120 / 256 * 0.999936  # of a page in a 256 Hz file of MASS
TOOTH = 1000  # samples; whole numbers below 2048 are exact in half precision


def night_of(places: Sequence[int], page_s: float = LENGTH_S) -> Night:
    """Widened pages of a saw whose sample k is k mod 1000; the stage is the place mod 5."""
    place = np.array(places, np.int32)
    onset_s = 20.918 + page_s * place
    starts = np.rint((onset_s - 5) * 200).astype(int)
    saw = (np.arange(starts[-1] + 6000) % TOOTH).astype(np.float32)
    rows = sliding_window_view(saw, 6000)[starts]
    return Night(
        subject="01-02-0001", subset="SS2", person="Ada", page_s=page_s,
        eeg_channel="C3", ecg_channel="ECGI", segment=place, onset_s=onset_s,
        stage=(place % 5).astype(np.int8), eeg=rows, ecg=-rows,
    )  # fmt: skip


def starts_of(pages: int, length: float = 3999.744) -> np.ndarray:
    starts: np.ndarray = np.rint(16000.4 + length * np.arange(pages)).astype(np.int64)
    return starts


def saw_from(sample: int, length: int) -> np.ndarray:
    return np.arange(sample, sample + length) % TOOTH


def test_overlapping_rows_join_to_the_ramp_that_they_were_cut_from() -> None:
    ramp, starts = np.arange(500_000, dtype=np.float32), starts_of(100)
    signal = joined(sliding_window_view(ramp, 6000)[starts], starts)
    assert np.array_equal(signal, ramp[starts[0] : starts[-1] + 6000])


def test_a_page_is_its_own_4000_samples() -> None:
    night = at_pages(night_of(range(9)), SCHEME, "none")
    for place, row in enumerate(night.eeg):
        assert np.array_equal(row, saw_from(round((20.918 + LENGTH_S * place) * 200), 4000))
    assert np.array_equal(night.ecg, -night.eeg)
    assert night.labels.tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3]


def test_pages_follow_one_another_and_at_most_one_sample_comes_twice() -> None:
    rows = at_pages(night_of(range(50)), SCHEME, "none").eeg
    steps = (rows[1:, 0] - rows[:-1, -1]) % TOOTH
    assert set(steps.tolist()) == {0, 1}
    assert np.mean(steps == 0) == pytest.approx(4000 - 3999.744, abs=0.03)


def test_every_page_is_fresh_in_one_window_whatever_the_gaps() -> None:
    night = at_pages(night_of([0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 20]), SCHEME, "night")
    refs = window_refs([night], 6)
    fresh = [row for r in refs for row in range(r.start + r.length - r.fresh, r.start + r.length)]
    assert sorted(fresh) == list(range(11))


@pytest.mark.parametrize("pages", range(1, 12))
def test_a_stretch_has_as_many_epochs_as_whole_30_s(pages: int) -> None:
    assert num_epochs(starts_of(pages)) == num_epochs(starts_of(pages, 4000)) == 20 * pages // 30


def test_the_grid_is_the_continuous_signal() -> None:
    night = on_grid(night_of(range(30)), SCHEME, "none")
    assert night is not None
    assert np.array_equal(night.eeg.ravel(), saw_from(round(20.918 * 200), 20 * 6000))
    assert night.segment.tolist() == list(range(20))


def test_of_three_pages_the_outer_ones_name_the_epochs() -> None:
    assert pages_of_epochs(starts_of(9)).tolist() == [0, 2, 3, 5, 6, 8]
    night = on_grid(night_of(range(9)), SCHEME, "none")
    assert night is not None
    assert night.labels.tolist() == [0, 2, 3, 0, 1, 3]


def test_an_epoch_goes_to_the_page_that_most_of_its_samples_lie_in() -> None:
    starts = starts_of(1400)  # eight hours, over which pages and epochs drift apart
    samples = starts[0] + np.arange(num_epochs(starts) * 6000).reshape(-1, 6000)
    inside = np.searchsorted(starts, samples, "right") - 1
    most = [np.bincount(epoch).argmax() for epoch in inside]
    assert pages_of_epochs(starts).tolist() == most


def test_the_earlier_page_wins_a_tie() -> None:
    starts = np.array(
        [0, 3000, 7000]
    )  # a short first page: 15 s of the epoch, as many as of the next
    assert pages_of_epochs(starts)[0] == 0


def test_the_grid_begins_anew_after_a_gap_and_leaves_lone_pages_out() -> None:
    places = [0, 1, 2, 3, 7, 10, 11, 12]  # four pages, one alone, three
    night = on_grid(night_of(places), SCHEME, "none")
    assert night is not None
    assert night.labels.tolist() == [0, 2, 10 % 5, 12 % 5]
    assert np.diff(night.segment).tolist() == [1, 2, 1]
    assert np.array_equal(night.eeg[2], saw_from(round((20.918 + LENGTH_S * 10) * 200), 6000))


def test_lone_pages_make_no_grid() -> None:
    assert on_grid(night_of([0, 4, 8]), SCHEME, "night") is None


def test_a_night_keeps_the_scale_of_its_widened_segments() -> None:
    night = night_of(range(6))
    scaled = SCALINGS["night"](night.eeg).astype(np.float16)
    assert np.array_equal(at_pages(night, SCHEME, "night").eeg, scaled[:, 1000:5000])
    grid = on_grid(night, SCHEME, "night")
    assert grid is not None
    assert np.array_equal(grid.eeg[0, :4000], scaled[0, 1000:5000])


def test_a_scale_of_segments_is_each_epochs_own_and_a_page_has_its_segments() -> None:
    night = night_of(range(6))
    night.eeg[2] *= 0.5  # as if it alone were quiet
    grid = on_grid(night, SCHEME, "segment")
    assert grid is not None
    assert (grid.eeg.min(1) == 0).all()
    assert (grid.eeg.max(1) == 1).all()
    pages = at_pages(night, SCHEME, "segment")
    scaled = SCALINGS["segment"](night.eeg).astype(np.float16)
    assert np.array_equal(pages.eeg, scaled[:, 1000:5000])


def test_stored_nights_continue_sample_by_sample(nights: Path) -> None:
    names = [s.name for s in subjects_in(nights) if is_widened(s.page_s)]
    assert names
    for name in names:
        path = nights / f"{name}.parquet"
        night, known = read_night(path), load_night(path, SCHEMES["W-N-R"])
        starts = np.rint((night.onset_s - 5) * 200).astype(int)
        for row in np.flatnonzero(np.diff(night.segment) == 1):
            step = starts[row + 1] - starts[row]
            assert np.array_equal(night.ecg[row, step:], night.ecg[row + 1, :-step])
        pages = at_pages(night, SCHEMES["W-N-R"], "night")
        assert np.array_equal(pages.ecg, known.ecg[:, 1000:5000])
        assert np.array_equal(pages.labels, known.labels)
