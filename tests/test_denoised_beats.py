"""Beats in noise: pairs counted by hand, a detector sound on clean ECG, windows that join."""

import sys
from pathlib import Path

import numpy as np
import pytest

from datasets.clean_records import CleanLead, database_of, find_records, read_leads
from datasets.noise import Noise, read_noise, split_noise
from orchestration.denoising.beats import (
    Detection,
    compare,
    detect,
    hear_through_noise,
    pooled,
)
from orchestration.denoising.classical import whole_of
from tests.wfdb_folders import DATA, needs_data, write_patients

pytest.importorskip("sleepecg")


@pytest.fixture(scope="module")
def lead(tmp_path_factory: pytest.TempPathFactory) -> CleanLead:
    """Two drawn minutes of a heart, and its beats."""
    folder = write_patients(tmp_path_factory.mktemp("clean"), ["100"], seconds=60)
    (path,) = find_records(folder)
    return read_leads(path, database_of(folder, [path]), ["MLII"])[0]


def drift_and_muscle() -> Noise:
    """Noise whose muscle artefact is white, and the rest slow."""
    rng = np.random.default_rng(0)
    slow = np.sin(2 * np.pi * 0.15 * np.arange(9000) / 360) * np.ones((2, 1))
    signals = {"ma": rng.normal(size=(2, 9000)), "em": 3 * slow, "bw": 3 * slow}
    return Noise.whole(signals)


def test_beats_pair_once_within_150_ms() -> None:
    marked = np.array([1.0, 2.0, 3.0, 4.0])
    assert compare(np.array([1.1, 2.15, 3.2, 3.9]), marked) == Detection(3, 1, 1)
    assert compare(np.array([0.9, 1.1, 2.0]), marked) == Detection(2, 2, 1)  # one of two at 1 s
    assert compare(np.array([]), marked) == Detection(0, 4, 0)
    assert compare(marked, np.array([])) == Detection(0, 0, 4)
    assert compare(np.array([0.95, 1.1]), np.array([1.0, 1.2])) == Detection(2, 0, 0)


def test_sensitivity_and_predictivity_are_shares_of_marked_and_found() -> None:
    found = Detection(matched=90, missed=10, false=30)
    assert (found.sensitivity, found.predictivity) == (0.9, 0.75)
    assert np.isnan(Detection(0, 3, 0).predictivity)
    assert np.isnan(Detection(0, 0, 3).sensitivity)
    assert pooled([found, Detection(10, 0, 0)]) == Detection(100, 10, 30)
    assert pooled([]) == Detection(0, 0, 0)


def test_every_pair_that_can_be_made_is_made() -> None:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    rng = np.random.default_rng(0)
    for _ in range(30):
        found, marked = np.sort(rng.uniform(0, 6, 25)), np.sort(rng.uniform(0, 6, 20))
        near = csr_array(np.abs(found[:, None] - marked) <= 0.15)
        most = int((maximum_bipartite_matching(near) >= 0).sum())
        assert compare(found, marked).matched == most


def test_the_detector_finds_the_drawn_beats_of_a_clean_record(lead: CleanLead) -> None:
    assert lead.beats is not None
    found = detect(lead.samples, lead.beats)
    assert found.sensitivity > 0.97
    assert found.predictivity > 0.97


def test_more_beats_are_found_the_less_noise_there_is_and_denoising_helps(
    lead: CleanLead,
) -> None:
    noise = drift_and_muscle()
    rows = hear_through_noise(
        [lead], noise, whole_of("band-pass"), ["group 1"], (-12.0, 0.0, 18.0)
    )
    assert [(row.record, row.group, row.snr_db) for row in rows] == [
        ("100", "group 1", -12.0), ("100", "group 1", 0.0), ("100", "group 1", 18.0),
    ]  # fmt: skip
    before = [row.noisy.sensitivity for row in rows]
    assert before[0] <= before[-1]
    assert before[-1] > 0.97
    assert rows[-1].denoised.predictivity > 0.97
    again = hear_through_noise([lead], noise, whole_of("band-pass"), ["group 1"], (0.0,))
    assert again[0] == rows[1]  # the same noise, whatever else is asked


def test_unannotated_records_and_a_missing_detector_are_told(
    lead: CleanLead, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = CleanLead("a", "a/1", "1", "I", lead.samples, {}, None)
    with pytest.raises(ValueError, match="no annotated beats"):
        hear_through_noise([bare], drift_and_muscle(), whole_of("wavelet"), ["group 1"])
    monkeypatch.setitem(sys.modules, "sleepecg.heartbeats", None)
    with pytest.raises(ModuleNotFoundError, match="sleepecg"):
        detect(lead.samples, np.array([5]))


@needs_data
def test_real_beats_are_found_in_the_clean_record_and_fewer_in_noise() -> None:
    folder: Path = DATA / "mitdb"
    path = folder / "101.hea"
    (lead,) = read_leads(path, database_of(folder, [path]), ["MLII"])
    assert lead.beats is not None
    clean = detect(lead.samples, lead.beats)
    assert clean.sensitivity > 0.997
    assert clean.predictivity > 0.997
    noise = split_noise(read_noise(DATA / "nstdb"), 1).test
    (row,) = hear_through_noise([lead], noise, whole_of("band-pass"), ["group 2"], (-6.0,))
    assert row.noisy.sensitivity < clean.sensitivity
