"""A staged recording in a few words: as JSON for programs, as lines for a terminal."""

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import datasets
from orchestration.evidence.sleep_statistics import title_of
from orchestration.staging.spec import StagingSpec
from orchestration.staging.staged import StagedEcg
from orchestration.staging.statistics import heart_summary, lights_given, quality_shares

SOFTWARE = {"name": "ecg-sleep-distillation", "version": datasets.__version__}
HEART = "{median:.0f}, of 30 s {min:.0f} to {max:.0f}"
FORMAT = 1  # raise when the meaning of the summary's fields changes
LONGEST = 60  # letters of a name that are shown
PRINTED = (  # statistics in the terminal
    "total_sleep_minutes",
    "sleep_efficiency_percent",
    "sleep_onset_latency_minutes",
    "wake_after_sleep_onset_minutes",
    "rem_latency_minutes",
    "awakenings",
)


def summary(staged: StagedEcg, notes: Sequence[str] = ()) -> dict[str, Any]:
    """All there is to say of the night in numbers; None where there is no number.

    Args:
        notes: told beside those of the recording.
    """
    told = {
        "format": FORMAT,
        "recording": {
            "name": staged.name,
            "channel": staged.channel,
            "hz": staged.hz,
            "start": staged.start and staged.start.isoformat(),
            "seconds": staged.seconds,
        },
        "label_seconds": staged.output_s,
        "labels": len(staged.probabilities),
        "lights": _lights(staged),
        "sleep_statistics": staged.statistics(),
        "signal_quality": quality_shares(staged),
        "heart_rate_bpm": heart_summary(staged) or None,
        "forced": staged.forced,
        "notes": (*staged.notes, *notes),
        "model": {**model_of(staged.model), "runtime": staged.runtime},
        "denoiser": staged.denoiser and staged.denoiser._asdict(),
        "software": SOFTWARE,
    }
    cleaned: dict[str, Any] = without_nan(told)
    return cleaned


def model_of(spec: StagingSpec) -> dict[str, Any]:
    """What a reader must know of a model: its name, its classes, where it comes from."""
    origin = without_nan(spec.origin)
    return {"name": spec.name, "classes": list(spec.classes), "origin": origin}


def in_lines(staged: StagedEcg) -> str:
    """A few lines for a terminal."""
    quality, heart = quality_shares(staged), heart_summary(staged)
    statistics, stages = staged.statistics(), [f"{name}_minutes" for name in staged.classes]
    begin = f"{staged.start:%Y-%m-%d %H:%M:%S}, " if staged.start else ""
    rows = [
        ("Recording", f"{shown(staged.name)}, {shown(staged.channel)} at {staged.hz:g} Hz"),
        ("Length", f"{begin}{duration(staged.seconds)}"),
        ("Model", f"{shown(staged.model.name)}, a label every {staged.output_s} s"),
        *((title_of(name), _number(statistics[name])) for name in PRINTED),
        *((title_of(name), _number(statistics[name])) for name in stages),
        ("Usable signal (%)", _number(quality["usable_percent"])),
        *([("Heart rate (beats/min)", HEART.format(**heart))] if heart else []),
        *(("FORCED", shown(reason, 400)) for reason in staged.forced),
        *(("Note", shown(note, 400)) for note in staged.notes),
    ]
    width = max(len(title) for title, _ in rows)
    return "\n".join(f"{title:{width}}  {value}" for title, value in rows)


def in_a_line(staged: StagedEcg) -> str:
    """What matters most: how long of what was slept, and how much could not be told."""
    return ", ".join([in_words(staged), *(["FORCED"] if staged.forced else [])])


def in_words(staged: StagedEcg) -> str:
    """Sleep of time in bed, efficiency, unscored time: "slept 6 h 52 min of 8 h 00 min in bed".

    Without lights off and on nobody knows when the person was in bed.
    """
    found = staged.statistics()
    bed, asleep, gone = (
        duration(60 * found[f"{name}_minutes"])
        for name in ("time_in_bed", "total_sleep", "unscored")
    )
    words = [f"slept {asleep} of {bed} {'in bed' if lights_given(staged) else 'recorded'}"]
    if math.isfinite(found["sleep_efficiency_percent"]):
        of = " of scored time" if found["unscored_minutes"] > 0 else ""
        words.append(f"sleep efficiency {found['sleep_efficiency_percent']:.0f} %{of}")
    if found["unscored_minutes"] > 0:
        words.append(f"{gone} unscored")
    return ", ".join(words)


def duration(seconds: float) -> str:
    """Hours and minutes, or minutes and seconds of what is shorter than an hour."""
    minutes, whole = round(seconds / 60), round(seconds)
    if whole >= 3600:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")


def shown(text: str, longest: int = LONGEST) -> str:
    """Words of a file as they may be printed: one line of printable letters, not too long."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= longest else words[: longest - 1] + "…"


def without_nan(value: Any) -> Any:
    """A value for JSON: None for each number that is not finite, lists for tuples."""
    if isinstance(value, Mapping):
        return {str(key): without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _lights(staged: StagedEcg) -> dict[str, Any]:
    """Seconds and time of day of both, and whether a person gave them."""
    given = lights_given(staged)
    told: dict[str, Any] = {}
    for name, second in zip(("off", "on"), staged.lights, strict=True):
        clock = staged.start and (staged.start + timedelta(seconds=second)).isoformat()
        told |= {
            f"{name}_s": second,
            f"{name}_time": clock,
            f"{name}_given": f"Lights {name}" in given,
        }
    return told


def _number(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.1f}".removesuffix(".0")
