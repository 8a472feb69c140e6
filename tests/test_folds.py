"""Folds: nobody in two parts, everybody tested once, subsets spread, people kept together."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.folds import Fold, make_folds, missing_classes, released_fold
from datasets.parquet import Subject
from datasets.stages import SCHEMES

MASS = {"SS1": 53, "SS2": 19, "SS3": 62, "SS4": 40, "SS5": 26}  # MASS cohort 1
MASS_NUMBERS = {name: [*range(1, count + 1)] for name, count in MASS.items()}
MASS_NUMBERS["SS3"] = [n for n in range(1, 65) if n not in (43, 49)]  # as published
STAGES = (30, 20, 100, 30, 40)


def subject(
    name: str, subset: str = "SS1", person: str = "", stages: tuple[int, ...] = STAGES
) -> Subject:
    return Subject(name, subset, person or name, "f00d", stages, "EEG C3-LER", "ECG ECGI", 30)


def mass() -> list[Subject]:
    return [
        subject(f"01-0{subset[2]}-{number:04d}", subset)
        for subset, numbers in MASS_NUMBERS.items()
        for number in numbers
    ]


def people(nights: Sequence[int], subsets: int) -> list[Subject]:
    """A person for each entry, with so many nights, dealt over the subsets."""
    return [
        subject(f"{who:02d}-{night}", f"SS{who % subsets + 1}", f"person {who}")
        for who, count in enumerate(nights)
        for night in range(count)
    ]


cohorts = st.builds(
    people, st.lists(st.integers(1, 3), min_size=4, max_size=40), st.integers(1, 5)
)


@given(cohorts, st.integers(2, 4), st.integers(0, 9))
def test_nobody_is_in_two_parts_and_everybody_is_in_one(
    cohort: list[Subject], folds: int, seed: int
) -> None:
    names = {own.name for own in cohort}
    person = {own.name: own.person for own in cohort}
    for fold in make_folds(cohort, folds, seed):
        parts = [set(fold.train), set(fold.validation), set(fold.test)]
        assert set.union(*parts) == names
        assert sum(len(part) for part in parts) == len(names)
        sleepers = [{person[name] for name in part} for part in parts]
        assert sum(len(part) for part in sleepers) == len(set(person.values()))


@given(cohorts, st.integers(2, 4), st.integers(0, 9))
def test_everybody_is_tested_once(cohort: list[Subject], folds: int, seed: int) -> None:
    tested = Counter(name for fold in make_folds(cohort, folds, seed) for name in fold.test)
    assert tested == Counter(own.name for own in cohort)


@given(cohorts, st.integers(0, 9))
def test_from_four_folds_on_everybody_validates_once(cohort: list[Subject], seed: int) -> None:
    checked = Counter(name for fold in make_folds(cohort, 4, seed) for name in fold.validation)
    assert checked == Counter(own.name for own in cohort)


def test_ten_folds_of_mass_are_80_10_10_in_every_subset() -> None:
    for fold in make_folds(mass(), 10, seed=3):
        assert (len(fold.train), len(fold.validation), len(fold.test)) == (160, 20, 20)
        for part in (fold.validation, fold.test):
            counts = Counter(f"SS{name[4]}" for name in part)
            assert all(abs(counts[subset] - MASS[subset] / 10) < 1 for subset in MASS)


def test_a_seed_gives_its_folds_whatever_the_order_and_another_seed_others() -> None:
    cohort = mass()
    assert make_folds(cohort, 5, seed=1) == make_folds(cohort[::-1], 5, seed=1)
    assert make_folds(cohort, 5, seed=1) != make_folds(cohort, 5, seed=2)


@pytest.mark.parametrize("subsets", [1, 4])
def test_four_people_make_two_folds(subsets: int) -> None:
    for fold in make_folds(people([1] * 4, subsets), 2, seed=0):
        assert (len(fold.train), len(fold.validation), len(fold.test)) == (1, 1, 2)


def test_two_of_twelve_people_with_two_nights_test_them_together() -> None:
    cohort = people([2, 2] + [1] * 10, 1)
    folds = make_folds(cohort, 4, seed=0)
    assert sorted(len(fold.test) for fold in folds) == [3, 3, 4, 4]
    assert any({"00-0", "00-1"} <= set(fold.test) for fold in folds)


@pytest.mark.parametrize(("count", "folds", "needed"), [(3, 2, 4), (2, 3, 3), (9, 10, 10)])
def test_too_few_people_for_the_folds_are_an_error(count: int, folds: int, needed: int) -> None:
    with pytest.raises(ValueError, match=f"{count} people .* {folds} folds, which need {needed}"):
        make_folds(people([2] * count, 1), folds, seed=0)


def test_one_fold_is_no_division() -> None:
    with pytest.raises(ValueError, match="folds is 1; allowed are 2 and more"):
        make_folds(mass(), 1, seed=0)


def test_the_released_fold_holds_out_what_the_authors_did() -> None:
    fold = released_fold(mass())
    assert (len(fold.train), len(fold.validation), len(fold.test)) == (158, 20, 22)
    assert {"01-01-0002", "01-03-0062", "01-05-0023"} <= set(fold.test)
    assert {"01-01-0044", "01-02-0009", "01-05-0022"} <= set(fold.validation)


def test_the_released_fold_leaves_out_what_the_cohort_lacks() -> None:
    fold = released_fold([own for own in mass() if own.subset == "SS2"])
    assert fold.test == ("01-02-0001", "01-02-0004")
    assert fold.validation == ("01-02-0008", "01-02-0009")
    with pytest.raises(ValueError, match=r"empty part.*'validation': 0"):
        released_fold([own for own in mass() if own.name < "01-01-0004"])


def test_the_released_fold_refuses_to_divide_a_person() -> None:
    cohort = [subject(own.name, own.subset, "Ada") for own in mass()]
    with pytest.raises(ValueError, match=r"divides the nights of \['Ada'\]"):
        released_fold(cohort)


def test_a_fold_checks_its_parts() -> None:
    with pytest.raises(ValueError, match=r"names \['a'\] more than once"):
        Fold(0, train=("a", "b"), validation=("c",), test=("a",))
    with pytest.raises(ValueError, match="'test': 0"):
        Fold(0, train=("a",), validation=("c",), test=())


def test_a_class_that_a_part_lacks_is_named() -> None:
    cohort = [subject(name) for name in "abc"]
    cohort[0] = subject("a", stages=(5, 1, 0, 1, 0))
    fold = Fold(1, train=("a",), validation=("b",), test=("c",))
    want = "fold 1: no segment of class R among its 1 training subjects"
    assert missing_classes(fold, cohort, SCHEMES["W-N-R"]) == [want]
    assert len(missing_classes(fold, cohort, SCHEMES["W-N1-N2-N3-R"])) == 2
