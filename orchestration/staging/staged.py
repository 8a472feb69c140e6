"""What a network said of a recording: a typed result that can be saved, drawn and converted."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from datasets.stages import UNSCORED
from orchestration.staging.denoiser import DenoisedBy
from orchestration.staging.heart import Heart
from orchestration.staging.quality import Quality
from orchestration.staging.spec import StagingSpec

if TYPE_CHECKING:
    import mne
    import pandas as pd
    from matplotlib.figure import Figure

UNSCORED_STAGE = "?"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StagedEcg:
    """A recording as a network staged it: a label every `output_s` seconds from its start."""

    name: str
    channel: str
    hz: float
    """Rate of the recording."""
    start: datetime | None
    """Clock time of the first sample."""
    seconds: float
    """Length of the recording; what is left behind the last whole label is not staged."""
    output_s: int
    """Seconds a label, 1 to 30."""
    probabilities: np.ndarray
    """(n, K) float64, a row sums to 1; NaN where unscored."""
    quality: Quality
    heart: Heart | None
    """None where no detector is installed."""
    lights: tuple[float, float]
    """Seconds from the first sample to lights off and to lights on; statistics lie between."""
    lights_told: tuple[bool, bool] = (False, False)
    """Whether a person told each; else it is an end of the recording."""
    forced: tuple[str, ...]
    """Reasons to refuse that were overridden."""
    notes: tuple[str, ...]
    """What was assumed or mended: unit, polarity, rate, ..."""
    model: StagingSpec
    runtime: str = "onnx"
    """What ran the network."""
    denoiser: DenoisedBy | None = None
    """What the ECG went through before; `quality` is of the ECG as it was recorded."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the K classes."""
        return self.model.classes

    @property
    def labels(self) -> np.ndarray:
        """(n,) int64: the likeliest class; UNSCORED where it cannot be told."""
        unscored = np.isnan(self.probabilities).any(axis=1)
        return np.where(unscored, UNSCORED, np.nan_to_num(self.probabilities).argmax(axis=1))

    @property
    def stages(self) -> list[str]:
        """n names: the likeliest class; "?" where it cannot be told."""
        names = (*self.classes, UNSCORED_STAGE)  # UNSCORED is -1, the last
        return [names[label] for label in self.labels]

    @property
    def onsets_s(self) -> np.ndarray:
        """(n,) int64: when each label begins, in seconds from the first sample."""
        return np.arange(len(self.probabilities)) * self.output_s

    def statistics(self) -> dict[str, float]:
        """Sleep statistics between lights off and lights on; NaN where the night tells none."""
        from orchestration.staging.statistics import night_statistics

        return night_statistics(self)

    def save(self, folder: Path | str) -> tuple[Path, ...]:
        """Write all files of the recording into a folder, which is made; returns their paths.

        Where matplotlib is not installed there is no picture among them, and the notes of the
        summary say so.
        """
        from orchestration.staging.outputs import save

        return save(self, Path(folder))

    def plot(self) -> "Figure":
        """Hypnogram, probabilities, heart rate and signal quality, on one clock."""
        from orchestration.staging.figure import draw

        return draw(self)

    def to_pandas(self) -> "pd.DataFrame":
        """A row a label: stage, probabilities, signal quality and heart rate.

        The index is the clock time at which a label begins, or where no start is known the time
        since the first sample. What is unscored has no stage (NaN).
        """
        from orchestration.staging.conversions import as_pandas

        return as_pandas(self)

    def to_mne(self) -> "mne.Annotations":
        """Annotations with the texts of EDF+, for `raw.set_annotations`.

        They count from the recording's start, or where none is known from the first sample.
        """
        from orchestration.staging.conversions import as_mne

        return as_mne(self)

    def __str__(self) -> str:
        """A few lines for a terminal."""
        from orchestration.staging.summary import in_lines

        return in_lines(self)

    def __repr__(self) -> str:
        """One line for a prompt."""
        from orchestration.staging.summary import in_a_line, shown

        return f"<{type(self).__name__} {shown(self.name)}: {in_a_line(self)}>"
