"""The numbers that a sleep clinic reads from a hypnogram: how long, how soon, how broken.

Takes the classes of a night's scored pages and where they lie; gives minutes, percent and counts.
"""

import math

import numpy as np

WAKE, REM = "W", "R"
TITLES = {  # what tables and figures call them
    "time_in_bed_minutes": "Time in bed (min)",
    "unscored_minutes": "Unscored (min)",
    "total_sleep_minutes": "Total sleep time (min)",
    "sleep_efficiency_percent": "Sleep efficiency (%)",
    "sleep_onset_latency_minutes": "Sleep onset latency (min)",
    "wake_after_sleep_onset_minutes": "Wake after sleep onset (min)",
    "rem_latency_minutes": "REM latency (min)",
    "transitions": "Stage transitions",
    "transitions_per_hour": "Stage transitions per hour",
    "awakenings": "Awakenings",
}


def title_of(name: str) -> str:
    """What a reader calls a statistic; "N2_percent" is "N2 (% of sleep)"."""
    if name in TITLES:
        return TITLES[name]
    label, unit = name.rsplit("_", 1)
    return f"{label} ({'min' if unit == 'minutes' else '% of sleep'})"


def sleep_statistics(
    labels: np.ndarray, segment: np.ndarray, page_s: float, classes: tuple[str, ...]
) -> dict[str, float]:
    """The statistics of TITLES, then minutes of each class and its percent of total sleep time.

    Time in bed is scored time: page by page, so unscored gaps are left out and counted apart.
    A latency is time that went by, gaps within. A night without sleep has an efficiency of 0,
    and neither latencies, wake after sleep onset nor shares (NaN); one without REM no REM latency.

    Args:
        labels: (n,) class of each scored page.
        segment: (n,) rising; its position, in pages from the first scored one.
        page_s: seconds from page to page.
        classes: names of the K classes, "W" and "R" among them.
    Source: AASM Manual for the Scoring of Sleep and Associated Events: sleep efficiency is total
        sleep time / total recording time; sleep latency, lights out to the first epoch of sleep;
        REM latency, from there to the first epoch of R; wake after sleep onset, all to lights on.
    Differs: lights out and lights on are not in the files; first and last scored page stand in.
        YASA 0.8.1 has the same sums and sleep latency, but ends wake after sleep onset at the last
        page of sleep, counts Lat_REM from the first page, and takes gaps for time in bed.
    """
    assert labels.shape == segment.shape
    assert len(labels) > 0
    minutes = {name: _minutes((labels == k).sum(), page_s) for k, name in enumerate(classes)}
    in_bed = sum(minutes.values())
    asleep = in_bed - minutes[WAKE]
    shifts, awakenings = _changes(labels, segment, classes.index(WAKE))
    unscored = segment[-1] - segment[0] + 1 - len(segment)
    shares = {c: 100 * _share(minutes[c], asleep) for c in classes if c != WAKE}
    return {
        "time_in_bed_minutes": in_bed,
        "unscored_minutes": _minutes(unscored, page_s),
        "total_sleep_minutes": asleep,
        "sleep_efficiency_percent": 100 * asleep / in_bed,
        **_onsets(labels, segment, page_s, classes),
        "transitions": float(shifts),
        "transitions_per_hour": shifts / (in_bed / 60),
        "awakenings": float(awakenings),
        **{f"{name}_minutes": value for name, value in minutes.items()},
        **{f"{name}_percent": value for name, value in shares.items()},
    }


def _onsets(
    labels: np.ndarray, segment: np.ndarray, page_s: float, classes: tuple[str, ...]
) -> dict[str, float]:
    """The three statistics that hang on the first page of sleep; NaN without one."""
    asleep = np.flatnonzero(labels != classes.index(WAKE))
    rem = np.flatnonzero(labels == classes.index(REM))
    onset = asleep[0] if asleep.size else None
    latency = _between(segment, 0, onset)
    after = math.nan if onset is None else len(labels) - onset - asleep.size
    rem_latency = _between(segment, onset, rem[0]) if rem.size else math.nan
    return {
        "sleep_onset_latency_minutes": _minutes(latency, page_s),
        "wake_after_sleep_onset_minutes": _minutes(after, page_s),
        "rem_latency_minutes": _minutes(rem_latency, page_s),
    }


def _changes(labels: np.ndarray, segment: np.ndarray, wake: int) -> tuple[int, int]:
    """How often the class changed, and how often sleep gave way to wake; never across a gap."""
    changed = (np.diff(labels) != 0) & (np.diff(segment) == 1)
    return int(changed.sum()), int((changed & (labels[1:] == wake)).sum())


def _between(segment: np.ndarray, start: int | None, end: int | None) -> float:
    """Pages from the start of one page to the start of another; NaN if there is none."""
    return math.nan if start is None or end is None else float(segment[end] - segment[start])


def _minutes(pages: float, page_s: float) -> float:
    return float(pages * page_s / 60)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
