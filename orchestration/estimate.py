"""What a sweep has to train, before it does: phases and steps. Bounds, not promises; no Ray.

`at best` is a stated assumption: that racing stops every trial as soon as its test can tell, and
that patience stops every phase after the first epoch it may. Without it every trial goes through
every fold and every phase through every epoch. The truth lies between.
"""

import math
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from datasets.parquet import Subject
from kd_core.training import Training
from orchestration.chosen import BASELINE
from orchestration.cohort import segments_of
from orchestration.experiment import Experiment, Phase, Point, phases_of
from orchestration.plan import Plan, Search
from orchestration.race import FEWEST
from orchestration.space import SPACE, inside
from orchestration.sweeps import Sweep

CONTINUOUS = {"alpha", "temperature"}  # no two trials draw the same


class Need(NamedTuple):
    """A phase to train, or so many of equal cost."""

    phase: Phase
    times: int
    searched: bool  # whether it is a trial's


class Size(NamedTuple):
    """How long a phase is."""

    epochs: int
    batches: int  # of one training pass: steps
    checks: int  # batches of one validation pass


def needs_of(
    sweep: Sweep, done: Container[str], ended: Mapping[str, int], best: bool
) -> list[Need]:
    """Every phase that is not there yet.

    Args:
        done: keys of the phases in the store.
        ended: scheme -> trials of its search that are over.
        best: whether racing stops trials as early as it can; see the file's first lines.
    """
    plan = sweep.plan
    fixed = _unique(e for one in (sweep, *sweep.repeats) for e in one.of_methods())
    needs = [Need(phase, 1, False) for key, phase in fixed.items() if key not in done]
    for scheme in plan.schemes if plan.search.trials else ():
        for index, trials in enumerate(trials_by_fold(sweep, ended.get(scheme, 0), best)):
            shared, finals = _searched(sweep, scheme, index, trials)
            new = {key: p for key, p in shared.items() if key not in fixed and key not in done}
            needs += [Need(phase, 1, True) for phase in new.values()]
            needs += [Need(phase, times, True) for phase, times in finals if times]
    return needs


def trials_by_fold(sweep: Sweep, ended: int, best: bool) -> list[int]:
    """How many trials train something new on each fold.

    A search begins with the plan's own points, whose phases the fixed methods have trained where
    they lie in what is searched. At best every trial that has a rival, be it the ECG baseline,
    stops at the first fold after which it can.
    """
    search, folds = sweep.plan.search, len(sweep.folds)
    own = [_is_fixed(method, sweep.plan) for method in search.methods]
    known = [n < ended or (n < len(own) and own[n]) for n in range(search.trials)]
    first = 0 if BASELINE in sweep.plan.methods else search.round
    new, unraced = known.count(False), known[:first].count(False)
    stop = first_stop(sweep) or folds
    return [unraced if best and index >= stop else new for index in range(folds)]


def first_stop(sweep: Sweep) -> int | None:
    """After how many folds racing can stop a trial; None: only after the last, or never."""
    subjects, least = 0, least_subjects(sweep.plan.search)
    for index, fold in enumerate(sweep.folds[:-1], start=1):
        subjects += len(fold.validation)
        if subjects >= least:
            return index
    return None


def least_subjects(search: Search) -> float:
    """Validation subjects below which no trial can be beaten.

    Of n subjects that all do worse, the signed-rank test gives p = 2**-n.
    """
    n = FEWEST
    while 0.5**n >= search.prune_p:
        if n > 1000:  # the plan never stops a trial
            return math.inf
        n += 1
    return n


def size_of(phase: Phase, subjects: Mapping[str, Subject], best: bool) -> Size:
    """A phase's epochs and the batches of its passes, over all workers together."""
    spec, training = phase.spec, Training(**phase.spec["training"])
    epochs = training.epochs
    if best and training.patience is not None:
        epochs = min(epochs, training.validate_every + training.patience)
    T, shifted = spec["segments"], spec["segments"] > 1
    trained = windows([segments_of(subjects[s]) for s in spec["train"]], T, shifted)
    validated = windows([segments_of(subjects[s]) for s in spec["validation"]], T, False)
    return Size(epochs, -(-trained // training.batch), -(-validated // training.batch))


def windows(nights: Sequence[int], segments: int, shifted: bool) -> int:
    """Windows of T segments that cover nights of so many: ceil(n / T), one more if shifted.

    At most, of nights without a gap; each gap begins another window.
    """
    return sum(-(-rows // segments) + shifted for rows in nights)


def steps_of(needs: Sequence[Need], subjects: Mapping[str, Subject], best: bool) -> int:
    """Training steps of all phases."""
    sizes = [(need.times, size_of(need.phase, subjects, best)) for need in needs]
    return sum(times * size.epochs * size.batches for times, size in sizes)


def count_by_kind(needs: Sequence[Need]) -> Counter[str]:
    """ "teacher", "attention", "final" -> how many phases."""
    counts: Counter[str] = Counter()
    for need in needs:
        counts[need.phase.step.phase] += need.times
    return counts


def _searched(
    sweep: Sweep, scheme: str, index: int, trials: int
) -> tuple[dict[str, Phase], list[tuple[Phase, int]]]:
    """What so many trials train on one fold: phases they may share, and last phases.

    At most: every layer set that is searched, and each trial as each of the methods with the most
    hyperparameters, no two at one point.
    """
    fold, plan = sweep.folds[index], sweep.plan
    shared: dict[str, Phase] = {}
    finals: list[tuple[Phase, int]] = []
    for method in _widest(plan.search):
        used = Point(method=method).parameters
        sets = plan.search.layers[:trials] if "layers" in used else (plan.layers,)[:trials]
        points = [replace(plan.point(method), layers=name) for name in sets]
        chains = [phases_of(sweep.experiment(scheme, fold, point)) for point in points]
        shared |= {phase.key: phase for chain in chains for phase in chain[:-1]}
        times = trials if CONTINUOUS & set(used) else len(chains)
        finals += [(chains[0][-1], times)] if chains else []
    return shared, finals


def _is_fixed(method: str, plan: Plan) -> bool:
    """Whether a search draws the very point that the plan trains for a method anyway."""
    searched = set(SPACE) & set(plan.point(method).parameters)
    drawn = inside(plan.point(method), plan.search)
    return method in plan.methods and searched <= drawn.keys()


def _widest(search: Search) -> Iterator[str]:
    """The methods of a search with the most hyperparameters."""
    most = max(len(Point(method=method).parameters) for method in search.methods)
    return (m for m in search.methods if len(Point(method=m).parameters) == most)


def _unique(experiments: Iterable[Experiment]) -> dict[str, Phase]:
    return {phase.key: phase for e in experiments for phase in phases_of(e)}
