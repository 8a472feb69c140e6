"""Rows of the table out of the store: classical filters, then the networks of a sweep."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median

import numpy as np
import torch

from datasets.clean_records import CLEAN_HZ
from kd_core import checkpoint
from kd_core.models import count, macs
from orchestration.denoising.classical import CLASSICAL, Denoiser
from orchestration.denoising.experiment import DenoisingExperiment, DenoisingSweep
from orchestration.denoising.main_job import Trained
from orchestration.denoising.networks import network_denoiser
from orchestration.denoising.scoring import key_of_filter
from orchestration.denoising.table import DenoiserRow, Scored
from orchestration.denoising.tested import RECORDED, joined, read_tested
from orchestration.store import Store

REPEATS = 15


def rows_of(
    sweep: DenoisingSweep, scheme: str, trained: Sequence[Trained], store: Store
) -> list[DenoiserRow]:
    """The table of one scheme; rows that could not be trained are left out.

    Measures are of the test patients of all folds together; times are of one segment of 10 s on
    one thread, in PyTorch and numpy, medians.
    """
    filters = [_filter(sweep, scheme, name, store) for name in CLASSICAL]
    own = [row for row in trained if row.scheme == scheme and not row.failed]
    return filters + [_network(sweep, row, store) for row in own]


def timed_ms(denoise: Denoiser, samples: int = 3600) -> float:
    """Milliseconds for one segment on one thread, the median of some."""
    segment = np.random.default_rng(0).normal(size=(1, samples)).astype(np.float32)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        denoise(segment, CLEAN_HZ)
        times.append(time.perf_counter() - began)
    torch.set_num_threads(threads)
    return 1e3 * median(times)


def point_said(row: Trained) -> str:
    """Hyperparameters that the row's method depends on, for people."""
    values = asdict(row.point)
    names = [name for name in row.point.parameters if name != "variant"]
    return ", ".join(
        f"{n} {values[n]:.3g}" if isinstance(values[n], float) else f"{n} {values[n]}"
        for n in names
    )


def _filter(sweep: DenoisingSweep, scheme: str, name: str, store: Store) -> DenoiserRow:
    experiments = sweep.over_folds(scheme, sweep.plan.point(sweep.plan.baseline))
    keys = [key_of_filter(name, experiment) for experiment in experiments]
    groups, recorded = _tested(keys, experiments, store)
    return DenoiserRow(
        name=name,
        groups=groups,
        recorded=recorded,
        ms=timed_ms(CLASSICAL[name]),
    )


def _network(sweep: DenoisingSweep, row: Trained, store: Store) -> DenoiserRow:
    experiments = sweep.over_folds(row.scheme, row.point)
    with store.phase(row.keys[0]) as folder:
        stored = checkpoint.load(folder)
    groups, recorded = _tested(row.keys, experiments, store)
    return DenoiserRow(
        name=row.name,
        groups=groups,
        recorded=recorded,
        parameters=count(stored.spec),
        macs=macs(stored.spec),
        ms=timed_ms(network_denoiser(stored.model)),
        point=point_said(row),
    )


def _tested(
    keys: Sequence[str], experiments: Sequence[DenoisingExperiment], store: Store
) -> tuple[dict[str, Scored], dict[str, Scored]]:
    """Group -> the test segments of all folds, in the heart's band and as they were recorded."""
    pairs = zip(keys, experiments, strict=True)
    found = joined([read_tested(store, key, e.fold.test) for key, e in pairs])
    recorded = {name: scored for name, scored in found.items() if name.endswith(RECORDED)}
    groups = {name: scored for name, scored in found.items() if name not in recorded}
    return groups, {name.removesuffix(RECORDED): each for name, each in recorded.items()}
