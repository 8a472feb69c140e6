"""Writes one drawn night as MASS has it: a file of signals and a file of annotations beside it.

Takes a Layout and a generator; gives the path of the signals.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from datasets.edf_writer import Note, write_bare_notes, write_notes, write_signals
from datasets.stages import Stage
from datasets.synthetic_channels import draw_channels
from datasets.synthetic_hypnogram import draw_body, draw_stages
from datasets.synthetic_layouts import Layout

START = datetime(2000, 1, 1, 22, 3, 21)
STAGE_TEXT = {Stage.W: "W", Stage.N1: "1", Stage.N2: "2", Stage.N3: "3", Stage.R: "R"}
EVENT = '<Event channel="EEG C3-CLE" groupName="MicroArousal" name="MicroArousal" scorer="1"/>'


def write_night(
    folder: Path, subject: str, layout: Layout, pages: int, rng: np.random.Generator
) -> Path:
    """One night of `pages` scored pages that a reader can use, and what the layout adds."""
    folder = folder / layout.folder.format(subset=layout.subset)
    folder.mkdir(parents=True, exist_ok=True)
    stages = draw_stages(pages, layout.page_s, rng)
    signals = folder / f"{subject} PSG.edf"
    channels = draw_channels(draw_body(stages, rng), layout, rng)
    write_signals(signals, START, layout.record_s, channels)
    notes = sorted(_page_notes(stages, layout, rng) + _event_notes(pages, layout, rng))
    _write_notes(folder / f"{subject} {layout.annotations}", notes, layout)
    if layout.cut_short:
        os.truncate(signals, signals.stat().st_size * 2 // 3)
    return signals


def _page_notes(stages: np.ndarray, layout: Layout, rng: np.random.Generator) -> list[Note]:
    """Every page in its order: '?', scored, flat, '?', outrunning."""
    names = [STAGE_TEXT[Stage(stage)] for stage in stages]
    fours = (stages == Stage.N3) & (rng.random(len(stages)) < layout.stage_4)
    names = ["4" if four else name for name, four in zip(names, fours, strict=True)]
    before, after = layout.unscored
    names = ["?"] * before + names + ["W"] * layout.flat_pages + ["?"] * after
    return [
        Note(layout.lead_in_s + page * layout.page_s, layout.page_s, f"Sleep stage {name}")
        for page, name in enumerate(names + ["W"] * layout.outrun_pages)
    ]


def _event_notes(pages: int, layout: Layout, rng: np.random.Generator) -> list[Note]:
    onsets_s = layout.lead_in_s + rng.uniform(0, pages * layout.page_s, layout.events)
    return [Note(round(float(onset_s), 4), 4.0, EVENT) for onset_s in onsets_s]


def _write_notes(path: Path, notes: list[Note], layout: Layout) -> None:
    """Annotations on their own file's clock; without a header, on the signals' clock."""
    if path.suffix == ".saf":
        write_bare_notes(path, notes)
        return
    own = [note._replace(onset_s=note.onset_s - layout.base_shift_s) for note in notes]
    write_notes(path, START + timedelta(seconds=layout.base_shift_s), own)
