"""A plan of denoisers: data, networks, what is searched; its presets are at the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from datasets.clean_quality import MOST_OUTSIDE
from datasets.clean_split import PARTS
from datasets.noise_mix import GROUPS
from kd_core.fit import Training
from kd_core.methods import DENOISING
from kd_core.models import DENOISERS, denoiser_spec, tap_lengths
from kd_core.objectives.attention import VARIANTS, layers_of
from kd_core.training import OPTIMIZERS
from orchestration.experiment import Point
from orchestration.plan import Runtime, check_batch, check_variant
from orchestration.searched import AnySearch, Range, at_least, known

BASELINE = "denoiser"  # the row that learns from no teacher
HEARD: Mapping[str, tuple[str, ...]] = {  # the schemes of denoisers: the groups that one hears
    "groups 1-3": tuple(GROUPS),
    **{group: (group,) for group in GROUPS},
}


@dataclass(frozen=True, kw_only=True)
class DenoiserSearch(AnySearch):
    """What Optuna looks for among distilled denoisers."""

    trials: int = 12  # points, per scheme; 0 turns the search off
    methods: tuple[str, ...] = ("denoiser + KD",)
    beta: tuple[float, float] = (1e-5, 1e-2)  # on a log scale; attention transfer is about 1
    layers: tuple[str, ...] = ("all", "encoder", "bottleneck", "decoder")
    startup: int = 4

    def __post_init__(self) -> None:
        known("search.methods", self.methods, [n for n, s in DENOISING.items() if len(s) > 1])
        super().__post_init__()

    @property
    def ranges(self) -> Mapping[str, Range]:
        """Alpha and beta."""
        return {**super().ranges, "beta": Range(*self.beta, log=True)}


@dataclass(frozen=True, kw_only=True)
class DenoisingPlan:
    """One sweep of denoisers: data and folds, networks, methods, the search, the machines."""

    schemes: tuple[str, ...] = ("groups 1-3",)  # rows of HEARD; Ours: one network for all groups
    use_folds: int = 0  # how many of the 5 folds of patients are run; 0 is all
    most_outside: float = MOST_OUTSIDE  # power outside the heart's band that a segment may have
    band_limited: bool = True  # learn 0.5 to 40 Hz of a record, without its own noise
    varied: bool = True  # train on stretched, mixed and turned leads as well
    teacher: str = "u-lde-net-teacher"  # a row of DENOISERS
    student: str = "u-lde-net"  # a row of DENOISERS
    methods: tuple[str, ...] = tuple(DENOISING)  # rows of the table
    alpha: float = 0.5  # the table's point
    beta: float = 1e-3  # the table's point
    layers: str = "decoder"  # the table's point
    variant: str = "paper"  # of the attention transfer
    training: Training = field(
        default_factory=lambda: Training(
            epochs=100,
            batch=16,
            learning_rate=4e-2,
            schedule="cosine",
            optimizer="soap",
            validate_every=5,
        )
    )
    teacher_epochs: int = 0  # of the teacher, whose epoch costs five of a student's; 0: as many
    teacher_rate: float = 5e-3  # learning rate of the teacher; 0: that of `training`
    teacher_optimizer: str = "adam"  # SOAP was no better for it in 3 epochs
    teacher_bf16: bool = False  # train the teacher in bfloat16, where a processor is fast at it
    search: DenoiserSearch = field(default_factory=DenoiserSearch)
    runtime: Runtime = field(default_factory=Runtime)
    seed: int = 42

    def __post_init__(self) -> None:
        known("schemes", self.schemes, HEARD)
        known("methods", self.methods, DENOISING)
        known("teacher", [self.teacher], DENOISERS)
        known("student", [self.student], DENOISERS)
        known("variant", [self.variant], VARIANTS)
        at_least("seed", self.seed, 0)
        at_least("teacher_epochs", self.teacher_epochs, 0)
        if not 0.0 <= self.teacher_rate < 1.0:
            raise ValueError(
                f"teacher_rate is {self.teacher_rate}; it must be 0 or more, below 1."
            )
        known("teacher_optimizer", [self.teacher_optimizer], OPTIMIZERS)
        check_batch(self.training, self.runtime)
        check_variant(self.variant, self.runtime)
        if not 0 <= self.use_folds <= PARTS:
            raise ValueError(f"use_folds is {self.use_folds}; it must be 0 (all) to {PARTS}.")
        if not 0.0 < self.most_outside <= 1.0:
            raise ValueError(f"most_outside is {self.most_outside}; it must be above 0, up to 1.")
        if self.training.augment:
            raise ValueError("training.augment is for stages; denoisers have --varied.")
        student, teacher = (
            tap_lengths(denoiser_spec(name)) for name in (self.student, self.teacher)
        )
        for name in (self.layers, *self.search.layers):
            layers_of(name, student, teacher)

    @property
    def baseline(self) -> str:
        """The method that a distilled one has to beat."""
        return BASELINE

    @property
    def trial_methods(self) -> tuple[str, ...]:
        """Methods that the search draws from; none if it is off."""
        return self.search.methods if self.search.trials else ()

    @property
    def teacher_training(self) -> Training:
        """As `training`, but for what is the teacher's own."""
        asked = self.training
        return replace(
            asked,
            epochs=self.teacher_epochs or asked.epochs,
            learning_rate=self.teacher_rate or asked.learning_rate,
            optimizer=self.teacher_optimizer,
            bf16=self.teacher_bf16 or asked.bf16,
        )

    def point(self, method: str) -> Point:
        """The plan's fixed point for a method."""
        return Point(
            method=method,
            alpha=self.alpha,
            beta=self.beta,
            layers=self.layers,
            variant=self.variant,
        )


def default() -> DenoisingPlan:
    """One network for all three groups, tested on every patient, and a search."""
    return DenoisingPlan()


def paper() -> DenoisingPlan:
    """A network for each group, on segments as they were recorded; one hold-out, no search.

    Source: Physiol. Meas. 43(11) 115004, as far as the abstract and the first author's earlier
        code tell: Adam 1e-3, batches of 64, mean squared error.
    """
    return replace(
        default(),
        schemes=tuple(GROUPS),
        use_folds=1,
        band_limited=False,
        varied=False,
        training=Training(epochs=100, batch=64, learning_rate=1e-3),
        teacher_rate=0.0,
        search=DenoiserSearch(trials=0),
    )


def pilot() -> DenoisingPlan:
    """Some hours on two cores: shorter training of the teacher, a short search."""
    plan = default()
    return replace(
        plan,
        teacher_epochs=12,
        search=replace(plan.search, trials=6, startup=3, round=2),
    )


def smoke() -> DenoisingPlan:
    """A minute on two cores: shows that every part works, not how well; no larger teacher."""
    plan = default()
    return replace(
        plan,
        use_folds=1,
        teacher="u-lde-net",
        training=replace(plan.training, epochs=2),
        search=replace(plan.search, trials=2, startup=1, round=1, layers=("decoder",)),
    )


DENOISING_PLANS: Mapping[str, Callable[[], DenoisingPlan]] = {
    "default": default,
    "paper": paper,
    "pilot": pilot,
    "smoke": smoke,
}
