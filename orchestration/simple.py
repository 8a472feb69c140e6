"""The row that needs no network: RR intervals and a linear discriminant, on the sweep's folds.

A network that does not beat it has learned nothing from the ECG that its beats do not tell.
"""

import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import ray

from datasets.folds import Fold
from datasets.parquet import Subject, read_night
from datasets.stages import SCHEMES
from orchestration.chosen import SIMPLE, Chosen, ChosenFold
from orchestration.keys import key_of
from orchestration.nights import opened_night, source_of
from orchestration.probabilities import missing, write_staged
from orchestration.store import Store
from orchestration.sweeps import Sweep

FORMAT = 1  # raise it when the features or the classifier change
VIEW = "rr_view"  # neither teacher nor student: nothing of it is taken home


def stage_simply(sweep: Sweep, store: Store) -> list[Chosen]:
    """Have every test night staged from its RR intervals; a row for each scheme of the plan."""
    known = {subject.name: subject for subject in sweep.subjects}
    parts = [(scheme, fold) for scheme in sweep.plan.schemes for fold in sweep.folds]
    keys = {part: _key(sweep, *part) for part in parts}
    lacking = [
        part for part in parts if missing(store, keys[part], [known[n] for n in part[1].test])
    ]
    needed = {name for _, fold in lacking for name in (*fold.train, *fold.test)}
    measure = ray.remote(num_cpus=1)(measure_night)
    ray.get([measure.remote(sweep.windows, known[n], store.root) for n in sorted(needed)])
    stage = ray.remote(num_cpus=1)(stage_part)
    ray.get(
        [
            stage.remote(
                scheme,
                sweep.windows,
                [known[name] for name in fold.train],
                [known[name] for name in fold.test],
                keys[scheme, fold],
                store.root,
            )
            for scheme, fold in lacking
        ]
    )
    return [_row(sweep, scheme, keys) for scheme in sweep.plan.schemes]


def measure_night(windows: str, subject: Subject, root: str) -> None:
    """Have the features of a night in the store."""
    from orchestration.evidence.rr_features import NAMES, features_of  # seconds to import

    store, path = Store(root), _path(windows, subject)
    if store.files.exists(path):
        return
    with opened_night(store, windows, subject.name, source_of(subject)) as file:
        night = read_night(file)
    found = features_of(night)  # (n, F)
    columns = {"segment": night.segment, "stage": night.stage}
    columns |= {name: found[:, i].astype(np.float32) for i, name in enumerate(NAMES)}
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    store.files.write(path, content.getvalue())


def stage_part(
    scheme: str,
    windows: str,
    train: Sequence[Subject],
    test: Sequence[Subject],
    key: str,
    root: str,
) -> None:
    """Learn from the training nights of a fold, and write what is said of its test nights."""
    from orchestration.evidence.rr_baseline import stage_fold  # seconds to import

    store, classes = Store(root), SCHEMES[scheme].classes
    learned, asked = ([_read(store, windows, scheme, s) for s in part] for part in (train, test))
    said = stage_fold(
        [(f, labels) for _, labels, f in learned], [f for *_, f in asked], len(classes)
    )
    for subject, (segment, labels, _), probabilities in zip(test, asked, said, strict=True):
        write_staged(store, key, subject, classes, segment, labels, probabilities)


def _read(
    store: Store, windows: str, scheme: str, subject: Subject
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Segments (n,), labels (n,) and features (n, F) of a night."""
    table = pq.read_table(io.BytesIO(store.files.read(_path(windows, subject))))
    names = [name for name in table.column_names if name not in ("segment", "stage")]
    features = np.stack([table[name].to_numpy() for name in names], axis=1).astype(np.float64)
    labels = SCHEMES[scheme].labels(table["stage"].to_numpy())
    return table["segment"].to_numpy(), labels, features


def _row(sweep: Sweep, scheme: str, keys: dict[tuple[str, Fold], str]) -> Chosen:
    folds = (
        ChosenFold(fold=fold.index, key=keys[scheme, fold], test=fold.test, validation={})
        for fold in sweep.folds
    )
    return Chosen(
        scheme=scheme, row=SIMPLE, view=VIEW, point="linear discriminant", folds=tuple(folds)
    )


def _key(sweep: Sweep, scheme: str, fold: Fold) -> str:
    """Names what a fold's scores follow from: its training nights, and how they are used."""
    train = {name: sweep.sources[name] for name in fold.train}
    spec = {"row": SIMPLE, "format": FORMAT, "scheme": scheme, "windows": sweep.windows}
    return key_of(spec | {"train": train})


def _path(windows: str, subject: Subject) -> str:
    return f"features/{windows}/{subject.name}-{source_of(subject)}-{FORMAT}.parquet"
