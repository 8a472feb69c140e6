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
from orchestration.evidence.staged import StagedNight
from orchestration.experiment import Experiment, phases_of
from orchestration.nights import HASH_DIGITS, open_nights
from orchestration.plan import Runtime
from orchestration.probabilities import is_scored, path_of, write_staged
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
        missing = list(pool.map(lambda pair: _missing(pair[0], pair[1], store), tested))
    pairs = zip(tested, missing, strict=True)
    ray.get([task.remote(e, names, store.root) for (e, _), names in pairs if names])


def score(experiment: Experiment, test: Sequence[Subject], root: str) -> None:
    """Write the probabilities of every test subject of the experiment that are not there yet."""
    store, last = Store(root), phases_of(experiment)[-1]
    with store.phase(last.key) as folder:
        model = checkpoint.load(folder).model.to(device_at_hand())
    for subject in _missing(experiment, test, store):
        source = subject.source_hash[:HASH_DIGITS]
        (night,) = nights = open_nights(
            store,
            experiment.windows,
            {subject.name: source},
            experiment.scheme,
            experiment.scaling,
        )
        batches = Batches(nights, experiment.segments, experiment.training.batch)
        pairs = list(predict(model, batches.in_order(), last.step.view, experiment.training.bf16))
        labels = torch.cat([target.flatten() for _, target in pairs]).numpy()  # (n,)
        probabilities = torch.cat([p.movedim(1, 2).flatten(0, 1) for p, _ in pairs])  # (n, K)
        scored = labels != UNSCORED
        staged = StagedNight(
            subject=subject.name,
            subset=subject.subset,
            person=subject.person,
            classes=SCHEMES[experiment.scheme].classes,
            page_s=subject.page_s,
            segment=night.segment[night.labels != UNSCORED],
            labels=labels[scored],
            probabilities=probabilities[scored].numpy().astype(float),
        )
        write_staged(store, path_of(last.key, subject.name), staged, source)


def _missing(experiment: Experiment, test: Sequence[Subject], store: Store) -> list[Subject]:
    """Test subjects whose nights, as they are now, have no probabilities in the store."""
    key = phases_of(experiment)[-1].key
    return [
        subject
        for subject in test
        if not is_scored(store, path_of(key, subject.name), subject.source_hash[:HASH_DIGITS])
    ]
