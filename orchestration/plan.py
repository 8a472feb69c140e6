"""A plan: what a sweep does, written down and checked. Presets are in `plans.py`."""

from dataclasses import dataclass, field
from typing import Protocol

from datasets.stages import SCHEMES
from datasets.windows import SCALINGS
from kd_core.fit import Training
from kd_core.methods import STAGING
from kd_core.models import MODELS, model_spec, tap_lengths
from kd_core.objectives.attention import VARIANTS, layers_of
from orchestration.experiment import Point
from orchestration.searched import AnySearch, Search, at_least, known

__all__ = ["Plan", "Runtime", "Search", "SearchedPlan"]

SPLITS = ("subjects", "released")


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Where and how wide it runs; nothing here enters a key.

    More workers take the same steps on the same batches. But BatchNorm sees a worker's share
    alone, augmentation is drawn for it alone, and a last batch of fewer windows than workers is
    left out, so scores differ a little from those of one worker.
    """

    workers: int = 1  # data-parallel workers a training run
    cpus: float = 1.0  # CPUs a worker
    gpus: float = -1.0  # GPUs a worker, or a fraction of one; -1: one if the cluster has any
    groups: int = 0  # training runs at a time; 0 is as many as the resources hold
    retries: int = 2  # how many workers a run may lose before it has finished a phase more
    dashboard: bool = True  # Ray's dashboard for an embedded Ray, on the loopback address
    mlflow: str = ""  # tracking URI; "" is what MLFLOW_TRACKING_URI says, if it is set

    def __post_init__(self) -> None:
        at_least("runtime.workers", self.workers, 1)
        at_least("runtime.groups", self.groups, 0)
        at_least("runtime.retries", self.retries, 0)
        if not self.cpus > 0:
            raise ValueError(f"runtime.cpus is {self.cpus}; it must be above 0.")
        if self.gpus != -1 and (self.gpus < 0 or (self.gpus > 1 and self.gpus % 1)):
            raise ValueError(
                f"runtime.gpus is {self.gpus}; it must be -1, a fraction, or a whole number."
            )
        if "@" in self.mlflow or "?" in self.mlflow:
            raise ValueError(
                "runtime.mlflow holds credentials or options, and a plan is printed and kept. "
                "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD instead."
            )
        if self.trials_in_group and not self.dashboard:
            raise ValueError(
                "runtime: without its dashboard Ray never frees the worker group of a trial whose "
                "own process dies. Set --runtime.workers 1 or leave the dashboard on."
            )

    @property
    def trials_in_group(self) -> bool:
        """Whether a trial owns a Ray Train worker group; one worker trains in the trial itself."""
        return self.workers > 1


def check_batch(training: Training, runtime: Runtime) -> None:
    """A ValueError where a batch has not a row for each worker."""
    if training.batch < runtime.workers:
        raise ValueError(
            f"training.batch is {training.batch}, too few for runtime.workers "
            f"{runtime.workers}; each worker needs one."
        )


def check_variant(variant: str, runtime: Runtime) -> None:
    """A ValueError where attention transfer needs a batch whole, and workers share it."""
    if variant == "reference" and runtime.workers > 1:
        raise ValueError(
            f"variant 'reference' compares maps over a whole batch, of which each of "
            f"{runtime.workers} runtime.workers has a share. Set --runtime.workers 1, or another "
            "--variant."
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One sweep: data and folds, networks, the methods to compare, the search, the machines."""

    schemes: tuple[str, ...] = ("W-N-R", "W-L-D-R")
    split: str = "subjects"  # "subjects": our stratified folds; "released": the authors' hold-out
    folds: int = 5  # parts the people are divided into: one tests, one validates, the rest train
    use_folds: int = 0  # how many of the folds are run; 0 is all, 1 is a hold-out
    scaling: str = "night"  # a row of datasets.windows.SCALINGS
    segments: int = 35  # T, 30 s segments a window; U-Time's 35
    teacher: str = "context"  # a row of MODELS, reads the EEG
    student: str = "context"  # a row of MODELS, reads the ECG
    methods: tuple[str, ...] = tuple(STAGING)  # rows of the table
    alpha: float = 0.5  # the paper's point
    temperature: float = 1.0  # the paper's point
    layers: str = "all"  # the paper's point
    variant: str = "paper"  # of the attention transfer
    weighted: bool = True  # class weights in the cross-entropy, Eq. 1
    training: Training = field(default_factory=Training)
    search: Search = field(default_factory=Search)
    runtime: Runtime = field(default_factory=Runtime)
    seed: int = 42
    seeds: int = 1  # trainings of each method of the table, on the same folds, from `seed` up

    def __post_init__(self) -> None:
        known("schemes", self.schemes, SCHEMES)
        known("methods", self.methods, STAGING)
        known("teacher", [self.teacher], MODELS)
        known("student", [self.student], MODELS)
        known("scaling", [self.scaling], SCALINGS)
        known("split", [self.split], SPLITS)
        known("variant", [self.variant], VARIANTS)
        at_least("folds", self.folds, 2)
        at_least("segments", self.segments, 1)
        at_least("seed", self.seed, 0)
        at_least("seeds", self.seeds, 1)
        if self.training.augment and self.scaling == "segment":
            raise ValueError(
                "training.augment turns windows over, and those of scaling 'segment' lie in 0..1 "
                "wherever a network is used. Set --training.no-augment, or --scaling night."
            )
        self._check_sizes()
        self._check_points()

    @property
    def baseline(self) -> str:
        """The method that a distilled one has to beat."""
        return "ECG baseline"

    @property
    def trial_methods(self) -> tuple[str, ...]:
        """Methods that the search draws from; none if it is off."""
        return self.search.methods if self.search.trials else ()

    def point(self, method: str) -> Point:
        """The plan's fixed point for a method: the row of the paper's table."""
        return Point(
            method=method,
            alpha=self.alpha,
            temperature=self.temperature,
            layers=self.layers,
            variant=self.variant,
        )

    def _check_sizes(self) -> None:
        if not 0 <= self.use_folds <= self.folds:
            raise ValueError(f"use_folds is {self.use_folds}; it must be 0 (all) to {self.folds}.")
        check_batch(self.training, self.runtime)

    def _check_points(self) -> None:
        """Both networks must have the taps that attention transfer compares, of equal length."""
        student, teacher = (tap_lengths(model_spec(n, 2)) for n in (self.student, self.teacher))
        named: list[str] = []
        if any("layers" in self.point(method).parameters for method in self.methods):
            named.append(self.layers)
        if any("layers" in self.point(method).parameters for method in self.trial_methods):
            named += self.search.layers
        for name in named:
            layers_of(name, student, teacher)
        if named:
            check_variant(self.variant, self.runtime)


class SearchedPlan(Protocol):
    """What a search needs of a plan, whether it is of stagers or of denoisers."""

    @property
    def search(self) -> AnySearch:
        """What Optuna looks for."""

    @property
    def runtime(self) -> Runtime:
        """Where and how wide it runs."""

    @property
    def methods(self) -> tuple[str, ...]:
        """Rows of the table."""

    @property
    def baseline(self) -> str:
        """The method that every trial has to beat."""

    @property
    def seed(self) -> int:
        """Of the training and of the search."""

    def point(self, method: str) -> Point:
        """The plan's fixed point for a method."""
