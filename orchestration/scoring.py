"""Test subjects are opened here and nowhere else: once, for the chosen experiments."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import ray
import torch

from datasets.stages import UNSCORED
from kd_core import checkpoint
from kd_core.predict import device_at_hand, predict
from orchestration.batches import Batches
from orchestration.experiment import Experiment, phases_of
from orchestration.nights import open_nights
from orchestration.plan import Runtime
from orchestration.probabilities import is_scored, path_of, write_probabilities
from orchestration.store import READERS, Store

Sources = Mapping[str, str]  # subject -> digits of the source hash of its night


def score_all(
    experiments: Sequence[Experiment], sources: Sources, runtime: Runtime, store: Store
) -> None:
    """Have the probabilities of every experiment's test subjects in the store, a Ray task each."""
    task = ray.remote(num_cpus=runtime.cpus, num_gpus=runtime.gpus)(score)
    tested = [(e, {subject: sources[subject] for subject in e.fold.test}) for e in experiments]
    with ThreadPoolExecutor(READERS) as pool:
        missing = list(pool.map(lambda pair: _missing(pair[0], pair[1], store), tested))
    pairs = zip(tested, missing, strict=True)
    ray.get([task.remote(e, test, store.root) for (e, test), names in pairs if names])


def score(experiment: Experiment, test: Sources, root: str) -> None:
    """Write the probabilities of every test subject of the experiment that are not there yet."""
    store, last = Store(root), phases_of(experiment)[-1]
    with store.phase(last.key) as folder:
        model = checkpoint.load(folder).model.to(device_at_hand())
    for subject in _missing(experiment, test, store):
        nights = open_nights(
            store,
            experiment.windows,
            {subject: test[subject]},
            experiment.scheme,
            experiment.scaling,
        )
        batches = Batches(nights, experiment.segments, experiment.training.batch)
        pairs = list(predict(model, batches.in_order(), last.step.view, experiment.training.bf16))
        labels = torch.cat([target.flatten() for _, target in pairs])  # (n,)
        probabilities = torch.cat([p.movedim(1, 2).flatten(0, 1) for p, _ in pairs])  # (n, K)
        scored = labels != UNSCORED
        write_probabilities(
            store,
            path_of(last.key, subject),
            experiment.scheme,
            probabilities[scored].numpy(),
            labels[scored].numpy(),
            test[subject],
        )


def _missing(experiment: Experiment, test: Sources, store: Store) -> list[str]:
    """Test subjects whose nights, as they are now, have no probabilities in the store."""
    key = phases_of(experiment)[-1].key
    return [s for s, source in test.items() if not is_scored(store, path_of(key, s), source)]
