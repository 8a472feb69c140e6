"""All that the report on denoisers shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from orchestration.denoising.beats import Detection, Heard
from orchestration.denoising.data_used import DataUsed
from orchestration.denoising.distilled import Distilled, distillation
from orchestration.denoising.figures_beats import HeardAt, heard_at
from orchestration.denoising.figures_phases import Epochs
from orchestration.denoising.figures_snr import OutAt
from orchestration.denoising.figures_spectra import Spectra
from orchestration.denoising.figures_strips import Strip
from orchestration.denoising.stress_points import StagedUnderNoise
from orchestration.denoising.table import (
    BEST,
    DISTILLED,
    DenoiserRow,
    Table,
    denoising_table,
    recorded_table,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """What was measured; what is empty has no part on the page."""

    rows: Sequence[DenoiserRow]
    data: DataUsed
    reproduce: str
    """The command line that makes it again."""
    strips: Sequence[Strip] = ()
    """Picked by figures_strips.RULE."""
    spectra: Sequence[Spectra] = ()
    curves: Sequence[OutAt] = ()
    heard: Mapping[str, Sequence[Heard]] = field(default_factory=dict)
    """The denoiser's name -> beats found before and after it."""
    heard_clean: Detection | None = None
    """The same beats in the clean ECG."""
    staged: Sequence[StagedUnderNoise] = ()
    phases: Mapping[str, Epochs] = field(default_factory=dict)
    """A phase's name -> the rows of its curve.csv."""
    made: str = ""
    """Versions, machine, commit: folded away at the end."""

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError("a report needs a denoiser; give the rows that were tested.")

    @cached_property
    def table(self) -> Table:
        """What denoising_table() says of the rows; intervals take a while, so once."""
        return denoising_table(self.rows)

    @cached_property
    def recorded(self) -> Table:
        """The SNR gains against ECG as it was recorded."""
        return recorded_table(self.rows)

    @cached_property
    def distilled(self) -> list[Distilled]:
        """The distilled rows against the student alone."""
        return distillation(self.rows)

    @cached_property
    def heard_at(self) -> list[HeardAt]:
        """Beats of all records together."""
        return heard_at(self.heard)

    @property
    def shown(self) -> DenoiserRow:
        """The row whose segments are drawn: the best found, the distilled, or the last."""
        named = {row.name: row for row in self.rows}
        return named.get(BEST) or named.get(DISTILLED) or self.rows[-1]
