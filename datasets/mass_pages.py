"""From the annotations of a MASS night to its hypnogram.

Takes texts and their times; gives pages in time order. Events written as XML, and every other
text that is no stage, are passed over.
Source: texts as in MASS cohort 1; N1-N3 and movement as in the EDF+ standard texts.
"""

import re
from collections.abc import Sequence

import numpy as np

from datasets.recording import Hypnogram, UnusableRecording
from datasets.stages import UNSCORED, Stage
from datasets.tal import Annotation

STAGE_TEXTS: dict[str, int] = {
    "W": Stage.W,
    "1": Stage.N1,
    "2": Stage.N2,
    "3": Stage.N3,
    "4": Stage.N3,  # R&K; also in 01-01-0035, which is AASM
    "R": Stage.R,
    "N1": Stage.N1,
    "N2": Stage.N2,
    "N3": Stage.N3,
    "N4": Stage.N3,
    "?": UNSCORED,
    "M": UNSCORED,
    "MT": UNSCORED,
}
PAGES_S = (20.0, 30.0)  # R&K subsets, AASM subsets
SLACK_S = 0.5  # a page of 20 s lasts 19.99872 s on the clock of a 256 Hz file
_STAGE = re.compile(r"sleep stage\s*(.*)", re.IGNORECASE)
_MOVEMENT = re.compile(r"movement( time)?", re.IGNORECASE)


def read_pages(notes: Sequence[Annotation], shift_s: float, where: str) -> Hypnogram:
    """The hypnogram in the annotations of one file.

    Args:
        notes: all texts of the file, in any order.
        shift_s: seconds from the first sample of the signals to where the onsets count from.
        where: name of the file, for messages.
    """
    pages = sorted((note for note in notes if _is_page(note.text)), key=lambda note: note.onset_s)
    unknown = sorted({note.text for note in pages if _stage_of(note.text) is None})
    if unknown or not pages:
        raise _no_stages(where, notes, unknown)
    onset_s = np.array([note.onset_s for note in pages])
    duration_s = np.array([note.duration_s or np.nan for note in pages])
    page_s = _page_length(onset_s, duration_s, where)
    stages = np.array([_stage_of(note.text) for note in pages], np.int8)
    stages[np.abs(duration_s - page_s) > SLACK_S] = UNSCORED  # scored over another stretch of time
    if (stages == UNSCORED).all():
        raise UnusableRecording(
            f"{where} leaves all of its {len(pages)} pages unscored. "
            "Have it scored or leave the night out."
        )
    try:
        return Hypnogram(onset_s + shift_s, page_s, stages)
    except ValueError as error:
        raise UnusableRecording(f"{where}: {error}") from None


def _is_page(text: str) -> bool:
    return bool(_STAGE.match(text) or _MOVEMENT.fullmatch(text))


def _stage_of(text: str) -> int | None:
    found = _STAGE.match(text)
    return STAGE_TEXTS.get(found[1].upper()) if found else UNSCORED


def _no_stages(where: str, notes: Sequence[Annotation], unknown: list[str]) -> UnusableRecording:
    texts = sorted({note.text[:40] for note in notes})[:5]
    found = f"unknown stages {unknown[:5]}" if unknown else f"no sleep stages, only texts {texts}"
    return UnusableRecording(
        f"{where} has {found}; known are 'Sleep stage' and one of {sorted(STAGE_TEXTS)}. "
        "Add texts to STAGE_TEXTS in datasets/mass_pages.py."
    )


def _page_length(onset_s: np.ndarray, duration_s: np.ndarray, where: str) -> float:
    """Seconds of a page; it must be 20 or 30 s, and no page may begin inside another."""
    given = duration_s[np.isfinite(duration_s)]
    lengths = given if len(given) else np.diff(onset_s)
    page_s = float(np.median(lengths)) if len(lengths) else 0.0
    if min(abs(page_s - allowed) for allowed in PAGES_S) > SLACK_S:
        raise UnusableRecording(
            f"{where} has pages of {page_s:g} s; allowed are {PAGES_S}. Score it in such pages."
        )
    end_s = onset_s + np.where(np.isfinite(duration_s), duration_s, page_s)
    inside = np.flatnonzero(onset_s[1:] < end_s[:-1] - SLACK_S)
    if len(inside):
        raise UnusableRecording(
            f"{where} has two pages at once at {onset_s[inside[0] + 1]:g} s; "
            "keep the stages of one scorer."
        )
    return page_s
