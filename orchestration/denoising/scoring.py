"""What is chosen is tested here, each denoiser once; `report` and `heard` look at it again."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import ray

from datasets.clean_records import CleanLead
from datasets.noise import Noise, split_noise
from kd_core import checkpoint
from kd_core.predict import device_at_hand
from orchestration.denoising.classical import CLASSICAL, FILTERS_MADE, Denoiser
from orchestration.denoising.clean import clean_of
from orchestration.denoising.experiment import MADE, DenoisingExperiment, DenoisingSweep
from orchestration.denoising.networks import network_denoiser
from orchestration.denoising.plan import HEARD
from orchestration.denoising.stored import open_leads, open_noise
from orchestration.denoising.tested import RECORDED, measures_table, missing, write_tested
from orchestration.experiment import phases_of
from orchestration.keys import key_of
from orchestration.plan import Runtime
from orchestration.store import Store

Asked = tuple[str, DenoisingExperiment, Mapping[str, str]]  # a key, its fold, who is to be tested


def score_all(
    sweep: DenoisingSweep, experiments: Sequence[DenoisingExperiment], store: Store
) -> None:
    """Have the measures of all test patients in the store, a Ray task a network and a fold.

    Classical filters are tested on the same segments under the same noise.
    """
    asked: list[Asked] = [(phases_of(e)[-1].key, e, _tested(sweep, e)) for e in experiments]
    first = {(e.scheme, e.fold.index): e for e in experiments}
    asked += [
        (key_of_filter(n, e), e, _tested(sweep, e)) for e in first.values() for n in CLASSICAL
    ]
    _on_ray(asked, sweep.plan.runtime, store)


def key_of_filter(name: str, experiment: DenoisingExperiment) -> str:
    """Of what a classical filter made of the test patients of an experiment's fold."""
    decides = ("windows", "noise", "turn", "scheme", "most_outside", "band_limited")
    given = {field: getattr(experiment, field) for field in decides}
    groups = list(HEARD[experiment.scheme])
    return key_of(MADE | {"filter": name, "filters": FILTERS_MADE, "groups": groups} | given)


def score(asked: Asked, root: str) -> None:
    """Write the measures of every patient that are not there yet."""
    key, experiment, digests = asked
    store = Store(root)
    noise = split_noise(open_noise(store, experiment.noise), experiment.turn).test
    denoise = denoiser_of(key, store, experiment)
    for name in missing(store, key, digests):
        (leads,) = open_leads(store, experiment.windows, {name: digests[name]}).values()
        table = _table(leads, noise, experiment, denoise)
        write_tested(store, key, name, digests[name], table)


def denoiser_of(key: str, store: Store, experiment: DenoisingExperiment) -> Denoiser:
    """The filter or the network that a key stands for."""
    for name, classical in CLASSICAL.items():
        if key == key_of_filter(name, experiment):
            return classical
    with store.phase(key) as folder:
        return network_denoiser(checkpoint.load(folder).model.to(device_at_hand()))


def _table(
    leads: Sequence[CleanLead], noise: Noise, experiment: DenoisingExperiment, denoise: Denoiser
) -> pa.Table:
    """A patient's measures; where clean ECG was limited to the heart's band, also of all of it."""
    groups, most = HEARD[experiment.scheme], experiment.most_outside
    clean = clean_of(leads, most, experiment.band_limited)
    table = measures_table(clean, noise, groups, denoise)
    if not experiment.band_limited:
        return table
    recorded = clean_of(leads, most, False)
    return pa.concat_tables([table, measures_table(recorded, noise, groups, denoise, RECORDED)])


def _tested(sweep: DenoisingSweep, experiment: DenoisingExperiment) -> dict[str, str]:
    return sweep.digests(experiment.fold.test)


def _on_ray(asked: Sequence[Asked], runtime: Runtime, store: Store) -> None:
    task = ray.remote(num_cpus=runtime.cpus, num_gpus=runtime.gpus)(score)
    ray.get([task.remote(one, store.root) for one in asked if missing(store, one[0], one[2])])
