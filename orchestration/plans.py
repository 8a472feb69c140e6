"""The plans that have a name: each is a function, and a variant calls another."""

from collections.abc import Callable
from dataclasses import replace

from kd_core.fit import Training
from orchestration.plan import Plan, Search


def default() -> Plan:
    """Five folds, networks that see minutes of context, a search, training that stops early."""
    return Plan(training=Training(epochs=60, batch=8, patience=8, augment=True))


def paper() -> Plan:
    """The paper's experiments: 80:10:10 by subject, 150 epochs a stage, no search.

    Source: arXiv:2112.07252; T = 1, a 30 s input, as in the authors' released code.
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
    """The authors' released choices: their split, scaling, unweighted loss, own attention loss.

    Source: github.com/acrophase/Sleep_Staging_KD.
    Differs: a night is resampled once, not segment by segment; ECG keeps its polarity, and lead I
    in SS4; their distillation term, divided by the number of classes as well, is K times weaker.
    """
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
        search=Search(
            trials=6, startup=3, round=3, layers=("all", "encoder", "bottleneck", "deep")
        ),
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
        search=Search(trials=4, startup=2, round=2, layers=("encoder", "bottleneck")),
    )


PLANS: dict[str, Callable[[], Plan]] = {
    "default": default,
    "paper": paper,
    "reference": reference,
    "pilot": pilot,
    "smoke": smoke,
}
