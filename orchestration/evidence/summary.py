"""The first screen: what came out, in numbers and sentences for somebody who stages no code."""

from orchestration.chosen import SIMPLE
from orchestration.evidence.gains import BASELINE, Gain
from orchestration.evidence.gathered import Evidence
from orchestration.evidence.page import Block, cards, heading, listed, note

TEACHER = "EEG baseline"
NOTE = (
    "Kappa is agreement with the human scorer beyond chance: 0 is chance, 1 is perfect; two human "
    "scorers reach about 0.76 on five stages (Lee 2022). Brackets are 95 % intervals: how far "
    "the number could move had other people been recorded."
)


def summary(evidence: Evidence) -> list[Block]:
    """What each scheme's ECG network to take home reaches, and whether anything was gained."""
    blocks = []
    for scheme, name in evidence.best.items():
        blocks += [heading(f"Stages {scheme}"), _cards(evidence, scheme, name)]
        blocks.append(listed(_sentences(evidence, scheme, name)))
    return [*blocks, note(NOTE)]


def _cards(evidence: Evidence, scheme: str, name: str) -> Block:
    """Kappa with its interval and accuracy of a network and of those it is measured by."""
    named = [(f"From one ECG lead: {name}", name), *_others(name)]
    return cards(
        [(t, *_numbers(evidence, scheme, r)) for t, r in named if evidence.row(scheme, r)]
    )


def _others(name: str) -> list[tuple[str, str]]:
    pairs = [("ECG without a teacher", BASELINE), ("From EEG: the teacher", TEACHER)]
    return [(title, row) for title, row in pairs if row != name]


def _numbers(evidence: Evidence, scheme: str, name: str) -> tuple[str, str]:
    kappa = evidence.score(scheme, name, "kappa")
    right = evidence.score(scheme, name, "accuracy")["value"]
    known = kappa["low"] is not None
    between = f"[{kappa['low']:.2f}, {kappa['high']:.2f}], " if known else ""
    return f"κ {kappa['value']:.2f}", f"{between}{100 * right:.0f} % of segments right"


def _sentences(evidence: Evidence, scheme: str, name: str) -> list[str]:
    """Against the floor; every method against the baseline; this one against the simple one."""
    said = [_against_floor(evidence, scheme, name)]
    kappas = [
        g for g in evidence.gains if (g.scheme, g.score) == (scheme, "kappa") and g.row != TEACHER
    ]
    said += [g.said() for g in kappas if g.rival == BASELINE and g.row != SIMPLE]
    mine = [g for g in kappas if g.rival == SIMPLE and g.row == name]
    return said + [gain.said() + _learned(gain) for gain in mine]


def _against_floor(evidence: Evidence, scheme: str, name: str) -> str:
    """Whether the accuracy says anything at all."""
    row, ours = evidence.row(scheme, name), evidence.score(scheme, name, "accuracy")
    assert row
    floor, surely = row.pooled.floor, ours["low"] is not None and ours["low"] > row.pooled.floor
    where = "above" if surely else "not surely above"
    if ours["value"] <= floor:
        where = "not above"
    return (
        f"{name} names {100 * ours['value']:.1f} % of segments rightly; always naming the "
        f"commonest stage would name {100 * floor:.1f} %: it is {where} that floor."
    )


def _learned(gain: Gain) -> str:
    """What to think of a network that a linear discriminant on RR intervals beats."""
    if gain.comparison.mean.low > 0:
        return ""
    return (
        " A network that does not beat this simple method has learned nothing from the ECG that "
        "its beats do not tell."
    )
