"""Test nights of 20 s pages staged in two more ways by networks that are trained already.

So the price of widening pages to 30 s is known: see `orchestration.evidence.restaged`. Windows,
labels and scores are those of scoring; only the cut of the nights and the labels a window differ.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import ray
import torch
from torch import nn

from datasets.parquet import Subject, read_night
from datasets.recut import PAGE_S, Cut, at_pages, on_grid
from datasets.segments import SEGMENT_S
from datasets.stages import SCHEMES
from datasets.windows import ScaledNight
from kd_core import checkpoint
from kd_core.confusion import Confusion
from kd_core.predict import device_at_hand, predict
from orchestration.batches import Batches
from orchestration.chosen import Chosen
from orchestration.evidence.restaged import GRID, NATIVE, compared, unstaged, write_restaged
from orchestration.nights import opened_night, source_of
from orchestration.plan import Plan
from orchestration.store import READERS, Store
from orchestration.sweeps import Sweep


class Way(NamedTuple):
    """How nights are cut, and how many seconds each of their rows and labels lasts."""

    cut: Cut
    label_s: int


RECUT = {NATIVE: Way(at_pages, PAGE_S), GRID: Way(on_grid, SEGMENT_S)}


def restage(sweep: Sweep, rows: Sequence[Chosen], store: Store) -> None:
    """Have the counts of every compared row's test nights of 20 s pages, a Ray task a fold."""
    runtime = sweep.plan.runtime
    task = ray.remote(num_cpus=runtime.cpus, num_gpus=runtime.gpus)(restage_fold)
    known = {subject.name: subject for subject in sweep.subjects}
    folds = [(row, fold) for row in compared(rows) for fold in row.folds]
    tested = [[known[name] for name in fold.test] for _, fold in folds]
    with ThreadPoolExecutor(READERS) as pool:
        keys = [fold.key for _, fold in folds]
        lacking = list(pool.map(unstaged, [store] * len(folds), keys, tested))
    ray.get(
        [
            task.remote(sweep.plan, sweep.windows, row, fold.key, asked, store.root)
            for (row, fold), asked in zip(folds, lacking, strict=True)
            if asked
        ]
    )


def restage_fold(
    plan: Plan,
    windows: str,
    row: Chosen,
    key: str,
    asked: Sequence[tuple[Subject, str]],
    root: str,
) -> None:
    """Write the counts of a fold's nights, each in a way, as the phase `key` stages them."""
    store, scheme = Store(root), SCHEMES[row.scheme]
    with store.phase(key) as folder:
        model = checkpoint.load(folder).model.to(device_at_hand())
    for subject, name in asked:
        way = RECUT[name]
        with opened_night(store, windows, subject.name, source_of(subject)) as path:
            cut = way.cut(read_night(path), scheme, plan.scaling)
        nothing = Confusion.zeros(scheme.classes)
        found = count(model, cut, row, plan, way.label_s) if cut else nothing
        write_restaged(store, key, subject, name, found)


def count(
    model: nn.Module, night: ScaledNight, row: Chosen, plan: Plan, label_s: int
) -> Confusion:
    """How often the network takes each class for each in a night, a label each `label_s` seconds.

    Windows have the plan's length in labels. Differs: where labels do not cut it evenly it is
    the next length that they do, so 35 segments become 36, which hold 54 pages of 20 s.
    """
    length = labels_of(plan.segments, label_s)
    batches = Batches([night], length, plan.training.batch).in_order()
    pairs = list(predict(model, batches, row.view, plan.training.bf16, output_s=label_s))
    true = torch.cat([target.flatten() for _, target in pairs]).numpy()
    said = torch.cat([p.argmax(1).flatten() for p, _ in pairs]).numpy()  # (B, K, T) -> (B * T,)
    return Confusion.of(SCHEMES[row.scheme].classes, true, said)


def labels_of(segments: int, label_s: int) -> int:
    """Labels in the shortest window of so many segments or more that holds whole labels."""
    while segments * SEGMENT_S % label_s:
        segments += 1
    return segments * SEGMENT_S // label_s
