"""Stages and the schemes that merge them."""

import numpy as np
import pytest

from datasets.stages import SCHEMES, UNSCORED, ClassScheme, Stage

ALL = np.array([UNSCORED, *Stage], np.int8)


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=list(SCHEMES))
def test_every_scheme_names_every_stage_and_leaves_the_unscored_alone(scheme: ClassScheme) -> None:
    labels = scheme.labels(ALL)
    assert labels[0] == UNSCORED
    assert set(labels[1:]) == set(range(len(scheme.classes)))


def test_four_classes_merge_n1_and_n2_to_light_sleep() -> None:
    assert SCHEMES["W-L-D-R"].labels(ALL).tolist() == [-1, 0, 1, 1, 2, 3]


def test_three_classes_merge_all_of_nrem() -> None:
    assert SCHEMES["W-N-R"].labels(ALL).tolist() == [-1, 0, 1, 1, 1, 2]


def test_labels_keep_the_shape_and_are_int64() -> None:
    labels = SCHEMES["W-N1-N2-N3-R"].labels(np.zeros((2, 3), np.int8))
    assert labels.shape == (2, 3)
    assert labels.dtype == np.int64


@pytest.mark.parametrize("stage", [-2, 5])
def test_what_is_no_stage_is_refused(stage: int) -> None:
    with pytest.raises(ValueError, match="allowed are -1"):
        SCHEMES["W-N-R"].labels(np.array([0, stage], np.int8))


@pytest.mark.parametrize("class_of", [(0, 1, 1, 2), (0, 1, 1, 1, 3)])
def test_a_scheme_that_misses_a_stage_or_a_class_is_refused(class_of: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="scheme 'odd'"):
        ClassScheme("odd", ("W", "N", "R"), class_of)
