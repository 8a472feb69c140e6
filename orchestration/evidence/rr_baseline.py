"""Something simple that every network must beat: a linear discriminant on RR-interval features.

Features and labels of training nights in, class probabilities of test nights out; nothing of a
test night takes part in the fit, not even in the medians that fill what is missing.

Source: Fonseca 2015 (Physiol Meas 36, 2027), whose classifier is a linear discriminant too.
Differs: its prior is the share of each class, whatever the time of night.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from datasets.stages import UNSCORED

LabelledNight = tuple[np.ndarray, np.ndarray]  # features (n, F), labels (n,)


def stage_fold(
    train: Sequence[LabelledNight], test: Sequence[np.ndarray], num_classes: int
) -> list[np.ndarray]:
    """Class probabilities of every page of the test nights, learned from the training nights.

    Shapes: train features (n, F) and labels (n,), test (n, F); returns one (n, K) float64 a test
    night, whose rows sum to 1.
    """
    classifier = fit(train)
    return [predict(classifier, features, num_classes) for features in test]


def fit(nights: Sequence[LabelledNight]) -> Pipeline:
    """A classifier of features (n, F) with gaps, from nights whose pages are all counted alike.

    Its shrinkage is Ledoit and Wolf's: many of the columns nearly repeat each other.
    """
    features = np.concatenate([own for own, _ in nights])
    labels = np.concatenate([own for _, own in nights])
    scored = labels != UNSCORED
    found = np.unique(labels[scored])
    if len(found) < 2:
        raise ValueError(
            f"the {len(nights)} training nights have pages of the classes {found.tolist()}; a "
            "classifier needs at least two. Add nights or ask for fewer folds."
        )
    classifier = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    )
    return classifier.fit(features[scored], labels[scored])


def predict(classifier: Pipeline, features: np.ndarray, num_classes: int) -> np.ndarray:
    """Probabilities of all K classes; 0 for one that no training night has.

    Shapes: features (n, F); returns (n, K) float64.
    """
    probabilities = np.zeros((len(features), num_classes))
    probabilities[:, classifier.classes_] = classifier.predict_proba(features)
    return probabilities
