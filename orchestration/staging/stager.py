"""A trained network that stages whole recordings: three lines from a file to a hypnogram.

stager = load("model")
night = stager.stage("night.edf")
night.plot()
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.ecg import EcgRecording
from datasets.signals import Scale
from orchestration.staging.denoiser import Denoiser, check_behind, load_denoiser
from orchestration.staging.ecg_scale import EcgScale
from orchestration.staging.heard import listened, upright
from orchestration.staging.labels import check_output_s, notes_on, probabilities_of
from orchestration.staging.lights import Moment, lights_of
from orchestration.staging.live import LiveStager
from orchestration.staging.networks import open_network
from orchestration.staging.pieces import Network, logits_a_second
from orchestration.staging.prepared import prepared, scale_of
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
    denoiser: Denoiser | None = None
    """What every recording goes through first, where `stage` names no other."""

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
        denoiser: Denoiser | None = None,
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
            denoiser: what the ECG goes through first; the stager's own if left out.

        Raises:
            UnusableRecording: the source cannot be read.
            Refused: there is no ECG, too little of it, or too little that can be used.
            ValueError: an argument is not allowed; the message says what is.
        """
        _check(output_s, polarity)
        recording = as_recording(source, channel, hz, unit)
        lights = lights_of(recording, lights_off, lights_on)
        denoiser = denoiser or self.denoiser
        check_behind(self.spec.denoiser, denoiser.told if denoiser else None)
        heard = listened(recording, denoiser, force)
        ecg, unusable = upright(heard.recording, heard.heart, polarity), heard.quality.unusable
        logits = self.logits(ecg, unusable, scale)
        return StagedEcg(
            **self._told(ecg, output_s),
            probabilities=probabilities_of(logits, unusable, output_s),
            quality=heard.quality,
            heart=heard.heart,
            lights=lights,
            lights_told=(lights_off is not None, lights_on is not None),
            forced=heard.reasons,
            denoiser=denoiser.told if denoiser else None,
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
        ecg_scale: EcgScale | None = None,
    ) -> LiveStager:
        """Stages as the samples come, behind the stager's own denoiser; see LiveStager.

        Args:
            ecg_scale: what the denoiser scales by; learned from the first minute if left out.
        """
        denoiser = self.denoiser.live(hz, ecg_scale) if self.denoiser else None
        return LiveStager(self.spec, self.network, hz, output_s, scale, limits_mv, denoiser)


def load(
    folder: Path | str, runtime: str = "onnx", denoiser: Denoiser | Path | str | None = None
) -> Stager:
    """The model of a folder that `python -m orchestration.export` made.

    Args:
        folder: the exported model's.
        runtime: what runs it, "onnx", "int8", "torch" or "program".
        denoiser: what every recording goes through first, or the folder of an exported one.

    Raises:
        ValueError: it is no model, a file was changed, or the model learned behind a denoiser and
            this is not that one.
    """
    folder = Path(folder)
    spec = read_spec(folder)
    if isinstance(denoiser, str | Path):
        denoiser = load_denoiser(denoiser)
    check_behind(spec.denoiser, denoiser.told if denoiser else None)
    return Stager(spec, open_network(folder, spec, runtime), runtime, denoiser)


def _check(output_s: int, polarity: str) -> None:
    check_output_s(output_s)
    if polarity not in POLARITIES:
        raise ValueError(f"polarity is {polarity!r}; allowed are {POLARITIES}.")
