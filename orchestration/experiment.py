"""An experiment, the phases it unfolds into, and the names they are stored under. Pure; no Ray.

    teacher(fold)  ->  attention(student, layer set)  ->  final(method, alpha, temperature)

A phase is named by a hash of everything that decides its weights and of nothing else, so equal
training is found, never repeated, whichever experiment asks for it.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Protocol

from datasets.folds import Fold
from kd_core.fit import Training
from kd_core.methods import METHODS, OBJECTIVES, Step
from kd_core.models import ModelSpec, tap_lengths
from kd_core.objectives.attention import layers_of
from orchestration.keys import key_of
from orchestration.staging.denoiser import DenoisedBy


@dataclass(frozen=True, kw_only=True)
class Point:
    """One choice of method and hyperparameters: what the search moves."""

    method: str
    alpha: float = 0.5  # weight of the teacher's opinion: softened classes, or a signal
    temperature: float = 1.0
    beta: float = 0.0  # weight of attention transfer beside a denoiser's other terms
    layers: str = "all"  # a row of LAYER_SETS, or tap names joined by '+'
    variant: str = "paper"  # of the attention transfer

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"There is no method {self.method!r}; there is {sorted(METHODS)}.")
        if not 0.0 <= self.alpha <= 1.0:
            raise ValueError(f"alpha is {self.alpha}; it must lie in 0..1.")
        if not self.temperature > 0.0:
            raise ValueError(f"temperature is {self.temperature}; it must be above 0.")
        if not 0.0 <= self.beta < math.inf:
            raise ValueError(f"beta is {self.beta}; it must be 0 or more, and finite.")

    @property
    def parameters(self) -> tuple[str, ...]:
        """The hyperparameters that this method depends on, in a fixed order."""
        return tuple(
            p for step in METHODS[self.method] for p in OBJECTIVES[step.objective].parameters
        )

    def __str__(self) -> str:
        values = [f"{n}={_short(getattr(self, n))}" for n in self.parameters if n != "variant"]
        return " ".join([self.method, *values])


class AnyExperiment(Protocol):
    """One point on one fold, whether networks stage sleep or denoise an ECG."""

    @property
    def fold(self) -> Fold:
        """Who trains, who chooses, who tests."""

    @property
    def scheme(self) -> str:
        """What is learned: a row of SCHEMES; of a denoiser, which noise it hears."""

    @property
    def point(self) -> Point:
        """The method and its hyperparameters."""

    def spec_of(self, step: Step) -> dict[str, Any]:
        """What decides this step's weights, resolved: unused hyperparameters do not appear."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One point on one fold: everything that decides a result, nothing that does not."""

    windows: str  # key of the ingested windows
    data: Mapping[str, str]  # training and validation subject -> digits of its source hash
    fold: Fold
    scheme: str  # a row of SCHEMES
    scaling: str  # a row of datasets.windows.SCALINGS
    segments: int  # T, segments a window
    point: Point
    teacher: ModelSpec
    student: ModelSpec
    weighted: bool  # class weights in the cross-entropy, Eq. 1
    training: Training
    seed: int
    denoiser: DenoisedBy | None = None  # what the ECG of all nights went through

    def spec_of(self, step: Step) -> dict[str, Any]:
        """What decides this step's weights, resolved: unused hyperparameters do not appear."""
        model = self.teacher if step.view == "teacher_view" else self.student
        row = OBJECTIVES[step.objective]
        return {
            "windows": self.windows,
            "data": dict(self.data),
            "train": list(self.fold.train),
            "validation": list(self.fold.validation),
            "scheme": self.scheme,
            "scaling": self.scaling,
            "segments": self.segments,
            "model": asdict(model),
            "parameters": parameters_of(self.point, step, self.teacher, self.student),
            "weighted": self.weighted and row.uses_labels,
            "training": training_of(self.training, step),
            "seed": self.seed,
        } | ({"denoiser": self.denoiser._asdict()} if self.denoiser else {})


@dataclass(frozen=True)
class Phase:
    """One training run: its step, its resolved spec, and the phases it stands on."""

    fold: int  # for people; the lists of subjects in the spec are what decides
    step: Step
    spec: Mapping[str, Any]  # JSON values only
    parents: Mapping[str, str]  # role ("teacher", "start") -> key

    @cached_property
    def key(self) -> str:
        """The phase's name in the store."""
        decides = {"step": asdict(self.step), **self.spec}
        if "denoiser" in self.spec:
            decides["denoiser"] = self.spec["denoiser"]["digest"]  # its name is for people
        return key_of(decides, self.parents)

    @property
    def task(self) -> str:
        """What its networks are for, a row of orchestration.phases.TASKS."""
        return str(self.spec.get("task", "staging"))

    def __str__(self) -> str:
        label = f"{self.spec['scheme']} fold {self.fold} {self.step.phase}"
        values = (f"{k}={_short(v)}" for k, v in self.spec["parameters"].items() if k != "variant")
        return " ".join([label, self.step.objective, *values])


def phases_of(experiment: AnyExperiment) -> tuple[Phase, ...]:
    """The experiment's phases in the order they must be trained; the last one is its result."""
    phases: list[Phase] = []
    for step in METHODS[experiment.point.method]:
        parents = {}
        if step.needs_teacher:
            parents["teacher"] = phases[0].key
        if step.continues:
            parents["start"] = phases[-1].key
        phases.append(Phase(experiment.fold.index, step, experiment.spec_of(step), parents))
    return tuple(phases)


def parameters_of(
    point: Point, step: Step, teacher: ModelSpec, student: ModelSpec
) -> dict[str, Any]:
    """Values of the hyperparameters that a step depends on; a layer set becomes its taps."""
    names = OBJECTIVES[step.objective].parameters
    values: dict[str, Any] = {name: getattr(point, name) for name in names}
    if "layers" in values:
        taps = layers_of(point.layers, tap_lengths(student), tap_lengths(teacher))
        values["layers"] = list(taps)
    return values


def training_of(training: Training, step: Step) -> dict[str, Any]:
    """How a step is trained, without what makes no difference to it."""
    values = asdict(training)
    if not OBJECTIVES[step.objective].uses_labels:
        del values["select"]  # the best epoch is the one of least loss
    if training.schedule == "constant":
        del values["schedule"]  # as before there were schedules, so that their phases are found
    return values


def _short(value: Any) -> str:
    """A hyperparameter for people."""
    if isinstance(value, list):
        return "+".join(value) if len(value) < 4 else f"{value[0]}..{value[-1]}"
    return value if isinstance(value, str) else f"{value:.3g}"
