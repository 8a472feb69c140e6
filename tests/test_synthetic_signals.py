"""What the look-alike cohort shows: nights with cycles, a clear EEG, a heart that tells less."""

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import f1_score

from datasets.mass import find_recordings, read_recording
from datasets.night import Night
from datasets.segments import cut_segments
from datasets.signals import RATE_HZ
from datasets.stages import Stage
from datasets.synthetic_hypnogram import draw_body, draw_stages

PAGES = 60  # of the session's cohort
BAND_EDGES_HZ = (0.5, 2.0, 4.0, 8.0, 12.0, 16.0, 30.0)


@pytest.fixture(scope="module")
def nights(cohort: Path) -> list[Night]:
    """Every usable night of the session's cohort, cut."""
    with open(cohort / "cohort.csv", newline="") as table:
        usable = {
            row["subject"] for row in csv.DictReader(table) if "unusable" not in row["traps"]
        }
    refs = find_recordings(cohort)
    return [cut_segments(read_recording(ref)) for ref in refs if ref.subject in usable]


def test_every_scored_page_comes_back_through_the_reader(nights: list[Night]) -> None:
    assert len(nights) == 8
    for night in nights:
        want = PAGES if night.page_s > 25 else PAGES * 3 // 2
        assert len(night.segment) == want, night.subject
        assert (np.diff(night.segment) == 1).all()
        assert set(night.stage) == set(Stage)


def test_units_and_sizes_are_those_of_people(nights: list[Night]) -> None:
    for night in nights:
        assert 10 < night.eeg.std() < 40  # uV
        assert 0.5 < np.median(night.ecg.max(1)) < 2.5  # mV, an R wave


def band_powers(eeg: np.ndarray) -> np.ndarray:
    """Six log band powers of each segment. (n, S) -> (n, 6)."""
    parts = eeg.reshape(len(eeg), -1, 2 * RATE_HZ) * np.hanning(2 * RATE_HZ)
    power = (np.abs(np.fft.rfft(parts)) ** 2).mean(1)  # (n, parts, f) -> (n, f)
    hz = np.fft.rfftfreq(2 * RATE_HZ, 1 / RATE_HZ)
    edges = pairwise(BAND_EDGES_HZ)
    powers = [power[:, (hz >= low) & (hz < high)].mean(1) for low, high in edges]
    return np.asarray(np.log(np.stack(powers, 1)))


def heart_features(ecg: np.ndarray) -> np.ndarray:
    """Mean, spread and beat-to-beat change of the beats' distances. (n, S) -> (n, 3)."""
    features = []
    for lead in ecg:
        padded = np.pad(lead, 50, constant_values=-9)
        highest = sliding_window_view(padded, 101).max(1) == lead
        peaks = np.flatnonzero(highest & (lead > 0.6 * np.quantile(lead, 0.998)))
        rr = np.diff(peaks) / RATE_HZ
        features.append([rr.mean(), np.log(rr.std()), np.log(np.abs(np.diff(rr)).mean())])
    table = np.array(features)
    table[:, 0] -= np.median(table[:, 0])  # the person's own rest
    return table


def macro_f1(features: list[np.ndarray], stages: list[np.ndarray]) -> float:
    """Of a linear discriminant, each subject left out in turn."""
    guesses = []
    for left_out in range(len(stages)):
        rest = [i for i in range(len(stages)) if i != left_out]
        model = LinearDiscriminantAnalysis(priors=np.full(len(Stage), 1 / len(Stage)))
        model.fit(
            np.concatenate([features[i] for i in rest]), np.hstack([stages[i] for i in rest])
        )
        guesses.append(model.predict(features[left_out]))
    return float(f1_score(np.concatenate(stages), np.concatenate(guesses), average="macro"))


def test_eeg_tells_the_stages_well_and_the_heart_less_well(nights: list[Night]) -> None:
    stages = [night.stage for night in nights]
    eeg = macro_f1([band_powers(night.eeg) for night in nights], stages)
    heart = macro_f1([heart_features(night.ecg) for night in nights], stages)
    shuffled = [np.random.default_rng(0).permutation(own) for own in stages]
    chance = macro_f1([band_powers(night.eeg) for night in nights], shuffled)
    assert eeg > 0.75
    assert eeg - 0.2 > heart > chance + 0.12


def test_each_segment_carries_its_own_stage(nights: list[Night]) -> None:
    powers = [band_powers(night.eeg) for night in nights]
    own = macro_f1(powers, [night.stage for night in nights])
    for shift in (-1, 1):
        moved = macro_f1(powers, [np.roll(night.stage, shift) for night in nights])
        assert own > moved + 0.1


def test_class_shares_and_cycles_are_like_those_of_a_night() -> None:
    drawn = [draw_stages(960, 30.0, np.random.default_rng(seed)) for seed in range(40)]
    shares = np.bincount(np.concatenate(drawn), minlength=5) / (40 * 960)
    assert np.abs(shares - (0.14, 0.09, 0.47, 0.13, 0.17)).max() < 0.05  # MASS, all nights
    early = np.concatenate([night[:320] for night in drawn])
    late = np.concatenate([night[-320:] for night in drawn])
    assert (early == Stage.N3).mean() > 2 * (late == Stage.N3).mean()
    assert (late == Stage.R).mean() > 2 * (early == Stage.R).mean()


@pytest.mark.parametrize(("pages", "page_s"), [(60, 30.0), (90, 20.0)])
def test_half_an_hour_holds_every_stage(pages: int, page_s: float) -> None:
    for seed in range(50):
        stages = draw_stages(pages, page_s, np.random.default_rng(seed))
        assert set(stages) == set(Stage)


def test_scorer_and_body_mostly_agree() -> None:
    rng = np.random.default_rng(0)
    stages = draw_stages(5000, 30.0, rng)
    assert 0.88 < (draw_body(stages, rng) == stages).mean() < 0.96
