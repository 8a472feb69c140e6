"""What a sleep physician asks of a network that reads one ECG lead, answered from the test nights.

An answer begins with a word or two; the sentence behind it holds the numbers.
"""

import math
from collections.abc import Sequence

from orchestration.chosen import BASELINE, SIMPLE, TEACHER
from orchestration.evidence.agreement import agreement
from orchestration.evidence.clinical import pairs_of
from orchestration.evidence.gains import Gain, gains
from orchestration.evidence.gathered import Evidence
from orchestration.evidence.page import Answer
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.scores import class_recall
from orchestration.evidence.words import ALPHA

YES, UNSURE, NOT_SHOWN, NO = "Yes.", "Not surely.", "Not shown.", "No."


def answers_of(evidence: Evidence, row: EvidenceRow) -> list[Answer]:
    """The questions about a network to take home that its test nights can answer."""
    of_scheme = [gain for gain in evidence.gains if gain.scheme == row.scheme]
    kappas = [gain for gain in of_scheme if gain.score == "kappa"]
    found = [
        _beyond_guessing(evidence, row),
        _taught(row.name, [gain for gain in kappas if gain.rival == BASELINE]),
        _beyond_rhythm([g for g in kappas if (g.rival, g.row) == (SIMPLE, row.name)]),
        _as_good_as_eeg(evidence, row),
        _stages_found(row),
        _sleep_time(row),
        _limits(row, len(evidence.repeats)),
    ]
    return [answer for answer in found if answer]


def _beyond_guessing(evidence: Evidence, row: EvidenceRow) -> Answer:
    """Whether the accuracy says anything at all."""
    ours, floor = evidence.score(row.scheme, row.name, "accuracy"), row.pooled.floor
    short = YES if ours["low"] is not None and ours["low"] > floor else UNSURE
    words = (
        f"It names {100 * ours['value']:.1f} % of segments rightly; always naming the commonest "
        f"stage would name {100 * floor:.1f} %."
    )
    return Answer("Better than a constant guess?", NO if ours["value"] <= floor else short, words)


def _taught(name: str, found: Sequence[Gain]) -> Answer | None:
    """Whether the network, and how many others, gained from the teacher."""
    others = [gain for gain in found if gain.row not in (name, SIMPLE, TEACHER)]
    mine = next((gain for gain in found if gain.row == name), None)
    if not mine and not others:
        return None
    words = (
        _said(mine, "the same ECG without a teacher")
        if mine
        else "Validation chose a network without it."
    )
    if others:
        surely = sum(_gained(gain) == YES for gain in others)
        words += f" Of the other ways to teach, {surely} of {len(others)} surely gain."
    return Answer("Does the EEG teacher help?", _gained(mine) if mine else NOT_SHOWN, words)


def _beyond_rhythm(found: Sequence[Gain]) -> Answer | None:
    """What to think of a network that a linear discriminant on RR intervals beats."""
    if not found:
        return None
    (gain,) = found
    words = _said(gain, f"the {SIMPLE}")
    if not gain.comparison.mean.low > 0:
        words += " Nothing shows that it learned more from the ECG than the times of its beats."
    return Answer("More than heart rhythm alone?", _gained(gain), words)


def _as_good_as_eeg(evidence: Evidence, row: EvidenceRow) -> Answer | None:
    """The network against its teacher, subject by subject."""
    teacher = evidence.row(row.scheme, TEACHER)
    if not teacher:
        return None
    (gain,) = gains([row, teacher], TEACHER, int(evidence.record.plan["folds"]), ["kappa"])
    short = _gained(gain) if gain.comparison.mean.excludes(0) else "Not told apart."
    return Answer("As good as the EEG network?", short, _said(gain, "the EEG network"))


def _stages_found(row: EvidenceRow) -> Answer:
    """Recall, class by class."""
    shares = class_recall(row.pooled.counts)
    said = ", ".join(f"{c} {100 * r:.0f} %" for c, r in zip(row.classes, shares, strict=True))
    return Answer("Which stages does it find?", said, "of the segments that the scorer gave each.")


def _sleep_time(row: EvidenceRow) -> Answer | None:
    """Bias and limits of agreement of total sleep time."""
    found = agreement(*pairs_of(row)["total_sleep_minutes"])
    if math.isnan(found.bias):
        return None
    bias, low, high = map(round, (found.bias, found.low, found.high))
    words = f"in 95 % of nights {low:+d} to {high:+d} min from the scorer's."
    return Answer("How far off is sleep time?", f"{bias:+d} min on average,", words)


def _limits(row: EvidenceRow, seeds: int) -> Answer:
    """What not to forget; `summary` says more."""
    people = f"{len(row.people)} {'person' if len(row.people) == 1 else 'people'},"
    others = "laboratory or lead" if seeds > 1 else "laboratory, lead or training seed"
    words = f"no other {others} was tried; more is said below."
    return Answer("What are the limits?", people, words)


def _gained(gain: Gain) -> str:
    """A comparison in a word: an interval that holds zero shows nothing."""
    if not gain.comparison.mean.excludes(0):
        return NOT_SHOWN
    if gain.comparison.mean.estimate < 0:
        return NO
    return YES if gain.holm_p < ALPHA else UNSURE


def _said(gain: Gain, rival: str) -> str:
    """A comparison in numbers; in words where it gives no interval."""
    found = gain.comparison
    mean = found.mean
    if math.isnan(mean.low) or math.isnan(mean.high):
        return gain.said()
    return (
        f"Kappa {mean.estimate:+.2f} a person [{mean.low:+.2f}, {mean.high:+.2f}] against "
        f"{rival}, better in {found.better} of {found.subjects}."
    )
