"""What the paper reports, for a column beside ours.

Source: Tables I and II of arXiv:2112.07252: weighted F1, accuracy and class F1 of one hold-out
run, pooled over the epochs of its test subjects. It gives no floors; those here follow from the
shares of the classes.
"""

from collections.abc import Mapping

import numpy as np

from orchestration.evidence.floors import FLOORS, floor_of

SCORES = ("weighted_f1", "accuracy")

_VALUES: Mapping[
    str, Mapping[str, tuple[float, ...]]
] = {  # scheme -> row -> weighted F1, accuracy, F1 of each class in the scheme's order
    "W-L-D-R": {
        "EEG baseline": (0.85, 0.85, 0.89, 0.86, 0.81, 0.82),
        "ECG baseline": (0.45, 0.44, 0.57, 0.47, 0.30, 0.40),
        "SD+CL": (0.51, 0.51, 0.54, 0.61, 0.31, 0.35),
        "AT+CL": (0.50, 0.50, 0.54, 0.57, 0.34, 0.40),
        "AT+SD+CL": (0.50, 0.49, 0.57, 0.56, 0.29, 0.41),
    },
    "W-N-R": {
        "EEG baseline": (0.90, 0.90, 0.89, 0.93, 0.80),
        "ECG baseline": (0.58, 0.56, 0.51, 0.65, 0.40),
        "SD+CL": (0.61, 0.60, 0.53, 0.70, 0.34),
        "AT+CL": (0.66, 0.66, 0.52, 0.77, 0.37),
        "AT+SD+CL": (0.64, 0.63, 0.52, 0.73, 0.39),
    },
}


_SHARES: Mapping[str, tuple[float, ...]] = {  # those by which class F1 make up its weighted F1
    "W-L-D-R": (0.137, 0.558, 0.129, 0.175),
    "W-N-R": (0.137, 0.558 + 0.129, 0.175),
}


def paper_scores(scheme: str, row: str) -> Mapping[str, float]:
    """The paper's scores of a row, by the names that ours have; empty where it has none.

    Of a floor: what guessing without looking scores where classes have the shares of its data, in
    two decimals as the paper's own.
    """
    if row in FLOORS and scheme in _SHARES:
        floor = floor_of(np.array(_SHARES[scheme]), row)
        exact = (*(floor.scores[name] for name in SCORES), *floor.f1)
        values = tuple(round(float(value), 2) for value in exact)
    else:
        values = _VALUES.get(scheme, {}).get(row, ())
    classes = [f"f1_{name}" for name in scheme.split("-")]
    return dict(zip((*SCORES, *classes), values, strict=True)) if values else {}
