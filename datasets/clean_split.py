"""Clean ECG divided by patient into training, validation and test; nobody is in two of them.

Patients in, a Fold out: lists of names, so a test patient's segment cannot reach training.
"""

from collections.abc import Iterable

import numpy as np

from datasets.folds import Fold

PARTS = 5  # a fifth tests, a fifth validates, three fifths train


def split_patients(patients: Iterable[str], seed: int = 0, index: int = 0) -> Fold:
    """A division in which each database's patients are spread alike over the three parts.

    Over index 0 to 4 every patient tests once and validates once.

    Args:
        patients: "<database>/<person>", as CleanEcg.patient; names may repeat.
        seed: who falls where.
        index: which fifth tests, from 0 to 4.
    """
    names = sorted({str(name) for name in patients})  # numpy's own strings become plain ones
    if len(names) < PARTS:
        raise ValueError(f"{len(names)} patients are too few to divide; give {PARTS} at least.")
    if not 0 <= index < PARTS:
        raise ValueError(f"index is {index}; allowed are 0 to {PARTS - 1}.")
    drawn = [names[k] for k in np.random.default_rng(seed).permutation(len(names))]
    drawn.sort(key=lambda name: name.split("/")[0])  # keeps the drawn order among equals
    place = {name: (k - index) % PARTS for k, name in enumerate(drawn)}
    return Fold(
        index=index,
        train=tuple(name for name in names if place[name] > 1),
        validation=tuple(name for name in names if place[name] == 1),
        test=tuple(name for name in names if place[name] == 0),
    )
