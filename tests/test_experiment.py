"""Experiments unfold into phases whose names say what was trained, and nothing else."""

from dataclasses import replace

import pytest

from datasets.folds import Fold
from kd_core.fit import Training
from kd_core.models import MODELS
from orchestration.experiment import Experiment, Point, phases_of
from orchestration.keys import key_of


def experiment(**changes: object) -> Experiment:
    """AT+SD+CL on a small fold, with some fields replaced."""
    whole = Experiment(
        windows="w",
        data={"a": "1", "b": "2", "c": "3"},
        fold=Fold(0, ("a", "b"), ("c",), ("d",)),
        scheme="W-N-R",
        scaling="night",
        segments=4,
        point=Point(method="AT+SD+CL"),
        teacher=MODELS["tiny"](3),
        student=MODELS["tiny"](3),
        weighted=True,
        training=Training(epochs=1),
        seed=1,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def keys(**changes: object) -> list[str]:
    return [phase.key for phase in phases_of(experiment(**changes))]


def test_a_distilled_student_stands_on_a_teacher_and_an_attention_phase() -> None:
    teacher, attention, final = phases_of(experiment())
    assert [p.step.phase for p in (teacher, attention, final)] == ["teacher", "attention", "final"]
    assert attention.parents == {"teacher": teacher.key}
    assert final.parents == {"teacher": teacher.key, "start": attention.key}


def test_alpha_and_temperature_change_the_final_phase_alone() -> None:
    before, after = keys(), keys(point=Point(method="AT+SD+CL", alpha=0.7, temperature=3.0))
    assert before[:2] == after[:2]
    assert before[2] != after[2]


def test_a_layer_set_changes_the_attention_phase_but_not_the_teacher() -> None:
    before, after = keys(), keys(point=Point(method="AT+SD+CL", layers="encoder"))
    assert before[0] == after[0]
    assert before[1] != after[1]
    assert before[2] != after[2]


def test_a_parameter_that_a_method_ignores_changes_nothing() -> None:
    assert keys(point=Point(method="SD+CL")) == keys(point=Point(method="SD+CL", layers="encoder"))
    assert keys(point=Point(method="AT+CL")) == keys(point=Point(method="AT+CL", alpha=0.9))


def test_all_methods_share_the_teacher_of_the_eeg_baseline() -> None:
    (teacher,) = keys(point=Point(method="EEG baseline"))
    for method in ("SD+CL", "AT+CL", "AT+SD+CL"):
        assert keys(point=Point(method=method))[0] == teacher


def test_the_student_network_and_the_test_subjects_do_not_name_the_teacher() -> None:
    assert keys(student=MODELS["tiny"](3))[0] == keys()[0]
    assert keys(fold=Fold(0, ("a", "b"), ("c",), ("e",))) == keys()


def test_named_and_spelled_out_layer_sets_are_one_phase() -> None:
    spelled = "+".join(
        phases_of(experiment(point=Point(method="AT+CL", layers="encoder")))[1].spec["parameters"][
            "layers"
        ]
    )
    assert keys(point=Point(method="AT+CL", layers=spelled)) == keys(
        point=Point(method="AT+CL", layers="encoder")
    )


def test_a_key_does_not_depend_on_the_order_of_fields() -> None:
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})


@pytest.mark.parametrize(
    "wrong",
    [{"method": "KD"}, {"method": "SD+CL", "alpha": 1.5}, {"method": "SD+CL", "temperature": 0.0}],
)
def test_a_point_that_means_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"method|alpha|temperature"):
        Point(**wrong)  # type: ignore[arg-type]
