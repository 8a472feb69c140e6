"""Beats through noise, for the test patients of a sweep: a Ray task a patient, kept in the store.

denoised/<key>/beats-<database>-<person>.json
"""

import json
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

import ray

from datasets.clean_records import CleanLead
from datasets.noise import split_noise
from kd_core import checkpoint
from kd_core.models.lde_spec import LdeSpec
from kd_core.predict import device_at_hand
from orchestration.denoising.beats import (
    SNRS_DB,
    Detection,
    Heard,
    detect,
    hear_through_noise,
    pooled,
)
from orchestration.denoising.classical import Whole
from orchestration.denoising.clean import band_limit
from orchestration.denoising.experiment import DenoisingExperiment
from orchestration.denoising.networks import whole_network
from orchestration.denoising.plan import HEARD
from orchestration.denoising.stored import open_leads, open_noise
from orchestration.experiment import phases_of
from orchestration.formats import as_json
from orchestration.keys import key_of
from orchestration.plan import Runtime
from orchestration.store import Store

FORMAT = 1  # raise it when what is heard changes, so that it is heard again


def hear_all(
    experiments: Sequence[DenoisingExperiment],
    patients: dict[str, str],
    runtime: Runtime,
    store: Store,
) -> tuple[list[Heard], Detection]:
    """Beats before and after the network of each fold, in its own test patients' records.

    Args:
        experiments: of one point, a fold each.
        patients: those with annotated beats -> digest of their records.

    Returns what was heard in noise, and the same detector in the clean ECG of all of them.
    """
    task = ray.remote(num_cpus=runtime.cpus, num_gpus=runtime.gpus)(hear)
    asked = [
        (e, name, patients[name]) for e in experiments for name in e.fold.test if name in patients
    ]
    ray.get([task.remote(*one, store.root) for one in asked if not _is_there(store, one)])
    found = [json.loads(store.files.read(_path(*one))) for one in asked]
    heard = [_heard(row) for patient in found for row in patient["heard"]]
    return heard, pooled(Detection(*patient["clean"]) for patient in found)


def hear(experiment: DenoisingExperiment, patient: str, digest: str, root: str) -> None:
    """Have what is heard of one patient in the store."""
    store = Store(root)
    noise = split_noise(open_noise(store, experiment.noise), experiment.turn).test
    (leads,) = open_leads(store, experiment.windows, {patient: digest}).values()
    chosen = list(first_leads(leads))
    seed = int(key_of({"patient": patient})[:8], 16)
    heard = hear_through_noise(
        chosen, noise, _network(experiment, store), HEARD[experiment.scheme], SNRS_DB, seed
    )
    clean = pooled(detect(lead.samples, lead.beats) for lead in chosen if lead.beats is not None)
    content = {"heard": [row._asdict() for row in heard], "clean": clean}
    store.files.write(_path(experiment, patient, digest), as_json(content))


def first_leads(leads: Iterable[CleanLead]) -> Iterable[CleanLead]:
    """The first lead of each annotated record, without its own drift: what noise is added to."""
    seen = set()
    for lead in leads:
        if lead.beats is not None and lead.record not in seen:
            seen.add(lead.record)
            yield band_limit(lead)


def _network(experiment: DenoisingExperiment, store: Store) -> Whole:
    with store.phase(phases_of(experiment)[-1].key) as folder:
        stored = checkpoint.load(folder)
    assert isinstance(stored.spec, LdeSpec)
    return whole_network(stored.model.to(device_at_hand()), stored.spec)


def _path(experiment: DenoisingExperiment, patient: str, digest: str) -> str:
    key = phases_of(experiment)[-1].key
    detector = version("sleepecg")
    told = key_of({"digest": digest, "snrs": SNRS_DB, "detector": detector, "format": FORMAT})
    return f"denoised/{key}/beats-{patient.replace('/', '-')}-{told}.json"


def _is_there(store: Store, one: tuple[DenoisingExperiment, str, str]) -> bool:
    return store.files.exists(_path(*one))


def _heard(row: dict[str, Any]) -> Heard:
    both = {name: Detection(*row[name]) for name in ("noisy", "denoised")}
    return Heard(**row | both)
