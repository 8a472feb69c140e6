"""What is counted of a staged recording, against numbers counted by hand and against YASA."""

import math

import numpy as np
import pytest

from orchestration.staging.quality import KINDS, Quality
from orchestration.staging.statistics import (
    FLAGS,
    heart_summary,
    label_flags,
    lights_given,
    quality_shares,
    rate_a_label,
)
from tests.staged_ecgs import staged_ecg


def test_lights_bound_a_short_night_counted_by_hand() -> None:
    found = staged_ecg("NNWWNN??RRWNWW", lights=(60.0, 390.0)).statistics()  # without NN and W
    assert found["time_in_bed_minutes"] == 5.5
    assert found["unscored_minutes"] == 1.0
    assert found["total_sleep_minutes"] == 2.5
    assert found["sleep_onset_latency_minutes"] == 1.0
    assert found["wake_after_sleep_onset_minutes"] == 1.0
    assert found["rem_latency_minutes"] == 2.0
    assert found["sleep_efficiency_percent"] == pytest.approx(100 * 5 / 9)
    assert found["awakenings"] == 2


def test_a_label_counts_as_far_as_it_lies_between_the_lights() -> None:
    found = staged_ecg("NWNR", lights=(15.0, 105.0)).statistics()
    assert found["time_in_bed_minutes"] == 1.5
    assert found["N_minutes"] == 0.75
    assert found["R_minutes"] == 0.25
    assert found["sleep_onset_latency_minutes"] == 0
    assert found["rem_latency_minutes"] == 1.25


def test_without_lights_all_that_was_staged_counts_and_no_more() -> None:
    found = staged_ecg("?WNN?", seconds=171.0, lights=(0.0, 171.0)).statistics()
    assert found["time_in_bed_minutes"] == 2.5
    assert found["unscored_minutes"] == 1.0
    assert found["sleep_onset_latency_minutes"] == 1.0


@pytest.mark.parametrize("scheme", ["wnr", "wldr", "five"])
@pytest.mark.parametrize("output_s", [1, 7, 20, 30])
def test_parts_of_the_night_add_up_to_time_in_bed(scheme: str, output_s: int) -> None:
    kinds = {"wnr": "WNR?", "wldr": "WLDR?", "five": "W123R?"}[scheme]
    rng = np.random.default_rng(output_s)
    letters = "W" + "".join(np.repeat(rng.choice(list(kinds), 60), 3)) + "R"
    end = len(letters) * output_s
    staged = staged_ecg(letters, scheme, output_s, lights=(0.1 * end, 0.93 * end))
    found = staged.statistics()
    assert found["time_in_bed_minutes"] == pytest.approx(0.83 * end / 60)
    classes = sum(found[f"{name}_minutes"] for name in staged.classes)
    assert classes + found["unscored_minutes"] == pytest.approx(found["time_in_bed_minutes"])
    assert sum(found[f"{name}_percent"] for name in staged.classes[1:]) == pytest.approx(100)


@pytest.mark.parametrize("letters", ["", "????"])
def test_a_night_of_which_nothing_is_scored_has_no_efficiency(letters: str) -> None:
    found = staged_ecg(letters).statistics()
    assert found["time_in_bed_minutes"] == found["unscored_minutes"] == len(letters) / 2
    assert math.isnan(found["sleep_efficiency_percent"])
    assert math.isnan(found["sleep_onset_latency_minutes"])
    assert math.isnan(found["transitions_per_hour"])


NAMES = {
    "wnr": {"W": "WAKE", "N": "NREM", "R": "REM"},
    "wldr": {"W": "WAKE", "L": "LIGHT", "D": "DEEP", "R": "REM"},
    "five": {"W": "WAKE", "N1": "N1", "N2": "N2", "N3": "N3", "R": "REM"},
}


@pytest.mark.parametrize(
    ("scheme", "letters"),
    [("wnr", "WWNNNWRRNNNW"), ("wldr", "WWLLDDLWRRLLW"), ("five", "WW1223321WRR22W")],
)
def test_yasa_says_the_same_where_it_defines_the_same(scheme: str, letters: str) -> None:
    yasa = pytest.importorskip("yasa")
    off, on = 4, 4 + 5 * len(letters)  # labels; beyond them lies sleep that must not count
    night = "N" * 4 if scheme == "wnr" else "LLLL" if scheme == "wldr" else "2222"
    whole = night + "".join(5 * letter for letter in letters) + night
    staged = staged_ecg(whole, scheme, 20, lights=(off * 20.0, on * 20.0))
    found = staged.statistics()
    stages = [NAMES[scheme][name] for name in staged.stages[off:on]]
    theirs = yasa.Hypnogram(stages, n_stages=len(staged.classes), freq="20s").sleep_statistics()
    assert found["time_in_bed_minutes"] == pytest.approx(theirs["TIB"], abs=1e-3)
    assert found["total_sleep_minutes"] == pytest.approx(theirs["TST"], abs=1e-3)
    assert found["sleep_efficiency_percent"] == pytest.approx(theirs["SE"], abs=1e-3)
    assert found["sleep_onset_latency_minutes"] == pytest.approx(theirs["SOL"], abs=1e-3)
    rem = found["rem_latency_minutes"] + found["sleep_onset_latency_minutes"]
    assert rem == pytest.approx(theirs["Lat_REM"], abs=1e-3)
    for name, title in NAMES[scheme].items():
        assert found[f"{name}_minutes"] == pytest.approx(theirs[title], abs=1e-3)


def test_lights_at_an_end_of_the_recording_were_not_given() -> None:
    assert lights_given(staged_ecg("WNR")) == {}
    assert lights_given(staged_ecg("WNR", lights=(30.0, 90.0))) == {"Lights off": 30.0}
    assert lights_given(staged_ecg("WNR", lights=(0.0, 60.0))) == {"Lights on": 60.0}


def flagged(letters: str) -> Quality:
    """A second a letter: the first of a kind, or "." that is usable."""
    return Quality(**{kind: np.array([letter == kind[0] for letter in letters]) for kind in KINDS})


def test_shares_of_signal_quality_counted_by_hand() -> None:
    found = quality_shares(staged_ecg("W", quality=flagged("mmmffsn" + 13 * ".")))
    assert found["usable_minutes"] == 13 / 60
    percent = {name: found[f"{name}_percent"] for name in FLAGS}
    assert percent == {"usable": 65, "missing": 15, "flat": 10, "saturated": 5, "noisy": 5}


def test_a_label_is_flagged_by_its_commonest_trouble() -> None:
    staged = staged_ecg("WNR", output_s=4, quality=flagged("....mnn.ffff"))
    usable_s, flags = label_flags(staged)
    assert usable_s.tolist() == [4, 1, 0]
    assert [FLAGS[flag] for flag in flags] == ["usable", "noisy", "flat"]


def test_a_label_has_the_heart_rate_of_the_half_minute_of_its_middle() -> None:
    staged = staged_ecg("WNRW", output_s=20)  # 80 s, two rates
    assert staged.heart is not None
    staged.heart.rate_bpm[:] = [50, 70]
    assert np.array_equal(rate_a_label(staged), [50, 70, 70, np.nan], equal_nan=True)
    assert heart_summary(staged) == {"median": 60.0, "min": 50.0, "max": 70.0}


def test_without_a_detector_there_is_no_heart_rate() -> None:
    staged = staged_ecg("WNR", heart=False)
    assert np.isnan(rate_a_label(staged)).all()
    assert heart_summary(staged) == {}
