"""The ways in which MASS files differ, as a table that a look-alike cohort deals out in turn.

A Layout says how one night lies in its files. Eight of them hold every trap that is known of
MASS: subsets and both releases, montages, rates, where the pages lie and who keeps the clock.
"""

from dataclasses import dataclass

NOMINAL_PAGE_S = {"SS1": 30, "SS2": 20, "SS3": 30, "SS4": 20, "SS5": 20}  # MASS cohort 1
SAMPLES_A_RECORD = 256
FRACTIONAL_RECORD_S = 0.999936  # of MASS: 256 samples make 256.0163850 Hz


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How one night lies in its files; the defaults are a night without a trap."""

    traps: str
    """What is unusual, in words for the cohort's table."""
    subset: str
    """SS1 to SS5; it decides the page and the scoring rules."""
    folder: str = "{subset}_EDF"
    """"{subset}_EDF" in the V2 release, "{subset}" in the one before."""
    annotations: str = "Base.edf"
    """Second half of the annotation file's name: Base.edf, Annotations.edf or Annotations.saf."""
    record_s: float = 1.0
    """EDF data record; pages are whole records, so they stretch with it."""
    montage: str = "C3-A2"
    """C3-A2 or C4-A1 against CLE, or LER."""
    ecg: tuple[str, ...] = ("ECG ECGI",)
    """ECG channels in file order; lead I is the student's."""
    ecg_unit: str = "mV"
    ecg_per_record: int = SAMPLES_A_RECORD
    turn: int = 0
    """By how many places the file's channels are turned."""
    lead_in_s: float = 0.0
    """Signal before the first page."""
    unscored: tuple[int, int] = (0, 0)
    """'?' pages before and after the scored ones."""
    flat_pages: int = 0
    """Pages of flat padding that are scored W all the same."""
    outrun_pages: int = 0
    """Pages of stage W after the signal has ended; the first begins before the end."""
    stage_4: float = 0.0
    """Share of deep sleep written as stage 4."""
    events: int = 0
    """Micro-arousals, written as XML longer than 40 characters, among the stages."""
    base_shift_s: float = 0.0
    """Start of the annotation file minus start of the signals; its onsets count from its own."""

    cut_short: bool = False
    """Whether the last third of the signal file is missing, as after a broken download."""

    def __post_init__(self) -> None:
        assert self.subset in NOMINAL_PAGE_S, self.subset
        assert self.montage in ("C3-A2", "C4-A1", "LER"), self.montage

    @property
    def page_s(self) -> float:
        """True length of a page."""
        return NOMINAL_PAGE_S[self.subset] * self.record_s

    @property
    def hz(self) -> float:
        """True rate of the EEG."""
        return SAMPLES_A_RECORD / self.record_s

    @property
    def ecg_hz(self) -> float:
        """True rate of the ECG."""
        return self.ecg_per_record / self.record_s


TRAPPED: tuple[Layout, ...] = (
    Layout(
        traps="fractional rate; first page at 20.9 s; '?' ends; stage 4 in an AASM night",
        subset="SS1",
        record_s=FRACTIONAL_RECORD_S,
        lead_in_s=20.9180587558,  # as read in a MASS file
        unscored=(2, 1),
        stage_4=0.2,
    ),
    Layout(
        traps="R&K; fractional rate; other channel order; micro-arousal events; ECG in uV",
        subset="SS2",
        record_s=FRACTIONAL_RECORD_S,
        ecg_unit="uV",
        turn=2,
        lead_in_s=7.25,
        unscored=(1, 2),
        stage_4=0.5,
        events=12,
    ),
    Layout(
        traps="LER; ECG at twice the rate; flat tail scored W",
        subset="SS3",
        montage="LER",
        ecg_per_record=2 * SAMPLES_A_RECORD,
        turn=1,
        lead_in_s=4.0,
        unscored=(1, 0),
        flat_pages=3,
    ),
    Layout(
        traps="R&K; three ECG leads, the first of them last; annotations outrun the signal",
        subset="SS4",
        record_s=FRACTIONAL_RECORD_S,
        ecg=("ECG ECGII", "ECG ECGIII", "ECG ECGI"),
        lead_in_s=12.125,
        unscored=(1, 1),
        outrun_pages=3,
        stage_4=0.5,
    ),
    Layout(
        traps="R&K; LER; the annotations' clock starts 75.25 s before the signals'",
        subset="SS5",
        montage="LER",
        record_s=FRACTIONAL_RECORD_S,
        turn=3,
        lead_in_s=30.0,
        unscored=(2, 2),
        stage_4=0.5,
        base_shift_s=-75.25,
    ),
    Layout(
        traps="older release; C4-A1 only; annotations outrun the signal; ECG I in uV",
        subset="SS3",
        folder="{subset}",
        annotations="Annotations.edf",
        montage="C4-A1",
        ecg=("ECG I",),
        ecg_unit="uV",
        record_s=FRACTIONAL_RECORD_S,
        lead_in_s=1.75,
        unscored=(1, 0),
        outrun_pages=2,
        events=8,
    ),
    Layout(
        traps="older release; stand-alone annotations (SAF); LER in SS1",
        subset="SS1",
        folder="{subset}",
        annotations="Annotations.saf",
        montage="LER",
        ecg=("ECG I",),
        lead_in_s=15.5,
        unscored=(1, 1),
        events=5,
    ),
    Layout(
        traps="ECG at twice a fractional rate; the annotations' clock starts 10 s late; events",
        subset="SS3",
        record_s=FRACTIONAL_RECORD_S,
        ecg_per_record=2 * SAMPLES_A_RECORD,
        turn=4,
        lead_in_s=20.9180587558,
        unscored=(1, 3),
        events=8,
        base_shift_s=10.0,
    ),
)
PLAIN: tuple[Layout, ...] = tuple(Layout(traps="none", subset=s) for s in ("SS1", "SS3"))
UNUSABLE: tuple[Layout, ...] = (
    Layout(traps="unusable: no ECG", subset="SS1", ecg=()),
    Layout(traps="unusable: the signal file is cut short", subset="SS3", cut_short=True),
)


def layouts_of(nights: int, traps: bool, unusable: bool) -> list[Layout]:
    """The layouts of a cohort's nights, dealt out in turn; unusable nights come on top."""
    table = TRAPPED if traps else PLAIN
    dealt = [table[index % len(table)] for index in range(nights)]
    return dealt + list(UNUSABLE if unusable else ())
