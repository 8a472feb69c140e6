"""Denoisers of a few drawn patients: leads and noise in a store, an experiment on them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from datasets.clean_parquet import CleanPatient, read_patient, write_leads
from datasets.clean_records import CleanLead
from datasets.noise import Noise
from datasets.noise_parquet import write_noise
from kd_core.fit import Training
from orchestration.denoising.experiment import DenoisingSweep, make_sweep
from orchestration.denoising.plan import DenoisingPlan, smoke
from orchestration.denoising.stored import clean_key, clean_path, noise_path
from orchestration.store import Store
from tests.wfdb_folders import drawn_ecg

NOISE = "0123456789abcdef"
SECONDS = 60


def drawn_leads(patient: str, seed: int) -> list[CleanLead]:
    """Two leads of one heart and the places of its beats."""
    ecg, beats_s = drawn_ecg(SECONDS, 360.0, seed)
    record, beats = patient.split("/")[1], np.rint(beats_s * 360).astype(np.int64)
    samples = {"MLII": ecg.astype(np.float32), "V1": (-ecg / 2).astype(np.float32)}
    return [
        CleanLead("drawn", patient, record, name, lead, {}, beats)
        for name, lead in samples.items()
    ]


def drawn_noise() -> Noise:
    """Muscle that is white, steps of an electrode, and a slow wander; two leads, 120 s."""
    rng, n = np.random.default_rng(5), 120 * 360
    wander = np.sin(2 * np.pi * 0.2 * np.arange(n) / 360) * np.array([[0.3], [0.2]])
    steps = np.repeat(rng.normal(0, 0.3, (2, n // 180)), 180, axis=1)
    signals = {"ma": rng.normal(0, 0.2, (2, n)), "em": steps, "bw": wander}
    return Noise.whole({k: v.astype(np.float32) for k, v in signals.items()})


def filled_store(root: Path, patients: int = 5) -> tuple[Store, tuple[CleanPatient, ...]]:
    """A store with drawn patients and noise, as ingest leaves them."""
    store, found = Store.open(root), []
    for seed in range(patients):
        name = f"drawn/{seed}"
        with store.files.writing(clean_path(clean_key(), name)) as path:
            write_leads(path, drawn_leads(name, seed), f"{seed:016x}", {})
            found.append(read_patient(path))
    with store.files.writing(noise_path(NOISE)) as path:
        write_noise(path, drawn_noise(), NOISE, {})
    return store, tuple(found)


def small_plan(**changes: Any) -> DenoisingPlan:
    """The smoke plan on one fold, of both networks the light one."""
    plan = replace(smoke(), most_outside=1.0, training=Training(epochs=2, batch=8))
    return replace(plan, **changes)


def small_sweep(patients: tuple[CleanPatient, ...], **changes: Any) -> DenoisingSweep:
    """A sweep of the small plan."""
    return make_sweep(small_plan(**changes), clean_key(), patients, NOISE)
