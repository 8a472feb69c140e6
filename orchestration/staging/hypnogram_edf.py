"""A staged recording as an EDF+C file of annotations, to be opened beside the recording.

It starts when the recording starts, to the microsecond, so that EDFbrowser, MNE and YASA lay it on
the same clock. EDFbrowser: Tools, Import annotations/events, EDF+. MNE:

    raw.set_annotations(mne.read_annotations("NAME_hypnogram.edf"))

YASA, of a night of three classes with a label every 30 s:

    notes = mne.read_annotations("NAME_hypnogram.edf")
    names = {"W": "WAKE", "N": "NREM", "R": "REM", "?": "UNS"}
    stages = [names[text.split()[-1]] for text in notes.description if text.startswith("Sleep")]
    yasa.Hypnogram(stages, n_stages=3, freq="30s")
"""

from datetime import datetime
from pathlib import Path

import numpy as np

from datasets.edf_writer import Note, write_notes
from orchestration.staging.staged import StagedEcg
from orchestration.staging.statistics import lights_given

TEXTS = {  # the standard texts of EDF+, edfplus.info/specs/edftexts.html, as far as there are any
    "W": "Sleep stage W",
    "R": "Sleep stage R",
    "N": "Sleep stage N",  # NREM of which N1, N2 and N3 are not told apart
    "N1": "Sleep stage N1",
    "N2": "Sleep stage N2",
    "N3": "Sleep stage N3",
    "?": "Sleep stage ?",
    # Light and deep sleep have none. N2 and N3 would claim more than is known.
    "L": "Sleep stage L",
    "D": "Sleep stage D",
}
SHORTEST_PAGE_S = 20  # sleep is scored in pages of 20 or 30 s
YEARS = range(1985, 2085)  # that the header of EDF can tell
UNDATED = datetime(1985, 1, 1)  # the standard's date of recordings that have none


def write_hypnogram(path: Path, staged: StagedEcg) -> None:
    """Write the annotations; where no date is known, or EDF cannot tell it, it is 1985-01-01."""
    start = staged.start or UNDATED
    if start.year not in YEARS:
        start = start.replace(year=UNDATED.year, month=1, day=1)
    write_notes(path, start, notes_of(staged))


def notes_of(staged: StagedEcg) -> list[Note]:
    """A note a label and one each for the lights where they were given, in time order.

    Labels shorter than the 20 s of a page are joined: one note, with its duration, for as long as
    the stage stays the same, because a night of 28,800 notes makes every viewer slow.
    """
    stages = np.array(staged.stages)
    begins = np.arange(len(stages))
    if staged.output_s < SHORTEST_PAGE_S:
        begins = np.flatnonzero(np.append(True, stages[1:] != stages[:-1])[: len(stages)])
    ends = np.append(begins[1:], len(stages))[: len(begins)]  # none of no labels
    notes = [
        Note(float(begin * staged.output_s), float((end - begin) * staged.output_s), TEXTS[stage])
        for begin, end, stage in zip(begins, ends, stages[begins], strict=True)
    ]
    lights = [Note(second, 0.0, text) for text, second in lights_given(staged).items()]
    return sorted([*lights, *notes], key=lambda note: note.onset_s)
