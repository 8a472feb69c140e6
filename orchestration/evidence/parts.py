"""The parts of the report's page, in the order in which a person reads them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.chosen import BASELINE, SIMPLE, Record
from orchestration.evidence import page
from orchestration.evidence.clinical import NOTE as AGREEMENT_NOTE
from orchestration.evidence.gains import sided
from orchestration.evidence.gathered import Evidence
from orchestration.evidence.page import Block, Part
from orchestration.evidence.pages_table import pages_said
from orchestration.evidence.restaged import left_out
from orchestration.evidence.seeds_table import GAINS_NOTE, NOTE, seeds_said
from orchestration.evidence.summary import summary
from orchestration.evidence.views import View
from orchestration.spent import in_words

TABLES = {  # title of a part -> its tables, and how to read each
    "The paper's tables": {
        "paper": "Weighted F1 and accuracy of all test segments pooled, as in Table I of "
        "arXiv:2112.07252, which gives one hold-out run without intervals. Intervals: BCa "
        "bootstrap over subjects. Its data are MASS; a difference means something on MASS only. "
        "Floors need no network; beside ours stand those of the paper's class shares: every ECG "
        "accuracy of the paper lies below its own.",
        "classes": "F1 of each class, as in the paper's Table II, and what it is made of. "
        "Floors: the same of guessing without looking, here and with the paper's class shares.",
    },
    "All scores": {
        "scores": "All test segments pooled [95 % interval over subjects] ± sd over folds.",
    },
    "Is the gain real?": {
        "gains": "Differences within subjects, method minus rival. Wilcoxon: signed-rank test; "
        "Holm: the same, adjusted for the methods of a scheme; sign-flip: a permutation test of "
        "the mean; corrected t, from five folds on: over folds, corrected for the subjects that "
        "training sets share (Nadeau & Bengio 2003).",
    },
    "Groups of people": {
        "subgroups": "Kappa of the pooled segments of each group. AASM: SS1 and SS3, 30 s pages; "
        "R&K: SS2, SS4 and SS5, 20 s pages. Fewer than five people have no interval here: it "
        "would be too narrow.",
    },
    "Single subjects": {"subjects": "Cohen's kappa of each test subject's own night."},
    "Several seeds": {"seeds": NOTE, "seed-gains": GAINS_NOTE},
    "What was learned from the teacher": {
        "likeness": "Likeness of features to the EEG teacher's, before distillation (the ECG "
        "baseline) and after: cosine of the attention maps of the window that a segment lies in "
        "(95 % intervals over people), and linear CKA of the channels' means (± sd over folds; "
        "Kornblith 2019; unbiased: Song 2012). The first two cases are chosen by "
        "who is right, so only all segments together show what distillation did.",
    },
    "Pages of 20 s": {
        "pages": "Test nights scored in pages of 20 s (R&K), staged in three ways by networks "
        "that learned from 30 s: each page widened by 5 s on each side, as in the paper; a label "
        "each 20 s of the continuous signal; a grid of 30 s, each epoch with the label of the "
        "page that most of it lies in, so against other truth. A window of widened pages sees "
        "less of the night than the other two. Differences: within people, minus the widened way.",
    },
    "Clinical numbers": {
        "sleep": AGREEMENT_NOTE,
    },
    "Calibration": {
        "calibration": "ECE: mean gap between confidence and accuracy (15 bins, Guo 2017). NLL "
        "in nats. Brier: 0 is best, 2 is worst. Areas are of one class against the rest.",
    },
}
SHORT = {  # long tables -> the column, and the value in it, of the lines that are not folded away
    "gains": ("Score", "Kappa"),
    "likeness": ("Case", "all segments"),
    "sleep": ("Method", ""),  # the network to take home
}
FIRST, LAST = "Summary", "How it was made"


def parts_of(evidence: Evidence, drawn: Mapping[str, Sequence[Block]]) -> list[Part]:
    """The page, part by part.

    Args:
        drawn: title of a part -> figures that it ends with; an unknown title is a part of its own.
    """
    blocks: dict[str, list[Block]] = {FIRST: summary(evidence)}
    for title, tables in TABLES.items():
        blocks[title] = [
            b for name, words in tables.items() for b in _table(evidence, name, words)
        ]
    for title, figures in drawn.items():
        blocks[title] = [*blocks.get(title, []), *figures]
    blocks["Is the gain real?"][:0] = _said(evidence)
    blocks["Pages of 20 s"][:0] = _paged(evidence)
    blocks["Several seeds"][:0] = _repeated(evidence)
    blocks[LAST] = _failed(evidence) + _made(evidence.record, evidence.named)
    return [Part(title, tuple(found)) for title, found in blocks.items() if found]


def _table(evidence: Evidence, name: str, words: str) -> list[Block]:
    """One table a scheme under its heading, a long one folded away; then how to read it."""
    blocks = []
    for scheme in evidence.schemes:
        view = evidence.view(name, scheme)
        if view.cells:
            blocks += [page.heading(f"Stages {scheme}"), *_shortened(evidence, name, scheme, view)]
    return [*blocks, page.note(words)] if blocks else []


def _shortened(evidence: Evidence, name: str, scheme: str, view: View) -> list[Block]:
    """The lines of a table that most readers look for, then all of them."""
    if name not in SHORT:
        return [page.table(view)]
    head, value = SHORT[name]
    column, wanted = view.heads.index(head), value or evidence.best.get(scheme, "")
    short = [line for line in view.cells if line[column] == wanted]
    whole = page.folded(f"All {len(view.cells)} lines", [page.table(view)])
    return [page.table(View(view.heads, short)), whole] if short else [whole]


def _said(evidence: Evidence) -> list[Block]:
    """Kappa against the ECG baseline in a sentence each, against the RR intervals in one."""
    kappas = [gain for gain in evidence.gains if gain.score == "kappa"]
    said = [f"{gain.scheme}: {gain.said()}" for gain in kappas if gain.rival == BASELINE]
    for scheme in evidence.schemes:
        mine = [gain for gain in kappas if (gain.scheme, gain.rival) == (scheme, SIMPLE)]
        if mine:
            said.append(f"{scheme}: {sided(mine)}")
    return [page.listed(said)] if said else []


def _paged(evidence: Evidence) -> list[Block]:
    """Whether a label for each 20 s page loses anything, in sentences."""
    said = []
    for scheme in evidence.schemes:
        said += [f"{scheme}: {words}" for words in pages_said(evidence.pages, scheme)]
        without = left_out(evidence.record.rows, evidence.done, evidence.paged, scheme)
        if without:
            names = ", ".join(without)
            said.append(f"{scheme}: not yet staged in all three ways, so not told here: {names}.")
    return [page.listed(said)] if said else []


def _repeated(evidence: Evidence) -> list[Block]:
    """Whether a gain is larger than what another seed moves, in sentences."""
    if not evidence.repeats:
        return []
    said = [
        f"{scheme}: {words}"
        for scheme in evidence.schemes
        for words in seeds_said(evidence.seed_gains, evidence.repeats, scheme)
    ]
    return [page.listed(said)]


def _failed(evidence: Evidence) -> list[Block]:
    """Methods without a result, and why; a method that is missing must not go unseen."""
    said = [
        f"No result for {row.name} ({row.scheme}){f': {row.failed}' if evidence.named else '.'}"
        for row in evidence.rows
        if row.failed
    ]
    return [page.listed(said)] if said else []


def _folds(record: Record) -> dict[str, Any]:
    """Who tested and who chose in each fold; all others trained."""
    row = record.chooser
    return {
        f"fold {fold.fold}": {"test": list(fold.test), "validation": sorted(chose)}
        for fold, chose in (zip(row.folds, row.validated, strict=True) if row else ())
    }


def _made(record: Record, named: bool) -> list[Block]:
    """Where the numbers come from: data, folds, plan, versions; a command and a URI hold paths."""
    phases = ", ".join(f"{count} {what}" for what, count in record.phases.items())
    lines = [
        f"Sweep {record.name}, finished {record.finished_at}.",
        f"Nights: {record.nights['used']} used, {record.nights['refused']} refused.",
        f"Phases: {phases}.",
        *([in_words(record.spent)] if record.spent else []),
    ]
    if named:
        long = {"Plan": record.plan, "Versions, command, data": record.made}
        long["Folds of subjects"] = _folds(record)
    else:
        runtime = {k: v for k, v in record.plan.get("runtime", {}).items() if k != "mlflow"}
        long = {"Plan": {**record.plan, "runtime": runtime}}
        long["Versions, data"] = {k: v for k, v in record.made.items() if k != "command"}
    return [
        page.listed(lines),
        *(page.raw(title, json.dumps(value, indent=2)) for title, value in long.items()),
    ]
