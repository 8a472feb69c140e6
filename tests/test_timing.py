"""Steps are timed for real, and what they come to is arithmetic."""

from dataclasses import replace

import pytest

from kd_core.models import MODELS
from orchestration.cohort import stated
from orchestration.estimate import needs_of, size_of
from orchestration.experiment import Phase
from orchestration.pace import GROUP_S, Kind, Pace, hours_of, kind_of, one_of_each, seconds_of
from orchestration.plan import Runtime, Search
from orchestration.plans import default, smoke
from orchestration.sweeps import Sweep, make_sweep
from orchestration.timing import measure

PACE = Pace(step_s=2.0, check_s=1.0)


def sweep_of(**changes: object) -> Sweep:
    plan = replace(smoke(), **changes)  # type: ignore[arg-type]
    return make_sweep(plan, "w", stated(8, 1).subjects)


def phases_in(sweep: Sweep) -> list[Phase]:
    return one_of_each(need.phase for need in needs_of(sweep, set(), {}, False))


def test_layer_sets_that_run_equally_deep_are_one_kind() -> None:
    kinds = {kind_of(phase) for phase in phases_in(sweep_of())}
    assert kinds == {
        Kind("teacher", "", False),
        Kind("final", "", False),
        Kind("attention", "dense", False),  # "all", the plan's own
        Kind("attention", "encoder5", False),
        Kind("attention", "bottleneck", False),
    }


def test_a_teacher_whose_maps_are_too_many_runs_along() -> None:
    plan = replace(default(), folds=2)
    sweep = make_sweep(plan, "w", stated(8, 1).subjects)
    live = {kind.deepest: kind.live for kind in map(kind_of, phases_in(sweep))}
    assert live["dense"]
    assert not live["bottleneck"]


def test_every_kind_of_phase_can_be_timed_and_deeper_costs_more() -> None:
    sweep = sweep_of(variant="squared")
    timing = measure(phases_in(sweep), MODELS["tiny"](3), workers=1)
    paces = timing.paces
    assert set(paces) == {kind_of(phase) for phase in phases_in(sweep)}
    assert all(pace.check_s > 0 for pace in paces.values())
    assert (
        paces[Kind("attention", "encoder5", False)].check_s
        < paces[Kind("final", "", False)].step_s
    )


def test_a_live_teacher_is_timed_with_its_student(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.teaching.MAP_BUDGET", 1)
    phases = [p for p in phases_in(sweep_of()) if p.step.phase == "attention"][:1]
    (kind,) = measure(phases, MODELS["tiny"](3), workers=1).paces
    assert kind.live


def test_seconds_are_passes_and_what_is_asked_once() -> None:
    sweep = sweep_of(methods=("ECG baseline",), search=Search(trials=0))
    (phase,) = phases_in(sweep)
    size = size_of(phase, {s.name: s for s in sweep.subjects}, best=False)
    found = seconds_of(phase, size, {kind_of(phase): PACE})
    assert found == size.epochs * (size.batches * 2.0 + size.checks) + size.checks


def test_hours_shrink_with_groups_as_far_as_folds_and_rounds_reach() -> None:
    def hours(groups: int, trials: int) -> float:
        runtime = Runtime(groups=groups)
        sweep = sweep_of(runtime=runtime, search=Search(trials=trials, layers=("encoder",)))
        needs = needs_of(sweep, set(), {}, False)
        paces = {kind_of(need.phase): PACE for need in needs}
        subjects = {subject.name: subject for subject in sweep.subjects}
        return hours_of(needs, subjects, False, sweep.plan, paces) - GROUP_S / 3600

    assert hours(2, 0) == pytest.approx(hours(1, 0) / 2)
    assert hours(9, 0) == pytest.approx(hours(2, 0))  # one scheme, two folds
    searched = [hours(groups, 8) - hours(groups, 0) for groups in (1, 4, 9)]
    assert searched[0] == pytest.approx(4 * searched[1])
    assert searched[1] == pytest.approx(searched[2])  # four points a round
