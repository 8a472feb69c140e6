"""Plans are functions; every preset is valid and says what the paper says."""

from dataclasses import replace

import pytest

from kd_core.fit import Training
from orchestration.denoising import plan as denoising
from orchestration.plan import Plan, Runtime, Search
from orchestration.plans import PLANS, default, paper, reference, smoke


def test_what_cannot_work_together_is_refused() -> None:
    two = Runtime(workers=2)
    with pytest.raises(ValueError, match=r"compares maps over a whole batch.*workers 1"):
        replace(default(), variant="reference", runtime=two)
    with pytest.raises(ValueError, match=r"compares maps over a whole batch"):
        replace(denoising.smoke(), variant="reference", runtime=two)
    untaught = replace(default(), methods=("SD+CL",), search=Search(trials=0))
    assert replace(untaught, variant="reference", runtime=two)
    with pytest.raises(ValueError, match=r"no-augment, or --scaling night"):
        replace(default(), scaling="segment")


@pytest.mark.parametrize("name", PLANS)
def test_every_preset_can_be_made(name: str) -> None:
    assert isinstance(PLANS[name](), Plan)


def test_the_paper_plan_is_the_papers() -> None:
    plan = paper()
    assert (plan.folds, plan.use_folds) == (10, 1)  # 80:10:10 by subject
    assert (plan.training.epochs, plan.training.learning_rate) == (150, 1e-3)
    assert not plan.training.augment
    assert (plan.alpha, plan.temperature, plan.variant, plan.weighted) == (0.5, 1.0, "paper", True)
    assert set(plan.schemes) == {"W-N-R", "W-L-D-R"}
    assert len(plan.methods) == 5


def test_the_reference_plan_keeps_what_the_authors_released() -> None:
    plan = reference()
    assert (plan.split, plan.scaling, plan.weighted, plan.variant) == (
        "released",
        "segment",
        False,
        "reference",
    )
    assert (plan.training.batch, plan.training.validate_every, plan.seed) == (256, 2, 42)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"schemes": ("W-X",)}, "schemes"),
        ({"teacher": "gpt"}, "teacher"),
        ({"folds": 1}, "folds"),
        ({"segments": 0}, "segments"),
        ({"methods": ()}, "methods"),
    ],
)
def test_a_plan_that_cannot_run_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(paper(), **wrong)  # type: ignore[arg-type]


def test_the_default_plan_races_trials_and_stops_phases_that_learn_no_more() -> None:
    plan = default()
    assert 0 < plan.search.prune_p <= 0.5
    assert plan.training.patience
    assert plan.training.patience < plan.training.epochs


def test_search_and_runtime_check_their_values() -> None:
    with pytest.raises(ValueError, match="alpha"):
        Search(alpha=(0.9, 0.1))
    with pytest.raises(ValueError, match=r"search\.round"):
        Search(round=0)
    with pytest.raises(ValueError, match=r"search\.prune_p"):
        Search(prune_p=1.5)
    with pytest.raises(ValueError, match="workers"):
        Runtime(workers=0)
    for plan in (smoke(), denoising.smoke()):
        with pytest.raises(
            ValueError, match=r"training.batch is 1, too few for runtime.workers 2"
        ):
            replace(plan, training=Training(batch=1), runtime=Runtime(workers=2))
    with pytest.raises(ValueError, match="gpus"):
        Runtime(gpus=1.5)


def test_a_layer_set_that_the_two_networks_do_not_share_is_refused() -> None:
    with pytest.raises(ValueError, match="no_such_layer"):
        replace(paper(), layers="no_such_layer")
    with pytest.raises(ValueError, match="encoder1"):
        replace(paper(), student="compact")  # another pooling than the reference teacher's
