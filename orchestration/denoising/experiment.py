"""Experiments of denoisers: what decides the weights of each of their phases. Pure; no Ray."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from datasets.clean_parquet import CleanPatient
from datasets.clean_split import PARTS, split_patients
from datasets.folds import Fold
from kd_core.fit import Training
from kd_core.methods import Step
from kd_core.models import ModelSpec, denoiser_spec
from orchestration.denoising.plan import HEARD, DenoisingPlan
from orchestration.experiment import Point, parameters_of, phases_of, training_of
from orchestration.keys import key_of

# What else decides the batches: {"made": 2} and so on, once the mixing, the split of the noise,
# the band, the variation or the noise of validation change, so that old phases are not found.
MADE: dict[str, Any] = {}


@dataclass(frozen=True, kw_only=True)
class DenoisingExperiment:
    """One point on one fold of patients."""

    windows: str  # key of the ingested leads
    data: Mapping[str, str]  # training and validation patient -> digest of the records
    noise: str  # digest of the noise
    fold: Fold
    scheme: str  # a row of HEARD
    most_outside: float
    band_limited: bool
    varied: bool
    point: Point
    teacher: ModelSpec
    student: ModelSpec
    training: Training  # of a student
    teacher_training: Training
    seed: int

    @property
    def turn(self) -> int:
        """Which fifth of the noise tests: with each fold of patients another."""
        return self.fold.index

    def spec_of(self, step: Step) -> dict[str, Any]:
        """What decides this step's weights, resolved: unused hyperparameters do not appear."""
        large = step.view == "teacher_view"
        training = self.teacher_training if large else self.training
        return MADE | {
            "task": "denoising",
            "windows": self.windows,
            "data": dict(self.data),
            "noise": self.noise,
            "turn": self.turn,
            "train": list(self.fold.train),
            "validation": list(self.fold.validation),
            "scheme": self.scheme,
            "groups": list(HEARD[self.scheme]),
            "most_outside": self.most_outside,
            "band_limited": self.band_limited,
            "varied": self.varied,
            "model": asdict(self.teacher if large else self.student),
            "parameters": parameters_of(self.point, step, self.teacher, self.student),
            "training": training_of(training, step),
            "seed": self.seed,
        }


def make_sweep(
    plan: DenoisingPlan, windows: str, patients: Sequence[CleanPatient], noise: str
) -> "DenoisingSweep":
    """The sweep of those patients of whom any segment can be used.

    Raises:
        ValueError: too few patients for training, validation and test.
    """
    usable = tuple(patient for patient in patients if patient.segments)
    if len(usable) < PARTS:
        raise ValueError(
            f"{len(usable)} patients have segments of clean ECG; give {PARTS} at least, so that "
            "each can train, validate and test. ingest.csv in the storage says what was left out."
        )
    return DenoisingSweep(plan=plan, windows=windows, patients=usable, noise=noise)


@dataclass(frozen=True, kw_only=True)
class DenoisingSweep:
    """A plan, the clean ECG and the noise that it runs on, and the folds of patients."""

    plan: DenoisingPlan
    windows: str
    patients: tuple[CleanPatient, ...]
    noise: str

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        """Divisions of the patients; over all of them each tests once."""
        names = [patient.name for patient in self.patients]
        count = self.plan.use_folds or PARTS
        return tuple(split_patients(names, self.plan.seed, index) for index in range(count))

    @cached_property
    def name(self) -> str:
        """The sweep's name in the store: its phases and its search, not its machines."""
        methods = dict.fromkeys((*self.plan.methods, *self.plan.trial_methods))
        points = [(s, self.plan.point(m)) for s in self.plan.schemes for m in methods]
        keys = [phases_of(e)[-1].key for s, p in points for e in self.over_folds(s, p)]
        tested = [fold.test for fold in self.folds]
        return key_of({"phases": keys, "tested": tested, "search": self.plan.search.asked})

    def over_folds(self, scheme: str, point: Point) -> list[DenoisingExperiment]:
        """One point on every fold, in order: what a trial runs."""
        return [self._experiment(scheme, fold, point) for fold in self.folds]

    def digests(self, names: Sequence[str]) -> dict[str, str]:
        """What tells each of these patients' records from others."""
        of = {patient.name: patient.digest for patient in self.patients}
        return {name: of[name] for name in names}

    def _experiment(self, scheme: str, fold: Fold, point: Point) -> DenoisingExperiment:
        plan = self.plan
        return DenoisingExperiment(
            windows=self.windows,
            data=self.digests((*fold.train, *fold.validation)),
            noise=self.noise,
            fold=fold,
            scheme=scheme,
            most_outside=plan.most_outside,
            band_limited=plan.band_limited,
            varied=plan.varied,
            point=point,
            teacher=denoiser_spec(plan.teacher),
            student=denoiser_spec(plan.student),
            training=plan.training,
            teacher_training=plan.teacher_training,
            seed=plan.seed,
        )
