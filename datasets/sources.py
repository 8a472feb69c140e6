"""The table of datasets: how each finds its nights and reads one.

A new dataset is one file with two functions and a row here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from datasets import mass
from datasets.recording import Recording, RecordingRef


@dataclass(frozen=True)
class Source:
    """One dataset behind two functions."""

    name: str
    """Key in SOURCES, and `source` of every RecordingRef it finds."""
    find: Callable[[Path], list[RecordingRef]]
    """Nights in a folder, sorted; ValueError where there are none."""
    read: Callable[[RecordingRef], Recording]
    """One night; UnusableRecording with the reason where it cannot be used."""


SOURCES: dict[str, Source] = {
    source.name: source for source in (Source("mass", mass.find_recordings, mass.read_recording),)
}
