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
    labels: np.ndarray,
    segment: np.ndarray,
    page_s: float,
    classes: tuple[str, ...],
    lights: tuple[float, float] | None = None,
) -> dict[str, float]:
    """The statistics of TITLES, then minutes of each class and its percent of total sleep time.

    Without lights, time in bed is scored time: page by page, so unscored gaps are left out and
    counted apart. With them, it goes from lights off to lights on, unscored time within, and a
    page counts as far as it lies between them. Sleep efficiency is of scored time either way.
    A latency is time that went by, gaps within. A night without sleep has an efficiency of 0,
    and neither latencies, wake after sleep onset nor shares (NaN); one without REM no REM latency.

    Args:
        labels: (n,) class of each scored page; none only where lights are given.
        segment: (n,) rising; its position, in pages from the first scored one, or, with lights,
            from wherever they are counted.
        page_s: seconds from page to page.
        classes: names of the K classes, "W" and "R" among them.
        lights: when they went off and on, in pages, fractions too.
    Source: AASM Manual for the Scoring of Sleep and Associated Events: sleep efficiency is total
        sleep time / total recording time; sleep latency, lights out to the first epoch of sleep;
        REM latency, from there to the first epoch of R; wake after sleep onset, all to lights on.
    Differs: sleep efficiency is of scored time, so that a gap does not count as wake. Lights out
        and on are not in the files of a cohort; first and last scored page stand in. YASA 0.8.1
        has the same sums and sleep latency, but ends wake after sleep onset at the last page of
        sleep, counts Lat_REM from the first page, takes gaps for time in bed and divides by it.
    """
    assert labels.shape == segment.shape
    assert lights is not None or len(labels) > 0
    off, on = lights or (segment[0], segment[-1] + 1)
    labels, segment, part = _between(labels, segment, off, on)
    minutes = {name: _minutes(part[labels == k].sum(), page_s) for k, name in enumerate(classes)}
    scored = sum(minutes.values())
    asleep = scored - minutes[WAKE]
    shifts, awakenings = _changes(labels, segment, classes.index(WAKE))
    return {
        "time_in_bed_minutes": scored if lights is None else _minutes(on - off, page_s),
        "unscored_minutes": _minutes(on - off - part.sum(), page_s),
        "total_sleep_minutes": asleep,
        "sleep_efficiency_percent": _share(100 * asleep, scored),
        **_onsets(labels, segment, part, off, page_s, classes),
        "transitions": float(shifts),
        "transitions_per_hour": _share(shifts, scored / 60),
        "awakenings": float(awakenings),
        **{f"{name}_minutes": value for name, value in minutes.items()},
        **{f"{c}_percent": 100 * _share(minutes[c], asleep) for c in classes if c != WAKE},
    }


def _between(
    labels: np.ndarray, segment: np.ndarray, off: float, on: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Class and position of the pages that lie between, and how much of each does, 0 to 1."""
    part = np.clip(np.minimum(segment + 1.0, on) - np.maximum(segment, off), 0, 1)
    within = part > 0
    return labels[within], segment[within], part[within]


def _onsets(
    labels: np.ndarray,
    segment: np.ndarray,
    part: np.ndarray,
    off: float,
    page_s: float,
    classes: tuple[str, ...],
) -> dict[str, float]:
    """The three statistics that hang on the first page of sleep; NaN without one."""
    wake = labels == classes.index(WAKE)
    began = np.maximum(segment, off)
    onset, rem = _first(began, ~wake), _first(began, labels == classes.index(REM))
    after = math.nan if math.isnan(onset) else part[wake & (began > onset)].sum()
    return {
        "sleep_onset_latency_minutes": _minutes(onset - off, page_s),
        "wake_after_sleep_onset_minutes": _minutes(after, page_s),
        "rem_latency_minutes": _minutes(rem - onset, page_s),
    }


def _changes(labels: np.ndarray, segment: np.ndarray, wake: int) -> tuple[int, int]:
    """How often the class changed, and how often sleep gave way to wake; never across a gap."""
    changed = (np.diff(labels) != 0) & (np.diff(segment) == 1)
    return int(changed.sum()), int((changed & (labels[1:] == wake)).sum())


def _first(began: np.ndarray, wanted: np.ndarray) -> float:
    """When the first of the pages that are wanted began; NaN if there is none."""
    found = began[wanted]
    return float(found[0]) if found.size else math.nan


def _minutes(pages: float, page_s: float) -> float:
    return float(pages * page_s / 60)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
