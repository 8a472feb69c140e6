"""How a network staged a test night under noise: one small file a network, night and condition.

A file is named by all that its counts follow from, so what is there need not be done again.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from datasets.parquet import Subject
from kd_core.confusion import Confusion
from orchestration.denoising.stress_fronts import BARE, Front
from orchestration.evidence.formats import as_number
from orchestration.formats import as_json
from orchestration.keys import key_of
from orchestration.nights import source_of
from orchestration.store import READERS, Store

FORMAT = 1  # raise it when noise is added or counted otherwise, so that nights are staged again
CLEAN = "clean"  # the group of ECG as it was recorded


class Level(NamedTuple):
    """Which noise is added, and how much."""

    group: str = CLEAN
    snr_db: float | None = None


class Condition(NamedTuple):
    """What a network hears: ECG under some noise, behind some denoiser."""

    level: Level
    front: Front = BARE


@dataclass(frozen=True, kw_only=True, eq=False)
class StressedNight:
    """What became of one night in one condition."""

    subject: str
    person: str
    confusion: Confusion
    middle_snr_db: float | None
    """Of the middle segment; None of clean ECG."""
    spread_mv: float
    """Interquartile range of the ECG that the network heard, which a night may be scaled by."""


class Asked(NamedTuple):
    """One file: a network, a night, a condition."""

    phase: str
    subject: Subject
    noise: str
    """Digest of the noise."""
    condition: Condition

    @property
    def path(self) -> str:
        """Where the file lies in a store."""
        level, front = self.condition
        spec = {
            "format": FORMAT,
            "night": source_of(self.subject),
            "noise": "" if level.group == CLEAN else self.noise,
            "group": level.group,
            "snr_db": level.snr_db,
            "denoiser": front.digest,
        }
        return f"stress/{self.phase}/{self.subject.name}-{key_of(spec)}.json"


def seed_of(subject: Subject, noise: str, group: str) -> int:
    """Draws a night's noise: another for each night and group, one for all SNRs and networks."""
    spec = {"night": source_of(subject), "name": subject.name, "noise": noise, "group": group}
    return int(key_of(spec), 16)


def levels_of(groups: Sequence[str], snrs_db: Sequence[float]) -> tuple[Level, ...]:
    """Clean ECG, then each group from the highest SNR to the lowest."""
    falling = sorted(set(snrs_db), reverse=True)
    return (Level(), *(Level(group, snr_db) for group in groups for snr_db in falling))


def lacking(asked: Sequence[Asked], store: Store) -> list[Asked]:
    """What is not in the store yet."""
    phases = list(dict.fromkeys(one.phase for one in asked))
    with ThreadPoolExecutor(READERS) as pool:
        listed = pool.map(store.files.names, [f"stress/{phase}" for phase in phases])
        there = {
            f"stress/{phase}/{name}"
            for phase, names in zip(phases, listed, strict=True)
            for name in names
        }
    return [one for one in asked if one.path not in there]


def write_stressed(
    store: Store, asked: Asked, confusion: Confusion, middle_snr_db: float, spread_mv: float
) -> None:
    """Keep what became of a night."""
    level, front = asked.condition
    content = {
        "subject": asked.subject.name,
        "person": asked.subject.person,
        "group": level.group,
        "snr_db": level.snr_db,
        "middle_snr_db": as_number(middle_snr_db),
        "spread_mv": spread_mv,
        "denoiser": front.name,
        "classes": list(confusion.classes),
        "counts": confusion.counts.tolist(),
    }
    store.files.write(asked.path, as_json(content))


def read_stressed(store: Store, asked: Sequence[Asked]) -> list[StressedNight]:
    """What became of the nights, in their order."""
    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(_parsed, pool.map(store.files.read, [one.path for one in asked])))


def _parsed(content: bytes) -> StressedNight:
    found = json.loads(content)
    return StressedNight(
        subject=found["subject"],
        person=found["person"],
        confusion=Confusion(tuple(found["classes"]), np.array(found["counts"], np.int64)),
        middle_snr_db=found["middle_snr_db"],
        spread_mv=found["spread_mv"],
    )
