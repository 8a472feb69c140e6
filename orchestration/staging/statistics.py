"""What can be counted of a staged recording: sleep statistics, signal quality, heart rate."""

import numpy as np

from datasets.stages import UNSCORED
from orchestration.evidence.sleep_statistics import sleep_statistics
from orchestration.staging.heart import RATE_S
from orchestration.staging.quality import KINDS, Quality
from orchestration.staging.staged import StagedEcg

FLAGS = ("usable", *KINDS)  # of a second


def night_statistics(staged: StagedEcg) -> dict[str, float]:
    """Sleep statistics between lights off and lights on; NaN where the night tells none.

    A label is a page: with labels of a second, a second of sleep is sleep onset and a second of
    wake an awakening. What clinics compare is counted in labels of 30 s.
    Source: `orchestration.evidence.sleep_statistics`, which names its definitions.
    """
    scored = np.flatnonzero(staged.labels != UNSCORED)
    off, on = (second / staged.output_s for second in lights_within(staged))
    return sleep_statistics(
        staged.labels[scored], scored, staged.output_s, staged.classes, (off, on)
    )


def lights_within(staged: StagedEcg) -> tuple[float, float]:
    """Seconds at which the lights went off and on, within what was staged."""
    end = float(len(staged.probabilities) * staged.output_s)
    off, on = (min(max(second, 0.0), end) for second in staged.lights)
    return off, max(on, off)


def lights_given(staged: StagedEcg) -> dict[str, float]:
    """ "Lights off" and "Lights on" -> seconds, of those that a person told."""
    names = ("Lights off", "Lights on")
    told = zip(names, staged.lights, staged.lights_told, strict=True)
    return {name: second for name, second, is_told in told if is_told}


def flags_of(quality: Quality) -> np.ndarray:
    """(seconds,) int64: row of FLAGS."""
    return np.select([getattr(quality, kind) for kind in KINDS], range(1, len(FLAGS)), default=0)


def flag_seconds(flags: np.ndarray, every_s: int) -> np.ndarray:
    """(n, len(FLAGS)) int64: seconds of each flag in each whole `every_s`."""
    n = len(flags) // every_s
    parts = flags[: n * every_s].reshape(n, every_s)
    return np.stack([(parts == row).sum(axis=1) for row in range(len(FLAGS))], axis=1)


def label_flags(staged: StagedEcg) -> tuple[np.ndarray, np.ndarray]:
    """(n,) usable seconds of each label, and (n,) row of FLAGS: the commonest trouble, if any."""
    flags = flags_of(staged.quality)[: len(staged.probabilities) * staged.output_s]
    seconds = flag_seconds(flags, staged.output_s)
    trouble = seconds[:, 1:]
    return seconds[:, 0], np.where(trouble.any(axis=1), 1 + trouble.argmax(axis=1), 0)


def quality_shares(staged: StagedEcg) -> dict[str, float]:
    """Minutes that are usable, and the percent of the recording that each row of FLAGS is."""
    flags = flags_of(staged.quality)
    seconds = {name: int((flags == row).sum()) for row, name in enumerate(FLAGS)}
    shares = {f"{name}_percent": 100 * s / max(1, len(flags)) for name, s in seconds.items()}
    return {"usable_minutes": seconds["usable"] / 60, **shares}


def rate_a_label(staged: StagedEcg) -> np.ndarray:
    """(n,) beats a minute: of the 30 s in which the middle of a label lies; NaN where unknown."""
    n = len(staged.probabilities)
    if staged.heart is None:
        return np.full(n, np.nan)
    rate = np.append(staged.heart.rate_bpm, np.nan)  # the last: behind the end
    middle = (np.arange(n) + 0.5) * staged.output_s
    found: np.ndarray = rate[np.minimum(middle // RATE_S, len(rate) - 1).astype(np.int64)]
    return found


def heart_summary(staged: StagedEcg) -> dict[str, float]:
    """Median, lowest and highest heart rate of 30 s; nothing where there is none."""
    rate = np.empty(0) if staged.heart is None else staged.heart.rate_bpm
    found = rate[np.isfinite(rate)]
    if not found.size:
        return {}
    return {
        "median": float(np.median(found)),
        "min": float(found.min()),
        "max": float(found.max()),
    }
