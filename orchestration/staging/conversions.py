"""A staged recording as what other packages work with: pandas and MNE, if they are installed."""

from datetime import UTC
from typing import TYPE_CHECKING

from orchestration.staging.hypnogram_edf import notes_of
from orchestration.staging.staged import StagedEcg
from orchestration.staging.statistics import FLAGS, label_flags, rate_a_label

if TYPE_CHECKING:
    import mne
    import pandas as pd


def as_pandas(staged: StagedEcg) -> "pd.DataFrame":
    """A row a label, see StagedEcg.to_pandas."""
    try:
        import pandas as pd
    except ImportError:
        raise ImportError("to_pandas() needs pandas: pip install pandas") from None
    index: pd.Index = pd.to_timedelta(staged.onsets_s, unit="s")
    if staged.start is not None:
        index = pd.Timestamp(staged.start) + index
    usable_s, flags = label_flags(staged)
    probabilities = zip(staged.classes, staged.probabilities.T, strict=True)
    columns = {
        "stage": pd.Categorical.from_codes(staged.labels, categories=pd.Index(staged.classes)),
        **{f"probability_{name}": values for name, values in probabilities},
        "usable_s": usable_s,
        "quality": pd.Categorical.from_codes(flags, categories=pd.Index(FLAGS)),
        "heart_rate_bpm": rate_a_label(staged),
    }
    return pd.DataFrame(columns, index=index.rename("onset"))


def as_mne(staged: StagedEcg) -> "mne.Annotations":
    """Annotations on the recording's clock, see StagedEcg.to_mne.

    MNE 1.13 drops the fraction of a second at which an EDF+ file starts; beside such a file these
    are that much late, while `mne.read_annotations` of the hypnogram that was saved is not.
    """
    try:
        import mne
    except ImportError:
        raise ImportError("to_mne() needs MNE: pip install mne") from None
    notes, start = notes_of(staged), staged.start
    if start is not None:  # MNE takes the clock of a file without a time zone for UTC
        start = start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)
    return mne.Annotations(
        onset=[note.onset_s for note in notes],
        duration=[note.duration_s for note in notes],
        description=[note.text for note in notes],
        orig_time=start,
    )
