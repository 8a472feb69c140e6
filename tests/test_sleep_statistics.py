"""Sleep statistics against numbers counted by hand, and against YASA."""

import math

import numpy as np
import pytest

from orchestration.evidence.sleep_statistics import TITLES, sleep_statistics, title_of

FIVE = ("W", "N1", "N2", "N3", "R")
WNR = ("W", "N", "R")


def of(text: str, gaps: dict[int, int] | None = None, page_s: float = 30) -> dict[str, float]:
    """The statistics of pages written as letters; before page i lie gaps[i] unscored ones."""
    labels = np.array([WNR.index(letter) for letter in text])
    steps = [1 + (gaps or {}).get(page, 0) for page in range(len(text))]
    return sleep_statistics(labels, np.cumsum(steps) - steps[0], page_s, WNR)


def test_a_short_night_counted_by_hand() -> None:
    found = of("WWNNNNWRRNNW")
    assert found == {
        "time_in_bed_minutes": 6.0,
        "unscored_minutes": 0.0,
        "total_sleep_minutes": 4.0,
        "sleep_efficiency_percent": pytest.approx(100 * 8 / 12),
        "sleep_onset_latency_minutes": 1.0,
        "wake_after_sleep_onset_minutes": 1.0,
        "rem_latency_minutes": 2.5,
        "transitions": 5.0,
        "transitions_per_hour": 50.0,
        "awakenings": 2.0,
        "W_minutes": 2.0,
        "N_minutes": 3.0,
        "R_minutes": 1.0,
        "N_percent": 75.0,
        "R_percent": 25.0,
    }


def test_pages_of_twenty_seconds_count_twenty_seconds_each() -> None:
    short, long = of("WWNNNNWRRNNW", page_s=20), of("WWNNNNWRRNNW")
    for name in long:
        if name.endswith("_minutes"):
            assert short[name] == pytest.approx(long[name] * 2 / 3)
        elif name.endswith("_percent"):
            assert short[name] == pytest.approx(long[name])


def test_a_gap_is_no_time_in_bed_but_time_that_goes_by() -> None:
    found = of("WWNNNWRR", gaps={1: 4, 6: 10})
    assert found["time_in_bed_minutes"] == 4.0
    assert found["unscored_minutes"] == 7.0
    assert found["sleep_onset_latency_minutes"] == 3.0
    assert found["rem_latency_minutes"] == 7.0
    assert found["wake_after_sleep_onset_minutes"] == 0.5


def test_what_changes_across_a_gap_is_no_transition() -> None:
    assert of("NNWWRR", gaps={2: 1})["awakenings"] == 0
    assert of("NNWWRR", gaps={2: 1})["transitions"] == 1
    assert of("NNWWRR")["transitions"] == 2


def test_a_night_without_sleep_has_no_latencies_and_no_shares() -> None:
    found = of("WWWW")
    assert found["total_sleep_minutes"] == found["sleep_efficiency_percent"] == 0
    missing = {name for name, value in found.items() if math.isnan(value)}
    onsets = {"sleep_onset_latency_minutes", "wake_after_sleep_onset_minutes"}
    assert missing == onsets | {"rem_latency_minutes", "N_percent", "R_percent"}


def test_a_night_without_rem_lacks_its_latency_alone() -> None:
    found = of("WNNN")
    assert [name for name, value in found.items() if math.isnan(value)] == ["rem_latency_minutes"]
    assert found["R_percent"] == 0


def test_time_in_bed_is_latency_and_sleep_and_wake_after_it() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        found = of("W" + "".join(rng.choice(list("WNR"), 60)))
        parts = ("sleep_onset_latency", "total_sleep", "wake_after_sleep_onset")
        assert sum(found[f"{part}_minutes"] for part in parts) == pytest.approx(30.5)


def test_yasa_says_the_same_where_it_defines_the_same() -> None:
    runs = [(0, 5), (1, 3), (2, 20), (3, 10), (2, 4), (4, 8), (0, 3), (1, 2), (2, 12), (4, 6)]
    labels = np.concatenate([np.full(pages, k) for k, pages in [*runs, (2, 3), (0, 4)]])
    found = sleep_statistics(labels, np.arange(len(labels)), 20, FIVE)
    yasa = {  # yasa 0.8.1, Hypnogram(..., freq="20s").sleep_statistics()
        "time_in_bed_minutes": 26.6667,
        "total_sleep_minutes": 22.6667,
        "sleep_efficiency_percent": 85.0,
        "sleep_onset_latency_minutes": 1.6667,
        "wake_after_sleep_onset_minutes": 1.0 + 4 / 3,  # its WASO, and wake after the last sleep
        "rem_latency_minutes": 14.0 - 1.6667,  # its Lat_REM - SOL
        "awakenings": 5.2941 * 22.6667 / 60,  # its SFI, times hours of sleep
        "W_minutes": 4.0,
        "N1_minutes": 1.6667,
        "N2_minutes": 13.0,
        "N3_minutes": 3.3333,
        "R_minutes": 4.6667,
        "N1_percent": 7.3529,
        "N2_percent": 57.3529,
        "N3_percent": 14.7059,
        "R_percent": 20.5882,
    }
    assert {name: found[name] for name in yasa} == pytest.approx(yasa, abs=1e-3)


def test_every_statistic_has_a_title() -> None:
    titles = [title_of(name) for name in of("WNR")]
    assert titles[: len(TITLES)] == list(TITLES.values())
    assert titles[-4:] == ["N (min)", "R (min)", "N (% of sleep)", "R (% of sleep)"]


def test_lights_bound_the_night_and_take_unscored_time_for_time_in_bed() -> None:
    labels = np.array([WNR.index(letter) for letter in "NWNRWN"])
    found = sleep_statistics(labels, np.array([0, 1, 2, 5, 6, 7]), 30, WNR, (1.0, 7.5))
    assert found["time_in_bed_minutes"] == 3.25
    assert found["unscored_minutes"] == 1.0
    assert found["total_sleep_minutes"] == 1.25
    assert found["sleep_efficiency_percent"] == pytest.approx(100 * 2.5 / 4.5)
    assert found["sleep_onset_latency_minutes"] == 0.5
    assert found["rem_latency_minutes"] == 1.5
    assert found["wake_after_sleep_onset_minutes"] == 0.5
    assert found["awakenings"] == 1


def test_lights_at_the_first_and_last_page_change_nothing_without_gaps() -> None:
    labels = np.array([WNR.index(letter) for letter in "WWNNNNWRRNNW"])
    assert sleep_statistics(labels, np.arange(12), 30, WNR, (0.0, 12.0)) == of("WWNNNNWRRNNW")
