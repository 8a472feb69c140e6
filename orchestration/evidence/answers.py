"""What a sleep physician asks of a network that reads one ECG lead, answered from the test nights.

An answer begins with a word or two; the sentence behind it holds the numbers.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.chosen import BASELINE, SIMPLE, TEACHER
from orchestration.evidence.clinical import agreement_said
from orchestration.evidence.formats import signed
from orchestration.evidence.gains import Gain, gains, spoken
from orchestration.evidence.gathered import Evidence
from orchestration.evidence.page import Answer
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.scores import class_precision, class_recall
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
    """Whether accuracy and kappa say anything at all."""
    right, kappa = (evidence.score(row.scheme, row.name, name) for name in ("accuracy", "kappa"))
    floor = row.pooled.floor
    by_accuracy, by_kappa = _above(right, floor), _above(kappa, 0.0)
    short = by_accuracy if by_accuracy == by_kappa else f"By accuracy {_small(by_accuracy)}, "
    short += "" if by_accuracy == by_kappa else f"by kappa {_small(by_kappa)}."
    words = (
        f"It names {100 * right['value']:.1f} % of segments rightly; always naming the commonest "
        f"stage would name {100 * floor:.1f} %, with a kappa of 0."
    )
    if by_kappa == YES and by_accuracy != YES and evidence.record.plan.get("weighted"):
        words += " Trained with class weights, it gives up the commonest stage for rarer ones."
    return Answer("Better than a constant guess?", short, words)


def _above(score: Mapping[str, Any], floor: float) -> str:
    """Whether a score, and its interval, lie above a floor."""
    if score["value"] <= floor:
        return NO
    return YES if score["low"] is not None and score["low"] > floor else UNSURE


def _small(answer: str) -> str:
    """An answer within a sentence."""
    return answer.lower().rstrip(".")


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
    words = _said(gain, f"the {spoken(SIMPLE)}")
    if not gain.comparison.mean.low > 0:
        words += " Nothing shows that it learned more from the ECG than the times of its beats."
    return Answer("More than heart rhythm alone?", _gained(gain), words)


def _as_good_as_eeg(evidence: Evidence, row: EvidenceRow) -> Answer | None:
    """The network against its teacher, subject by subject."""
    teacher = evidence.row(row.scheme, TEACHER)
    if not teacher:
        return None
    (gain,) = gains([row, teacher], TEACHER, evidence.record.test_share, ["kappa"])
    short = _gained(gain) if gain.comparison.mean.excludes(0) else "Not told apart."
    return Answer("As good as the EEG network?", short, _said(gain, "the EEG network"))


def _stages_found(row: EvidenceRow) -> Answer:
    """Recall and precision, class by class."""
    counts = row.pooled.counts
    both = zip(row.classes, class_recall(counts), class_precision(counts), strict=True)
    said = ", ".join(f"{c} {100 * found:.0f} % ({100 * right:.0f} %)" for c, found, right in both)
    words = "of the segments that the scorer gave each; in brackets, how many it names rightly."
    return Answer("Which stages does it find?", said, words)


def _sleep_time(row: EvidenceRow) -> Answer | None:
    """Bias of total sleep time, and whether limits of agreement describe the rest."""
    said = agreement_said(row)
    if not said:
        return None
    short, _, words = said.partition(",")
    return Answer("How far off is sleep time?", f"{short},", words.strip())


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
    value, low, high = (signed(number, 2) for number in (mean.estimate, mean.low, mean.high))
    return (
        f"Kappa {value} a person [{low}, {high}] against {rival}, "
        f"better in {found.better} of {found.subjects}."
    )
