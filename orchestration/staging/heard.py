"""What is found in a recording before a network sees it: quality, heart, noise, which way up.

A recording in, the one to be staged out, with all that was found; or a refusal.
"""

from dataclasses import replace
from typing import NamedTuple

from datasets.ecg import EcgRecording
from orchestration.staging.denoiser import Denoiser
from orchestration.staging.heart import Heart, listen
from orchestration.staging.polarity import upside_down
from orchestration.staging.quality import Quality, assess
from orchestration.staging.refusals import Refused, reasons_to_refuse


class Heard(NamedTuple):
    """A recording as it is to be staged, and what was found in it."""

    recording: EcgRecording
    quality: Quality
    heart: Heart | None
    reasons: tuple[str, ...]
    """To refuse it, which were overridden."""


def listened(recording: EcgRecording, denoiser: Denoiser | None, force: bool) -> Heard:
    """What is to be staged of a recording, and what is known of it.

    Quality and refusal see what was recorded: a denoiser makes an ECG of any noise, in which a
    heart beats steadily that nobody has. Where one is there, the beats are told better behind the
    denoiser, and so is which way they point.
    """
    quality = assess(recording.samples, recording.hz, recording.limits_mv)
    heart = listen(recording.samples, recording.hz, quality.unusable)
    if (reasons := reasons_to_refuse(recording.seconds, quality, heart)) and not force:
        raise Refused(recording.name, reasons)
    if denoiser is None:
        return Heard(recording, quality, heart, reasons)
    name, digest = denoiser.told
    note = f"The ECG was denoised by {name} ({digest}); its quality was judged before."
    clean = replace(
        recording,
        samples=denoiser.whole(recording.samples, recording.hz),
        notes=(*recording.notes, note),
    )
    return Heard(clean, quality, listen(clean.samples, clean.hz, quality.unusable), reasons)


def upright(recording: EcgRecording, heart: Heart | None, polarity: str) -> EcgRecording:
    """The recording with its QRS complexes pointing up, as lead I has them in most people."""
    beats = heart.beats_s if heart else None
    turned = polarity == "flip" or (
        polarity == "auto" and bool(upside_down(recording.samples, recording.hz, beats))
    )
    if not turned:
        return recording
    note = (
        "The ECG was upside down and was turned." if polarity == "auto" else "The ECG was turned."
    )
    return replace(recording, samples=-recording.samples, notes=(*recording.notes, note))
