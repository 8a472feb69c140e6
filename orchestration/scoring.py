"""Test subjects are opened here and nowhere else: once, for the chosen experiments."""

from collections.abc import Sequence
from pathlib import Path

import ray
import torch

from datasets.parquet import read_subject
from datasets.stages import UNSCORED
from kd_core import checkpoint
from kd_core.predict import predict
from orchestration.batches import Batches
from orchestration.experiment import Experiment, phases_of
from orchestration.plan import Runtime
from orchestration.probabilities import is_scored, path_of, write_probabilities
from orchestration.store import Store


def score_all(experiments: Sequence[Experiment], runtime: Runtime, store: Store) -> None:
    """Have the probabilities of every experiment's test subjects in the store, a Ray task each."""
    task = ray.remote(num_cpus=runtime.cpus, num_gpus=runtime.gpus)(score)
    ray.get([task.remote(e, store.root) for e in experiments if _missing(e, store)])


def score(experiment: Experiment, root: Path) -> None:
    """Write the probabilities of every test subject of the experiment that are not there yet."""
    store, last = Store(root), phases_of(experiment)[-1]
    windows = store.windows(experiment.windows)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = checkpoint.load(store.phase(last.key)).model.to(device)
    for subject in _missing(experiment, store):
        batches = Batches(
            windows,
            [subject],
            experiment.scheme,
            experiment.scaling,
            experiment.segments,
            experiment.training.batch,
        )
        pairs = list(predict(model, batches.in_order(), last.step.view, experiment.training.bf16))
        labels = torch.cat([target.flatten() for _, target in pairs])  # (n,)
        probabilities = torch.cat([p.movedim(1, 2).flatten(0, 1) for p, _ in pairs])  # (n, K)
        scored = labels != UNSCORED
        write_probabilities(
            path_of(store, last.key, subject),
            experiment.scheme,
            probabilities[scored].numpy(),
            labels[scored].numpy(),
            read_subject(windows / f"{subject}.parquet").source_hash,
        )


def _missing(experiment: Experiment, store: Store) -> list[str]:
    """Test subjects whose nights, as they are now, have no probabilities in the store."""
    key, windows = phases_of(experiment)[-1].key, store.windows(experiment.windows)
    hashes = {s: read_subject(windows / f"{s}.parquet").source_hash for s in experiment.fold.test}
    return [s for s, hash_ in hashes.items() if not is_scored(path_of(store, key, s), hash_)]
