"""A trained network that stages whole recordings: three lines from a file to a hypnogram.

stager = load("model")
night = stager.stage("night.edf")
night.plot()
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from datasets.ecg import EcgRecording
from datasets.signals import Scale
from orchestration.staging.heart import Heart, listen
from orchestration.staging.labels import check_output_s, notes_on, probabilities_of
from orchestration.staging.lights import Moment, lights_of
from orchestration.staging.live import LiveStager
from orchestration.staging.networks import open_network
from orchestration.staging.pieces import Network, logits_a_second
from orchestration.staging.polarity import upside_down
from orchestration.staging.prepared import prepared, scale_of
from orchestration.staging.quality import assess
from orchestration.staging.refusals import Refused, reasons_to_refuse
from orchestration.staging.sources import Source, as_recording
from orchestration.staging.spec import StagingSpec, read_spec
from orchestration.staging.staged import StagedEcg

POLARITIES = ("auto", "keep", "flip")


@dataclass(frozen=True)
class Stager:
    """A network and what it must be fed with."""

    spec: StagingSpec
    network: Network
    runtime: str = "onnx"
    """What runs the network; "int8" answers a little otherwise."""

    def stage(
        self,
        source: Source,
        *,
        channel: str = "",
        hz: float | None = None,
        unit: str = "",
        output_s: int = 30,
        lights_off: Moment = None,
        lights_on: Moment = None,
        polarity: str = "auto",
        force: bool = False,
        scale: Scale | None = None,
    ) -> StagedEcg:
        """The stages of a whole recording, seen at once.

        Args:
            source: a file (EDF, EDF+, BDF, WFDB, CSV, Parquet), an array, an `mne.io.Raw`.
            channel, hz, unit: see `as_recording`; only where the source does not tell.
            output_s: seconds a label, 1 to 30; the network's answer is averaged over them.
            lights_off, lights_on: bound the statistics; "22:30", or seconds from the first sample.
            polarity: "auto" turns an ECG that is upside down, "keep" and "flip" leave no choice.
            force: stage what there are reasons to refuse; the reasons are kept in the result.
            scale: of the network's input; the recording's own if left out.

        Raises:
            UnusableRecording: the source cannot be read.
            Refused: there is no ECG, too little of it, or too little that can be used.
            ValueError: an argument is not allowed; the message says what is.
        """
        _check(output_s, polarity)
        recording = as_recording(source, channel, hz, unit)
        lights = lights_of(recording, lights_off, lights_on)
        quality = assess(recording.samples, recording.hz, recording.limits_mv)
        heart = listen(recording.samples, recording.hz, quality.unusable)
        if (reasons := reasons_to_refuse(recording.seconds, quality, heart)) and not force:
            raise Refused(recording.name, reasons)
        upright = _upright(recording, heart, polarity)
        logits = self.logits(upright, quality.unusable, scale)
        return StagedEcg(
            **self._told(upright, output_s),
            probabilities=probabilities_of(logits, quality.unusable, output_s),
            quality=quality,
            heart=heart,
            lights=lights,
            lights_told=(lights_off is not None, lights_on is not None),
            forced=reasons,
        )

    def _told(self, recording: EcgRecording, output_s: int) -> dict[str, Any]:
        """What a result takes over from its recording, and from what was asked of whom."""
        return {
            "name": recording.name,
            "channel": recording.label,
            "hz": recording.hz,
            "start": recording.start,
            "seconds": recording.seconds,
            "output_s": output_s,
            "notes": (*recording.notes, *notes_on(output_s)),
            "model": self.spec,
            "runtime": self.runtime,
        }

    def logits(
        self, recording: EcgRecording, unusable: np.ndarray, scale: Scale | None = None
    ) -> np.ndarray:
        """The network's answer to every whole second, (K, seconds) float32."""
        samples, hz = recording.samples, recording.hz
        taken = prepared(samples, hz, scale or scale_of(samples, hz, unusable), self.spec)
        length = recording.whole_seconds * self.spec.hz
        taken = np.pad(taken[:length], (0, max(0, length - len(taken))))
        return logits_a_second(self.network, self.spec, taken)

    def live(
        self,
        hz: float,
        *,
        output_s: int = 30,
        scale: Scale | None = None,
        limits_mv: tuple[float, float] | None = None,
    ) -> LiveStager:
        """Stages as the samples come, see LiveStager."""
        return LiveStager(self.spec, self.network, hz, output_s, scale, limits_mv)


def load(folder: Path | str, runtime: str = "onnx") -> Stager:
    """The model of a folder that `python -m orchestration.export` made.

    Args:
        folder: the exported model's.
        runtime: what runs it, "onnx", "int8", "torch" or "program".
    """
    folder = Path(folder)
    spec = read_spec(folder)
    return Stager(spec, open_network(folder, spec, runtime), runtime)


def _check(output_s: int, polarity: str) -> None:
    check_output_s(output_s)
    if polarity not in POLARITIES:
        raise ValueError(f"polarity is {polarity!r}; allowed are {POLARITIES}.")


def _upright(recording: EcgRecording, heart: Heart | None, polarity: str) -> EcgRecording:
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
