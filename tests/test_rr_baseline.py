"""The linear discriminant on RR features: what it learns, and what it must never see."""

import numpy as np
import pytest

from datasets.stages import UNSCORED
from orchestration.evidence.rr_baseline import LabelledNight, fit, predict, stage_fold
from orchestration.evidence.rr_features import NAMES, rr_features

PAGES, BLOCK = 60, 10
CENTRES_S = 15 + 30.0 * np.arange(PAGES)


def night(seed: int) -> LabelledNight:
    """Half an hour in which the heart beats faster in every other five minutes: class 0."""
    rng = np.random.default_rng(seed)
    labels = np.arange(PAGES) // BLOCK % 2
    rest_s, times_s = rng.uniform(0.8, 1.0), [0.0]
    while times_s[-1] < PAGES * 30:
        calm = labels[min(int(times_s[-1] // 30), PAGES - 1)]
        times_s.append(times_s[-1] + rest_s + 0.12 * calm + 0.02 * rng.standard_normal())
    return rr_features(np.array(times_s), CENTRES_S), labels


def noise(seed: int, pages: int = 50, columns: int = 4) -> LabelledNight:
    """Features that say a little about three classes, with gaps."""
    rng = np.random.default_rng(seed)
    labels = np.arange(pages) % 3
    features = rng.standard_normal((pages, columns)) + labels[:, None]
    features[rng.random(features.shape) < 0.1] = np.nan
    return features, labels


def test_a_difference_in_heart_rate_is_learned_across_people() -> None:
    nights = [night(seed) for seed in range(5)]
    assert nights[0][0].shape == (PAGES, len(NAMES))
    test, labels = nights[4]
    (probabilities,) = stage_fold(nights[:4], [test], 2)
    assert (probabilities.argmax(1) == labels).mean() > 0.9


def test_probabilities_are_of_every_class_and_sum_to_one() -> None:
    train = [noise(seed) for seed in range(3)]
    for probabilities in stage_fold(train, [noise(7)[0], noise(8)[0][:1]], 3):
        assert probabilities.dtype == np.float64
        assert probabilities.min() > 0
        assert probabilities.sum(1) == pytest.approx(1)


def test_what_is_missing_takes_the_median_of_the_training_pages() -> None:
    train = [noise(1), noise(2)]
    classifier = fit(train)
    medians = np.nanmedian(np.concatenate([features for features, _ in train]), axis=0)
    assert classifier["simpleimputer"].statistics_ == pytest.approx(medians)
    missing = predict(classifier, np.full((1, 4), np.nan), 3)
    assert missing == pytest.approx(predict(classifier, medians[None], 3))


def test_no_test_night_takes_part_in_the_fit() -> None:
    train, test = [noise(1), noise(2)], noise(3)[0]
    alone = stage_fold(train, [test], 3)[0]
    beside = stage_fold(train, [1e6 * noise(4)[0], test], 3)[1]
    assert np.array_equal(alone, beside)
    page_by_page = [stage_fold(train, [test[[page]]], 3)[0][0] for page in range(5)]
    assert np.stack(page_by_page) == pytest.approx(alone[:5])


def test_unscored_pages_teach_nothing() -> None:
    features, labels = noise(1)
    more = np.concatenate([features, 100 + features])
    marked = np.concatenate([labels, np.full(len(labels), UNSCORED)])
    test = noise(2)[0]
    want = stage_fold([(features, labels)], [test], 3)[0]
    assert np.array_equal(stage_fold([(more, marked)], [test], 3)[0], want)


def test_a_class_that_no_training_night_has_gets_nothing() -> None:
    features, labels = noise(1)
    (probabilities,) = stage_fold([(features, np.where(labels == 1, 2, labels))], [features], 4)
    assert probabilities.shape == (50, 4)
    assert (probabilities[:, [1, 3]] == 0).all()
    assert probabilities.sum(1) == pytest.approx(1)


def test_a_column_nobody_could_measure_does_no_harm() -> None:
    features, labels = noise(1)
    empty = np.column_stack([features, np.full(len(features), np.nan)])
    (probabilities,) = stage_fold([(empty, labels)], [empty], 3)
    assert probabilities.sum(1) == pytest.approx(1)
    assert (probabilities.argmax(1) == labels).mean() > 0.5


def test_one_class_is_refused_with_what_was_found() -> None:
    features, labels = noise(1)
    with pytest.raises(ValueError, match=r"2 training nights have pages of the classes \[1\]"):
        fit([(features, np.ones_like(labels))] * 2)
