"""What a sweep would cost, a line each: phases, steps, bytes and, once steps are timed, hours."""

from collections.abc import Iterator

import ray

from kd_core.models import model_spec
from orchestration.checks import FAIL, INFO, WARN, Check, check_disk, in_bytes
from orchestration.cohort import Cohort
from orchestration.estimate import Need, count_by_kind, needs_of, steps_of
from orchestration.experiment import Phase
from orchestration.footprint import phases_bytes, scores_bytes, windows_bytes
from orchestration.pace import hours_of, one_of_each
from orchestration.store import Store
from orchestration.study import Study
from orchestration.sweeps import Sweep
from orchestration.timing import Timing, measure

KINDS = ("teacher", "attention", "final")
LONG_H = 7 * 24.0  # at best: longer than people wait without being told
CHEAPER = "more machines, GPUs, --search.trials, --training.epochs, or smaller networks"
WAIT_S = 600.0  # for a worker to be free and to have timed all steps


def forecast(sweep: Sweep, cohort: Cohort, store: Store | None, timing: bool) -> Iterator[Check]:
    """What is left to do for a sweep; what its storage holds already is not counted."""
    done, ended = _there(sweep, cohort, store)
    most, least = (needs_of(sweep, done, ended, best) for best in (False, True))
    subjects = {subject.name: subject for subject in sweep.subjects}
    yield Check(INFO, "phases", _phases(most, least))
    steps = [steps_of(most, subjects, False), steps_of(least, subjects, True)]
    yield Check(INFO, "steps", _between(*(f"{count:,}" for count in steps)))
    ingested = sum(sum(s.stages) for s in sweep.subjects[: cohort.ingested])
    parts = {
        "windows": windows_bytes(cohort.segments - ingested),
        "phases": phases_bytes(most, subjects),
        "scores": scores_bytes(sweep),
    }
    yield check_disk(store, parts)
    if timing and most:
        yield from _hours(sweep, most, least)


def _there(sweep: Sweep, cohort: Cohort, store: Store | None) -> tuple[set[str], dict[str, int]]:
    """Keys of phases and numbers of trials in the store; none before every night is ingested."""
    if store is None or not cohort.is_ingested:
        return set(), {}
    schemes = sweep.plan.schemes if sweep.plan.search.trials else ()
    return store.phase_keys(), {s: len(Study(sweep, s, store).ended()) for s in schemes}


def _phases(most: list[Need], least: list[Need]) -> str:
    """Phases of each kind, and of all."""
    if not most:
        return "none left to train"
    few, many = count_by_kind(least), count_by_kind(most)
    kinds = ", ".join(f"{many[kind]:,} {kind}" for kind in KINDS if many[kind])
    return f"{_between(f'{many.total():,}', f'{few.total():,}')}: {kinds}"


def _hours(sweep: Sweep, most: list[Need], least: list[Need]) -> Iterator[Check]:
    """The pace of a worker, and the hours that follow from it."""
    plan = sweep.plan
    subjects = {subject.name: subject for subject in sweep.subjects}
    try:
        timing = _timed(sweep, one_of_each(need.phase for need in most))
    except ray.exceptions.GetTimeoutError:
        text = f"no worker was free to time steps within {WAIT_S:g} s: try again, or --no-timing"
        yield Check(WARN, "pace", text)
        return
    except Exception as error:  # out of memory, say: what is wrong is in its last line
        reason = str(error).strip().splitlines()[-1]
        yield Check(FAIL, "pace", f"a step cannot be run: {reason}")
        return
    yield Check(INFO, "pace", _pace(timing, plan.training.batch))
    hours = [
        hours_of(needs, subjects, best, plan, timing.paces)
        for needs, best in ((most, False), (least, True))
    ]
    text = f"about {_between(_long(hours[0]), _long(hours[1]))}"
    text = f"{text}, with {plan.runtime.groups} training run(s) at a time"
    if hours[1] > LONG_H:
        yield Check(WARN, "hours", f"{text}: {CHEAPER}")
    else:
        yield Check(INFO, "hours", text)


def _timed(sweep: Sweep, phases: list[Phase]) -> Timing:
    """Steps timed on a worker with what a training run gives one."""
    plan = sweep.plan
    gpus = max(0.0, plan.runtime.gpus)
    task = ray.remote(num_cpus=plan.runtime.cpus, num_gpus=gpus, max_retries=0)(measure)
    teacher = model_spec(plan.teacher, 3)
    measured = task.remote(phases, teacher, plan.runtime.workers)
    try:
        timing: Timing = ray.get(measured, timeout=WAIT_S)
    except ray.exceptions.GetTimeoutError:
        # A worker that is free too late is not kept from others. Never cancel a task that has
        # answered: Ray 2.60 may still be noting the answer, and then ends this whole process.
        ray.cancel(measured)
        raise
    return timing


def _pace(timing: Timing, batch: int) -> str:
    steps = ", ".join(f"{kind} {pace.step_s:.3g} s" for kind, pace in timing.paces.items())
    memory = f", up to {in_bytes(timing.peak_bytes)} of its memory" if timing.peak_bytes else ""
    return f"a step of {batch} windows: {steps} ({timing.device}{memory})"


def _between(most: str, least: str) -> str:
    return f"{most} at most, {least} at best" if most != least else most


def _long(hours: float) -> str:
    """A duration for people."""
    if hours < 2:
        return f"{max(1, round(hours * 60))} min"
    return f"{hours:,.0f} h" if hours < 72 else f"{hours / 24:,.0f} days"
