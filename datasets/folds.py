"""Divisions of a cohort into training, validation and test subjects.

Subjects in, Folds out: tuples of names, nothing else, so a row of a test subject cannot reach
training. People with more than one night are never divided.

Differs from scikit-learn's StratifiedGroupKFold: it refuses or leaves folds empty where a subset
has fewer people than there are folds; dealing people out like cards needs no exception.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from datasets.parquet import Subject
from datasets.stages import ClassScheme

MIN_FOLDS = 2
PARTS = {"train": "training", "validation": "validation", "test": "test"}  # field: in words
# Subject numbers that the authors' released code holds out, by subset (acrophase/
# Sleep_Staging_KD: 80 and 90 % of each subset after shuffling with seed 42).
RELEASED_TEST = {
    "SS1": (2, 8, 16, 18, 41, 48),
    "SS2": (1, 4),
    "SS3": (6, 19, 25, 36, 41, 56, 62),
    "SS4": (13, 27, 35, 36),
    "SS5": (2, 3, 23),
}
RELEASED_VALIDATION = {
    "SS1": (7, 9, 15, 35, 44),
    "SS2": (8, 9),
    "SS3": (5, 13, 24, 37, 40, 47),
    "SS4": (1, 15, 18, 29),
    "SS5": (8, 10, 22),
}


@dataclass(frozen=True)
class Fold:
    """One division of the subjects; names, sorted."""

    index: int
    train: tuple[str, ...]
    """Networks and class weights learn from these; a night is scaled by itself."""
    validation: tuple[str, ...]
    """These choose: the epoch, the trial."""
    test: tuple[str, ...]
    """These are opened once, for what was chosen."""

    def __post_init__(self) -> None:
        sizes = {part: len(getattr(self, part)) for part in PARTS}
        if not all(sizes.values()):
            raise ValueError(f"fold {self.index} has an empty part: {sizes}. Add subjects.")
        names = Counter(self.train + self.validation + self.test)
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            raise ValueError(f"fold {self.index} names {twice} more than once; allowed is once.")


def make_folds(subjects: Sequence[Subject], folds: int, seed: int) -> tuple[Fold, ...]:
    """Folds in which each subject is tested once, people stay together and subsets are spread.

    Test takes 1/folds of the people, validation as many but at most about a third of the rest:
    10 folds give 80:10:10 and, from 4 folds on, each subject also validates once.
    """
    people = _dealt(subjects, seed)
    _check_enough(len(people), folds)
    return tuple(_fold(people, index, folds) for index in range(folds))


def released_fold(subjects: Sequence[Subject]) -> Fold:
    """The hold-out of the authors' released code; what the cohort lacks is left out."""
    tested, validated = _mass_names(RELEASED_TEST), _mass_names(RELEASED_VALIDATION)
    names = {subject.name for subject in subjects}
    fold = Fold(
        index=0,
        train=tuple(sorted(names - tested - validated)),
        validation=tuple(sorted(names & validated)),
        test=tuple(sorted(names & tested)),
    )
    _check_people(fold, subjects)
    return fold


def missing_classes(fold: Fold, subjects: Sequence[Subject], scheme: ClassScheme) -> list[str]:
    """A sentence for each class of the scheme that a part of the fold has no segment of."""
    stages = {subject.name: subject.stages for subject in subjects}
    class_of = np.array(scheme.class_of)
    sentences = []
    for part, words in PARTS.items():
        names = getattr(fold, part)
        counts = np.zeros(len(scheme.classes), np.int64)
        for name in names:
            np.add.at(counts, class_of, stages[name])
        sentences += [
            f"fold {fold.index}: no segment of class {scheme.classes[index]} "
            f"among its {len(names)} {words} subjects"
            for index in np.flatnonzero(counts == 0)
        ]
    return sentences


def _dealt(subjects: Sequence[Subject], seed: int) -> list[tuple[str, ...]]:
    """The subjects of each person, in an order in which every n-th person is a fair sample.

    Sorted by subset, then by nights; who follows whom within that is drawn.
    """
    nights: dict[str, list[Subject]] = {}
    for subject in sorted(subjects, key=lambda subject: subject.name):
        nights.setdefault(subject.person, []).append(subject)
    people = list(nights.values())
    drawn = [people[i] for i in np.random.default_rng(seed).permutation(len(people))]
    drawn.sort(key=lambda own: (own[0].subset, -len(own)))  # keeps the drawn order among equals
    return [tuple(subject.name for subject in own) for own in drawn]


def _fold(people: list[tuple[str, ...]], index: int, folds: int) -> Fold:
    """Every `folds`-th person tests; of the rest every n-th validates."""
    rest = [own for place, own in enumerate(people) if place % folds != index]
    step = max(3, folds - 1)  # 1/folds of all is 1/(folds - 1) of the rest
    first = index % min(step, len(rest))
    return Fold(
        index=index,
        train=_names(own for place, own in enumerate(rest) if place % step != first),
        validation=_names(rest[first::step]),
        test=_names(people[index::folds]),
    )


def _names(people: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted(name for own in people for name in own))


def _check_enough(people: int, folds: int) -> None:
    """Each fold needs somebody to test, somebody to validate and somebody to learn from."""
    if folds < MIN_FOLDS:
        raise ValueError(f"folds is {folds}; allowed are {MIN_FOLDS} and more.")
    needed = max(folds, 4 if folds == MIN_FOLDS else 3)
    if people < needed:
        raise ValueError(
            f"{people} people are too few for {folds} folds, which need {needed}: in each fold "
            "somebody to train on, to validate and to test. Ask for fewer folds or add nights."
        )


def _check_people(fold: Fold, subjects: Sequence[Subject]) -> None:
    """A fixed list of subjects must not divide a person."""
    part_of = {name: part for part in PARTS for name in getattr(fold, part)}
    parts: dict[str, set[str]] = {}
    for subject in subjects:
        parts.setdefault(subject.person, set()).add(part_of[subject.name])
    divided = sorted(person for person, found in parts.items() if len(found) > 1)
    if divided:
        raise ValueError(
            f"the released split divides the nights of {divided}; use make_folds for this cohort."
        )


def _mass_names(numbers: Mapping[str, tuple[int, ...]]) -> set[str]:
    return {f"01-0{subset[2]}-{n:04d}" for subset, own in numbers.items() for n in own}
