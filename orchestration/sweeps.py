"""A sweep: one plan on one cohort. It makes the experiments; searching and scoring walk them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from datasets.folds import Fold, make_folds, missing_classes, released_fold
from datasets.parquet import Subject
from datasets.stages import SCHEMES
from kd_core.models import model_spec
from orchestration.experiment import AnyExperiment, Experiment, Point, phases_of
from orchestration.keys import key_of
from orchestration.nights import source_of
from orchestration.plan import Plan, SearchedPlan
from orchestration.staging.denoiser import DenoisedBy


class AnySweep(Protocol):
    """A plan on some recordings, whether of stagers or of denoisers: what is searched."""

    @property
    def plan(self) -> SearchedPlan:
        """What is to be done."""

    @property
    def folds(self) -> Sequence[Fold]:
        """Divisions of the people."""

    def over_folds(self, scheme: str, point: Point) -> Sequence[AnyExperiment]:
        """One point on every fold, in order: what a trial runs."""


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A plan, the nights it runs on, and the folds they are divided into."""

    plan: Plan
    windows: str  # key of the ingested nights
    subjects: tuple[Subject, ...]
    folds: tuple[Fold, ...]
    denoiser: DenoisedBy | None = None  # what the ECG of all nights went through

    @cached_property
    def name(self) -> str:
        """The sweep's name in the store: its phases and its search, not its machines."""
        methods = dict.fromkeys((*self.plan.methods, *self.plan.trial_methods))
        points = [(s, self.plan.point(m)) for s in self.plan.schemes for m in methods]
        asked = [e for s, p in points for e in self.over_folds(s, p)]
        asked += [e for other in self.repeats for e in other.of_methods()]
        phases = [phases_of(e)[-1].key for e in asked]
        tested = [fold.test for fold in self.folds]
        return key_of({"phases": phases, "tested": tested, "search": self.plan.search.asked})

    def experiment(self, scheme: str, fold: Fold, point: Point) -> Experiment:
        """One point on one fold."""
        plan, classes = self.plan, len(SCHEMES[scheme].classes)
        return Experiment(
            windows=self.windows,
            data={name: self.sources[name] for name in (*fold.train, *fold.validation)},
            fold=fold,
            scheme=scheme,
            scaling=plan.scaling,
            segments=plan.segments,
            point=point,
            teacher=model_spec(plan.teacher, classes),
            student=model_spec(plan.student, classes),
            weighted=plan.weighted,
            training=plan.training,
            seed=plan.seed,
            denoiser=self.denoiser,
        )

    @cached_property
    def repeats(self) -> tuple["Sweep", ...]:
        """The same folds and methods with each further seed of the plan; no search."""
        further = range(self.plan.seed + 1, self.plan.seed + self.plan.seeds)
        plans = [replace(self.plan, seed=seed, seeds=1) for seed in further]
        return tuple(replace(self, plan=plan) for plan in plans)

    def of_methods(self) -> list[Experiment]:
        """The plan's methods at their fixed points, every scheme and fold."""
        plan = self.plan
        points = [(scheme, plan.point(m)) for scheme in plan.schemes for m in plan.methods]
        return [e for scheme, point in points for e in self.over_folds(scheme, point)]

    def over_folds(self, scheme: str, point: Point) -> list[Experiment]:
        """One point on every fold, in order: what a trial runs."""
        return [self.experiment(scheme, fold, point) for fold in self.folds]

    @cached_property
    def sources(self) -> dict[str, str]:
        """What each night was cut from, in as many digits as a phase's spec holds."""
        return {subject.name: source_of(subject) for subject in self.subjects}


def make_sweep(
    plan: Plan, windows: str, subjects: Sequence[Subject], denoiser: DenoisedBy | None = None
) -> Sweep:
    """Divide the subjects and check that every fold can be trained, selected and tested.

    Raises:
        ValueError: too few people for the folds, a class absent from a part of a fold.
    """
    if plan.split == "released":
        folds: tuple[Fold, ...] = (released_fold(subjects),)
    else:
        folds = make_folds(subjects, plan.folds, plan.seed)[: plan.use_folds or plan.folds]
    sweep = Sweep(
        plan=plan, windows=windows, subjects=tuple(subjects), folds=folds, denoiser=denoiser
    )
    for scheme in plan.schemes:
        gaps = [gap for fold in folds for gap in missing_classes(fold, subjects, SCHEMES[scheme])]
        if gaps:
            raise ValueError(
                f"Scheme {scheme}: {gaps[0]} ({len(gaps)} such gap(s)). Every part of every fold "
                "needs every class: lower --folds, change --seed, or add recordings."
            )
    return sweep
