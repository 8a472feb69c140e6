"""The first screen: what came out, in numbers and sentences for somebody who stages no code."""

from collections.abc import Sequence

from orchestration.evidence import scores
from orchestration.evidence.floors import majority
from orchestration.evidence.gains import BASELINE, Gain
from orchestration.evidence.gathered import SIMPLE, Evidence
from orchestration.evidence.intervals import bca
from orchestration.evidence.page import Block, cards, heading, listed, note
from orchestration.evidence.rows import EvidenceRow

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
        mine = {row.name: row for row in evidence.done if row.scheme == scheme}
        blocks += [heading(f"Stages {scheme}"), _cards(mine, name)]
        blocks.append(listed(_sentences(mine[name], evidence.gains)))
    return [*blocks, note(NOTE)]


def _cards(mine: dict[str, EvidenceRow], name: str) -> Block:
    shown = [(f"From one ECG lead: {name}", mine[name])]
    shown += [(title, mine[row]) for title, row in _others(name) if row in mine]
    return cards([(title, f"κ {_kappa(row)}", _accuracy(row)) for title, row in shown])


def _others(name: str) -> list[tuple[str, str]]:
    pairs = [("ECG without a teacher", BASELINE), ("From EEG: the teacher", TEACHER)]
    return [(title, row) for title, row in pairs if row != name]


def _kappa(row: EvidenceRow) -> str:
    found = bca(row.people_counts, scores.kappa)
    return f"{found.estimate:.2f}"


def _accuracy(row: EvidenceRow) -> str:
    found = bca(row.people_counts, scores.kappa)
    right = float(scores.accuracy(row.counts.sum(axis=0)))
    between = f"[{found.low:.2f}, {found.high:.2f}], " if found.low == found.low else ""
    return f"{between}{100 * right:.0f} % of segments right"


def _sentences(row: EvidenceRow, found: Sequence[Gain]) -> list[str]:
    """Against the floor; every method against the baseline; this one against the simple one."""
    said = [_against_floor(row)]
    kappas = [
        g for g in found if (g.scheme, g.score) == (row.scheme, "kappa") and g.row != TEACHER
    ]
    said += [g.said() for g in kappas if g.rival == BASELINE and g.row != SIMPLE]
    mine = [g for g in kappas if g.rival == SIMPLE and g.row == row.name]
    return said + [gain.said() + _learned(gain) for gain in mine]


def _against_floor(row: EvidenceRow) -> str:
    """Whether the accuracy says anything at all."""
    pooled = row.counts.sum(axis=0)
    floor = majority(pooled.sum(axis=1))["accuracy"]
    ours = bca(row.people_counts, scores.accuracy)
    where = "above" if ours.low > floor else "not surely above"
    if ours.estimate <= floor:
        where = "not above"
    return (
        f"{row.name} names {100 * ours.estimate:.1f} % of segments rightly; always naming the "
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
