"""What should not be staged, and why: too short, mostly unusable, or no heart in it."""

from collections.abc import Sequence

import numpy as np

from orchestration.staging.heart import RATE_S, Heart
from orchestration.staging.quality import KINDS, Quality

SHORTEST_S = 20 * 60  # our choice; a sleep cycle takes 90 minutes, a nap should do
MOST_UNUSABLE = 0.5  # share of the seconds; our choice
LEAST_BPM, MOST_BPM = 25.0, 220.0  # of the median; beyond any sleeper's heart. Our choice
LEAST_STEADY = 0.5  # share of usable 30 s; our choice. EEG and white noise "beat" at 230 to 260

FORCE = "--force stages it all the same and records that."
CAUSES = {  # kind of unusable seconds -> what it means, what to do
    "missing": (
        "has no samples",
        "Stage the part that was recorded, or export the recording again.",
    ),
    "saturated": (
        "is stuck at the recorder's limits",
        "Record with a lower gain or a better contact.",
    ),
    "flat": (
        "stands still, by less than 0.005 mV in 2 s",
        "Choose the channel with the ECG, give its true unit, or mend the electrode.",
    ),
    "noisy": (
        "shows no heart beats above its noise: it does not look like an ECG there",
        "Choose the channel with the ECG, or a better lead.",
    ),
}


class Refused(ValueError):  # noqa: N818 - it names what the report lists
    """A recording that should not be staged."""

    def __init__(self, name: str, reasons: Sequence[str]) -> None:
        super().__init__(" ".join([f"{name} was not staged.", *reasons, FORCE]))
        self.name = name
        self.reasons = tuple(reasons)

    def __reduce__(self) -> tuple[type["Refused"], tuple[str, tuple[str, ...]]]:
        """So it comes whole out of a pool of processes."""
        return type(self), (self.name, self.reasons)


def reasons_to_refuse(seconds: float, quality: Quality, heart: Heart | None) -> tuple[str, ...]:
    """Sentences on what was found, what is allowed and what to do; none if it can be staged.

    Args:
        seconds: length of the recording.
        heart: None where no detector is installed; then the heart is not judged.
    """
    return (*_too_short(seconds), *_unusable(quality), *_no_heart(quality, heart))


def _too_short(seconds: float) -> tuple[str, ...]:
    if seconds >= SHORTEST_S:
        return ()
    return (
        f"It lasts {int(seconds) // 60} min {int(seconds) % 60} s; "
        f"at least {SHORTEST_S // 60} min are needed. Record for longer.",
    )


def _unusable(quality: Quality) -> tuple[str, ...]:
    shares = quality.shares
    if shares["unusable"] <= MOST_UNUSABLE:
        return ()
    worst = max(KINDS, key=lambda kind: shares[kind])
    found = ", ".join(f"{kind} {shares[kind]:.1%}" for kind in KINDS if shares[kind] > 0)
    means, cure = CAUSES[worst]
    return (
        f"{shares['unusable']:.1%} of it cannot be used ({found}); at most {MOST_UNUSABLE:.0%} "
        f"may be. Most of that {means}. {cure}",
    )


def _no_heart(quality: Quality, heart: Heart | None) -> tuple[str, ...]:
    """Judged by the whole 30 s that are usable for the most part."""
    if heart is None:
        return ()
    stretches = len(heart.rate_bpm)
    seconds = quality.unusable[: stretches * RATE_S].reshape(stretches, RATE_S)
    rates = heart.rate_bpm[seconds.mean(1) <= 0.5]
    known = rates[~np.isnan(rates)]
    if not len(rates):
        return ()  # then too much is unusable
    if len(known) and not LEAST_BPM <= np.median(known) <= MOST_BPM:
        return (
            f"The median heart rate is {np.median(known):.1f} a minute; allowed are "
            f"{LEAST_BPM:.0f} to {MOST_BPM:.0f}. Check the sampling rate, and that the channel is "
            "an ECG.",
        )
    return _unsteady(float(((known >= LEAST_BPM) & (known <= MOST_BPM)).sum() / len(rates)))


def _unsteady(steady: float) -> tuple[str, ...]:
    if steady >= LEAST_STEADY:
        return ()
    return (
        f"Only {steady:.1%} of its usable 30 s have a steady heart beat; at least "
        f"{LEAST_STEADY:.0%} must. This does not look like an ECG, or the heart beats too "
        "irregularly. Choose the channel with the ECG.",
    )
