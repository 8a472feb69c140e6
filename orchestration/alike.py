"""How alike teacher, baseline and student are on the test nights of each fold: a Ray task a fold.

What a task finds is stored, and a report reads it without Ray or a network. One night and one
batch are in memory at a time, and of what they tell only sums are kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import ray

from datasets.stages import SCHEMES
from kd_core import checkpoint
from kd_core.models import tap_lengths
from kd_core.predict import device_at_hand
from orchestration.evidence.compared import Compared, Trio, is_compared, write_compared
from orchestration.evidence.likeness import (
    ALL,
    GAINED,
    LOST,
    Likeness,
    Sums,
    cases_of,
    cosines_of,
)
from orchestration.evidence.picked import CASES, Pick, moved_most, picked
from orchestration.nights import open_nights
from orchestration.opinions import Piece, pieces, shared_layers
from orchestration.store import Store
from orchestration.sweeps import Sweep

SIDES = ("baseline", "student")  # before and after distillation


@dataclass(frozen=True, kw_only=True)
class FoldTask:
    """What a worker must know to compare the networks of one fold."""

    keys: Mapping[str, str]  # role -> key of its phase
    nights: Mapping[str, str]  # test subject, in the order of names -> digits of its source hash
    people: Mapping[str, str]  # test subject -> who slept
    windows: str
    scheme: str
    scaling: str
    segments: int  # T, segments a window
    batch: int  # windows
    bf16: bool


def compare(sweep: Sweep, trio: Trio, store: Store) -> None:
    """Have the likeness of the trio's networks in the store; what is there is left alone."""
    runtime = sweep.plan.runtime
    task = ray.remote(num_cpus=runtime.cpus, num_gpus=runtime.gpus)(compare_fold)
    lacking = [t for t in tasks_of(sweep, trio) if not is_compared(t.keys, t.nights, store)]
    ray.get([task.remote(fold, store.root) for fold in lacking])


def tasks_of(sweep: Sweep, trio: Trio) -> list[FoldTask]:
    """What is to be compared, fold by fold."""
    plan = sweep.plan
    return [
        FoldTask(
            keys=keys,
            nights={subject: sweep.sources[subject] for subject in sorted(fold.test)},
            people={s.name: s.person for s in sweep.subjects if s.name in fold.test},
            windows=sweep.windows,
            scheme=trio.student.scheme,
            scaling=plan.scaling,
            segments=plan.segments,
            batch=plan.training.batch,
            bf16=plan.training.bf16,
        )
        for fold, keys in zip(trio.student.folds, trio.fold_keys, strict=True)
    ]


def compare_fold(task: FoldTask, root: str) -> None:
    """Compare the networks of a fold on its test nights, and write what is found."""
    store = Store(root)
    loaded = {role: _load(store, key) for role, key in task.keys.items()}
    layers = shared_layers([tap_lengths(network.spec) for network in loaded.values()])
    models = {role: network.model.to(device_at_hand()) for role, network in loaded.items()}
    sums: dict[tuple[str, str, str], Sums] = {}
    picks: dict[str, Pick] = {}
    for subject, source in task.nights.items():
        (night,) = open_nights(store, task.windows, {subject: source}, task.scheme, task.scaling)
        for piece in pieces(night, models, layers, task.segments, task.batch, task.bf16):
            for name, part in _sums(task.people[subject], piece, layers):
                sums[name] = sums[name] + part if name in sums else part
            picks = picked([*picks.values(), *_picks(subject, piece, task.segments)])
    found = Compared(
        classes=SCHEMES[task.scheme].classes,
        nights=task.nights,
        likeness=tuple(_likeness(layers, sums)),
        picks=tuple(picks.values()),
    )
    write_compared(task.keys, found, store)


def _load(store: Store, key: str) -> checkpoint.Checkpoint:
    with store.phase(key) as folder:
        return checkpoint.load(folder)


def _sums(
    person: str, piece: Piece, layers: Sequence[str]
) -> Iterator[tuple[tuple[str, str, str], Sums]]:
    """(layer, case, side) and what its segments come to."""
    teacher, cases = piece.opinions["teacher"], _cases(piece)
    for side in SIDES:
        other = piece.opinions[side]
        for layer in layers:
            cosines = cosines_of(teacher.maps[layer], other.maps[layer], piece.window)
            for case, among in cases.items():
                means = [opinion.means[layer][among] for opinion in (teacher, other)]
                yield (layer, case, side), Sums.of(person, cosines[among], means)


def _picks(subject: str, piece: Piece, T: int) -> Iterator[Pick]:
    """The segment of each case that moved most."""
    baseline, student = (piece.opinions[side].probabilities for side in SIDES)
    for case in CASES:
        i = moved_most(piece.labels, baseline, student, _cases(piece)[case])
        if i is not None:
            w = piece.window[i]
            yield Pick(
                case=case,
                subject=subject,
                segment=int(piece.segment[i]),
                label=int(piece.labels[i]),
                probabilities={r: o.probabilities[i].tolist() for r, o in piece.opinions.items()},
                maps={r: o.bottleneck[w].copy() for r, o in piece.opinions.items()},
                within=int(piece.within[i]),
                of=T,
            )


def _cases(piece: Piece) -> dict[str, np.ndarray]:
    baseline, student = (piece.opinions[side].probabilities for side in SIDES)
    return cases_of(piece.labels, baseline, student)


def _likeness(
    layers: Sequence[str], sums: Mapping[tuple[str, str, str], Sums]
) -> Iterator[Likeness]:
    """Layer by layer, case by case."""
    for layer in layers:
        for case in (GAINED, LOST, ALL):
            before, after = (sums[layer, case, side] for side in SIDES)
            people = {
                person: (float(count), float(total), float(after.cosines[person][1]))
                for person, (count, total) in before.cosines.items()
            }
            sides = before.measures, after.measures
            yield Likeness(layer, case, before.segments, *sides, people)
