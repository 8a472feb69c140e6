"""Plans: what a sweep does, written down. A preset is a function; a variant calls another."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from datasets.stages import SCHEMES
from datasets.windows import SCALINGS
from kd_core.fit import Training
from kd_core.methods import METHODS
from kd_core.models import MODELS, tap_lengths
from kd_core.objectives.attention import layers_of
from orchestration.experiment import Point


@dataclass(frozen=True, kw_only=True)
class Search:
    """What Optuna looks for and how much it may spend. Every part is a field of the plan."""

    trials: int = 32  # points, per scheme; 0 turns the search off
    methods: tuple[str, ...] = ("SD+CL", "AT+CL", "AT+SD+CL")
    alpha: tuple[float, float] = (0.05, 0.95)  # searched only where softmax distillation is on
    temperature: tuple[float, float] = (1.0, 8.0)  # likewise; on a log scale
    layers: tuple[str, ...] = ("all", "encoder", "bottleneck", "decoder", "deep")  # only with AT
    startup: int = 8  # random points before TPE takes over
    grace: int = 1  # folds every point may finish before it can be stopped
    concurrent: int = 0  # trials at a time; 0 is as many as the resources hold

    def __post_init__(self) -> None:
        _known("search.methods", self.methods, METHODS)
        low, high = self.alpha
        if not 0.0 <= low <= high <= 1.0:
            raise ValueError(f"search.alpha is {self.alpha}; it must be LOW HIGH within 0..1.")
        low, high = self.temperature
        if not 0.0 < low <= high:
            raise ValueError(f"search.temperature is {self.temperature}; it must be LOW HIGH > 0.")


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Where and how wide it runs. Nothing here changes a result, so nothing here enters a key."""

    workers: int = 1  # data-parallel workers a training run
    cpus: float = 1.0  # CPUs a worker
    gpus: float = (
        -1.0
    )  # GPUs a worker, a fraction if several share one; -1: 1 if the cluster has any
    groups: int = 0  # training runs at a time; 0 is as many as the resources hold
    trials_in_group: bool = True  # a trial is a Ray Train run; False: in the trial's own process
    retries: int = 2  # how often a run is started again after it lost a worker
    dashboard: bool = True  # Ray's dashboard for an embedded Ray, on the loopback address

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"runtime.workers is {self.workers}; it must be 1 or more.")
        if self.cpus <= 0:
            raise ValueError(f"runtime.cpus is {self.cpus}; it must be above 0.")
        if self.gpus > 1 and self.gpus != int(self.gpus):
            raise ValueError(f"runtime.gpus is {self.gpus}; above 1 it must be a whole number.")


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

    def __post_init__(self) -> None:
        _known("schemes", self.schemes, SCHEMES)
        _known("methods", self.methods, METHODS)
        _known("teacher", [self.teacher], MODELS)
        _known("student", [self.student], MODELS)
        _known("scaling", [self.scaling], SCALINGS)
        _known("split", [self.split], ("subjects", "released"))
        if self.folds < 2 or not 0 <= self.use_folds <= self.folds:
            raise ValueError(
                f"folds is {self.folds} and use_folds {self.use_folds}; "
                "folds must be 2 or more and use_folds 0 (all) to folds."
            )
        if self.segments < 1:
            raise ValueError(f"segments is {self.segments}; a window holds 1 or more.")
        student, teacher = (tap_lengths(MODELS[n](2)) for n in (self.student, self.teacher))
        for name in (self.layers, *self.search.layers):
            layers_of(name, student, teacher)  # both networks must have the taps, of equal length

    def point(self, method: str) -> Point:
        """The plan's fixed point for a method: the row of the paper's table."""
        return Point(
            method=method,
            alpha=self.alpha,
            temperature=self.temperature,
            layers=self.layers,
            variant=self.variant,
        )


def default() -> Plan:
    """Five folds, networks that see minutes of context, a search, training that stops early."""
    return Plan(training=Training(epochs=60, batch=8, patience=8, augment=True, bf16=True))


def paper() -> Plan:
    """The paper's experiments: 80:10:10 by subject, 150 epochs a stage, no search.

    Source: Sec. II-III of arXiv:2112.07252; T = 1 as in the authors' released code, since the
    paper prints a 30 s input.
    """
    return Plan(
        folds=10,
        use_folds=1,
        segments=1,
        teacher="reference",
        student="reference",
        training=Training(epochs=150, batch=256, learning_rate=1e-3),
        search=Search(trials=0),
    )


def reference() -> Plan:
    """The authors' released choices: their split, scaling, unweighted loss, own attention loss."""
    plan = paper()
    return replace(
        plan,
        split="released",
        scaling="segment",
        weighted=False,
        variant="reference",
        layers="reference",
        training=replace(plan.training, validate_every=2),
    )


def pilot() -> Plan:
    """A dozen nights on two cores in half an hour: the compact network, four folds."""
    return replace(
        default(),
        folds=4,
        segments=20,
        teacher="compact",
        student="compact",
        training=Training(
            epochs=20, batch=4, patience=6, augment=True, optimizer="adamw", weight_decay=0.1
        ),
        search=Search(trials=6, startup=3, layers=("all", "encoder", "bottleneck", "deep")),
        runtime=Runtime(trials_in_group=False),
    )


def smoke() -> Plan:
    """Minutes on two cores: shows that every part works, not that distillation helps."""
    return replace(
        pilot(),
        schemes=("W-N-R",),
        folds=2,
        segments=8,
        teacher="tiny",
        student="tiny",
        training=Training(epochs=10, batch=4, learning_rate=3e-3),
        search=Search(trials=4, startup=2, layers=("encoder", "bottleneck")),
    )


PLANS: dict[str, Callable[[], Plan]] = {
    "default": default,
    "paper": paper,
    "reference": reference,
    "pilot": pilot,
    "smoke": smoke,
}


def _known(name: str, values: "tuple[str, ...] | list[str]", allowed: object) -> None:
    rows = list(allowed)  # type: ignore[call-overload]
    if not values or (unknown := [v for v in values if v not in rows]):
        found = unknown if values else "empty"
        raise ValueError(f"{name}: {found} is not known; choose from {rows}.")
