"""The first screen: what was done and what came out, for somebody who stages no code."""

from statistics import median

from datasets.recut import is_widened
from orchestration.chosen import BASELINE, SIMPLE, TEACHER
from orchestration.evidence.answers import answers_of
from orchestration.evidence.gathered import Evidence
from orchestration.evidence.page import Block, Card, answers, cards, heading, listed, note, text
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.scores import kappa

STAGES = {  # what a clinic calls the classes of the schemes
    "W": "wake",
    "N": "NREM",
    "L": "light (N1, N2)",
    "D": "deep (N3)",
    "R": "REM",
}
POOR = "poor agreement"  # a kappa below 0
AGREEMENT = {  # Landis & Koch, Biometrics 33 (1977) 159-174: up to which kappa it is called so
    0.2: "slight agreement",
    0.4: "fair agreement",
    0.6: "moderate agreement",
    0.8: "substantial agreement",
    1.0: "almost perfect agreement",
}
OTHERS = {  # what the network to take home is measured by
    BASELINE: "Same ECG, no teacher",
    SIMPLE: "RR intervals, no network",
    TEACHER: "EEG network, the teacher",
}
FEW = 30  # people below which an interval itself is rough
NOTE = (
    "Two human scorers reach a kappa of about 0.76 on five stages (Lee 2022); its words are those "
    "of Landis & Koch (1977). Brackets are 95 % intervals: how far a number could move had other "
    "people been recorded. A segment is 30 s. RR intervals: a linear discriminant on the times "
    "between heartbeats, up to 10 minutes of them, ranked over the night. Cards are of all "
    "segments together; answers compare person by person. The EEG network is the EEG baseline "
    "of the tables below."
)


def summary(evidence: Evidence) -> list[Block]:
    """What was done; what each scheme's network to take home reaches and gained; the limits."""
    if not evidence.best:
        return [text("No network that reads the ECG has a result.")]
    blocks = [text(_done(evidence))]
    for scheme, name in evidence.best.items():
        row = evidence.row(scheme, name)
        assert row  # only a row with a result can be the best
        blocks += [heading(_stages(scheme)), _cards(evidence, scheme, name)]
        blocks.append(answers(answers_of(evidence, row)))
    limits = [heading("What these numbers cannot say"), listed(_limits(evidence))]
    return [*blocks, *limits, note(NOTE)]


def _done(evidence: Evidence) -> str:
    """The experiment in three sentences."""
    row = evidence.done[0]
    people, nights = len(row.people), len(row.nights)
    minutes = median(len(night.labels) * night.page_s / 60 for night in row.nights)
    length = f"{minutes / 60:.1f} h" if minutes >= 60 else f"{minutes:.0f} min"
    return (
        f"Networks staged {_count(nights, 'night')} of {_count(people, 'person', 'people')} whom "
        f"they had never seen ({length} scored, in the median), from one ECG lead. A network "
        "that reads the EEG taught them in training only. Kappa (κ) is agreement with the human "
        "scorer: 0 is chance, 1 is perfect."
    )


def _stages(scheme: str) -> str:
    names = scheme.split("-")
    return f"{len(names)} stages: {', '.join(STAGES.get(n, n) for n in names)} ({scheme})"


def _cards(evidence: Evidence, scheme: str, name: str) -> Block:
    """Kappa with its interval and accuracy of a network and of those it is measured by."""
    titles = {name: f"ECG network: {name}"} | {r: t for r, t in OTHERS.items() if r != name}
    return cards(
        [_card(evidence, scheme, r, t) for r, t in titles.items() if evidence.row(scheme, r)]
    )


def _card(evidence: Evidence, scheme: str, name: str, title: str) -> Card:
    found = evidence.score(scheme, name, "kappa")
    right = 100 * evidence.score(scheme, name, "accuracy")["value"]
    value, low, high = found["value"], found["low"], found["high"]
    between = f" [{low:z.2f}, {high:z.2f}]" if low is not None else ""
    called = POOR if value < 0 else next(w for most, w in AGREEMENT.items() if value <= most)
    span = (value, value) if low is None else (low, high)
    return Card(
        title,
        f"κ\u00a0{value:z.2f}",
        between,
        (called, f"{right:.0f} % of segments right", *_folds(evidence.row(scheme, name))),
        value,
        span,
    )


def _folds(row: EvidenceRow | None) -> list[str]:
    """How far the networks of the folds lie apart, which an interval over people does not know."""
    if not row or len(row.folds) < 2:
        return []
    found = kappa(row.fold_counts)
    return [f"folds {found.min():z.2f} to {found.max():z.2f}"]


def _limits(evidence: Evidence) -> list[str]:
    """What a reader has to know before quoting a number."""
    row, record = evidence.done[0], evidence.record
    people = len(row.people)
    few = " So few that the intervals themselves are rough." if people < FEW else ""
    subsets = ", ".join(sorted({night.subset for night in row.nights}))
    said = [
        f"{_count(people, 'person', 'people')} of {subsets}: other laboratories, leads and "
        f"disorders are untested.{few}",
        "Intervals are over people. How much training anew with another seed would change is "
        f"not in them{': see Several seeds' if evidence.repeats else ''}.",
        _chosen(evidence),
        "Holm's p corrects within one rival and score. Kappa against the ECG baseline is the main "
        "question; everything else is exploratory.",
    ]
    if any(is_widened(night.page_s) for night in row.nights):
        said.append(
            "Nights scored in 20 s pages have a label each 20 s, so their minutes weigh more."
        )
    if refused := record.nights["refused"]:
        said.append(f"{_count(refused, 'night')} could not be read: not in these numbers.")
    failed = [f"{row.name} ({row.scheme})" for row in evidence.rows if row.failed]
    if failed:
        said.append(f"Without a result: {', '.join(failed)}. Reasons are at the end of the page.")
    return said


def _chosen(evidence: Evidence) -> str:
    """What validation subjects chose, and whether they were tested too."""
    row = evidence.record.chooser
    tested = {name for fold in row.folds for name in fold.test} if row else set()
    both = tested.intersection(*[set().union(*row.validated)]) if row else set()
    said = "Networks were chosen on validation subjects; test scores chose nothing."
    if not both:
        return said
    return (
        f"{said} But {len(both)} of {len(tested)} test nights were validation nights of another "
        "fold, so a point that was searched for may look better than it is; a fixed point chose "
        "its epoch only."
    )


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"
