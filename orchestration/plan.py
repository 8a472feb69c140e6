"""A plan: what a sweep does, written down and checked. Presets are in `plans.py`."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from datasets.stages import SCHEMES
from datasets.windows import SCALINGS
from kd_core.fit import Training
from kd_core.methods import METHODS
from kd_core.models import MODELS, model_spec, tap_lengths
from kd_core.objectives.attention import VARIANTS, layers_of
from orchestration.experiment import Point

SPLITS = ("subjects", "released")


@dataclass(frozen=True, kw_only=True)
class Search:
    """What Optuna looks for and how much it may spend. Every part is a field of the plan."""

    trials: int = 32  # points, per scheme; 0 turns the search off
    methods: tuple[str, ...] = ("SD+CL", "AT+CL", "AT+SD+CL")
    alpha: tuple[float, float] = (0.05, 0.95)  # searched only where softmax distillation is on
    temperature: tuple[float, float] = (1.0, 8.0)  # likewise; on a log scale
    layers: tuple[str, ...] = ("all", "encoder", "bottleneck", "decoder", "deep")  # only with AT
    startup: int = 8  # random points before TPE takes over
    round: int = 4  # points drawn together; many machines want many, TPE learns more from few
    # A trial stops once its rival beats it with a p below this; 0: never. At a half it stops once
    # it is behind, as SMAC drops challengers: what is lost are near equals, which seeds part more.
    prune_p: float = 0.5
    concurrent: int = 0  # trials at a time; 0 is as many as the resources hold

    def __post_init__(self) -> None:
        _known("search.methods", self.methods, METHODS)
        if "EEG baseline" in self.methods:
            raise ValueError("search.methods: the search is for ECG; leave out 'EEG baseline'.")
        _at_least("search.trials", self.trials, 0)
        _at_least("search.startup", self.startup, 0)
        _at_least("search.round", self.round, 1)
        _at_least("search.concurrent", self.concurrent, 0)
        if not 0.0 <= self.prune_p <= 1.0:
            raise ValueError(f"search.prune_p is {self.prune_p}; it must lie in 0..1.")
        low, high = self.alpha
        if not 0.0 <= low <= high <= 1.0:
            raise ValueError(f"search.alpha is {self.alpha}; it must be LOW HIGH within 0..1.")
        low, high = self.temperature
        if not 0.0 < low <= high < math.inf:
            raise ValueError(f"search.temperature is {self.temperature}; it must be LOW HIGH > 0.")


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Where and how wide it runs; nothing here enters a key.

    More workers take the same steps on the same batches, but each normalises its own share, so
    scores differ a little from those of one worker.
    """

    workers: int = 1  # data-parallel workers a training run
    cpus: float = 1.0  # CPUs a worker
    gpus: float = -1.0  # GPUs a worker, or a fraction of one; -1: one if the cluster has any
    groups: int = 0  # training runs at a time; 0 is as many as the resources hold
    retries: int = 2  # how many workers a run may lose before it has finished a phase more
    dashboard: bool = True  # Ray's dashboard for an embedded Ray, on the loopback address
    mlflow: str = ""  # tracking URI; "" is what MLFLOW_TRACKING_URI says, if it is set

    def __post_init__(self) -> None:
        _at_least("runtime.workers", self.workers, 1)
        _at_least("runtime.groups", self.groups, 0)
        _at_least("runtime.retries", self.retries, 0)
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
    methods: tuple[str, ...] = tuple(METHODS)  # rows of the table
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
        _known("schemes", self.schemes, SCHEMES)
        _known("methods", self.methods, METHODS)
        _known("teacher", [self.teacher], MODELS)
        _known("student", [self.student], MODELS)
        _known("scaling", [self.scaling], SCALINGS)
        _known("split", [self.split], SPLITS)
        _known("variant", [self.variant], VARIANTS)
        _at_least("folds", self.folds, 2)
        _at_least("segments", self.segments, 1)
        _at_least("seed", self.seed, 0)
        _at_least("seeds", self.seeds, 1)
        self._check_sizes()
        self._check_points()

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
        if self.training.batch < self.runtime.workers:
            raise ValueError(
                f"training.batch is {self.training.batch} windows, too few for runtime.workers "
                f"{self.runtime.workers}; each worker needs one."
            )

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


def _known(name: str, values: Sequence[str], allowed: Iterable[str]) -> None:
    rows = list(allowed)
    unknown = [value for value in values if value not in rows]
    if unknown or not values:
        raise ValueError(f"{name}: {unknown or 'nothing'} is not known; choose from {rows}.")


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{name} is {value}; it must be {least} or more.")
