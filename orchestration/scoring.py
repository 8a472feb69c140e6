"""Test subjects are opened here and nowhere else: once, for the chosen experiments."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import ray
import torch

from datasets.parquet import Subject
from datasets.stages import SCHEMES, UNSCORED
from kd_core import checkpoint
from kd_core.predict import device_at_hand, predict
from orchestration.batches import Batches
from orchestration.experiment import Experiment, phases_of
from orchestration.nights import open_nights, source_of
from orchestration.plan import Runtime
from orchestration.probabilities import missing, write_staged
from orchestration.store import READERS, Store


def score_all(
    experiments: Sequence[Experiment],
    subjects: Sequence[Subject],
    runtime: Runtime,
    store: Store,
) -> None:
    """Have the probabilities of every experiment's test subjects in the store, a Ray task each."""
    task = ray.remote(num_cpus=runtime.cpus, num_gpus=runtime.gpus)(score)
    known = {subject.name: subject for subject in subjects}
    tested = [(e, [known[name] for name in e.fold.test]) for e in experiments]
    with ThreadPoolExecutor(READERS) as pool:
        lacking = list(pool.map(lambda pair: missing(store, _key(pair[0]), pair[1]), tested))
    pairs = zip(tested, lacking, strict=True)
    ray.get([task.remote(e, nights, store.root) for (e, _), nights in pairs if nights])


def score(experiment: Experiment, test: Sequence[Subject], root: str) -> None:
    """Write the probabilities of every test subject of the experiment that are not there yet."""
    store, last = Store(root), phases_of(experiment)[-1]
    with store.phase(last.key) as folder:
        model = checkpoint.load(folder).model.to(device_at_hand())
    for subject in missing(store, last.key, test):
        (night,) = nights = open_nights(
            store,
            experiment.windows,
            {subject.name: source_of(subject)},
            experiment.scheme,
            experiment.scaling,
        )
        batches = Batches(nights, experiment.segments, experiment.training.batch)
        pairs = list(predict(model, batches.in_order(), last.step.view, experiment.training.bf16))
        labels = torch.cat([target.flatten() for _, target in pairs]).numpy()  # (n + padding,)
        said = torch.cat([p.movedim(1, 2).flatten(0, 1) for p, _ in pairs]).numpy()
        scored = night.labels != UNSCORED
        write_staged(
            store,
            last.key,
            subject,
            SCHEMES[experiment.scheme].classes,
            night.segment[scored],
            night.labels[scored],
            said[labels != UNSCORED],
        )


def _key(experiment: Experiment) -> str:
    """Of the experiment's result."""
    return phases_of(experiment)[-1].key
