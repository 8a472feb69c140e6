"""The report: one page that needs no network, says what was gained, and shows what is missing."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from orchestration.chosen import BASELINE, SIMPLE, Chosen, ChosenFold, Record
from orchestration.evidence.drawn import drawn, told_apart
from orchestration.evidence.gains import gain_table, gains, sided
from orchestration.evidence.gathered import Evidence
from orchestration.evidence.page import Block, Part, as_html, heading, listed, table
from orchestration.evidence.parts import parts_of
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.staged import StagedNight
from orchestration.evidence.views import View
from tests.staged_nights import evidence_row

SKILLS = {"EEG baseline": 0.95, BASELINE: 0.3, "SD+CL": 0.7, SIMPLE: 0.75}


def record_of(rows: Sequence[EvidenceRow]) -> Record:
    """The record that a sweep with these rows would leave."""
    views = {"EEG baseline": "teacher_view", SIMPLE: "rr_view"}
    chosen = [
        Chosen(
            scheme=row.scheme,
            row=row.name,
            view=views.get(row.name, "student_view"),
            point=row.point,
            folds=tuple(
                ChosenFold(
                    fold=index,
                    key=f"{row.name} {index}",
                    test=tuple(night.subject for night in fold),
                    validation={"score": SKILLS.get(row.name, 0.0)},
                )
                for index, fold in enumerate(row.folds)
            ),
            failed=row.failed,
        )
        for row in rows
    ]
    return Record(
        name="0123456789abcdef",
        plan={"schemes": ["W-N-R"], "folds": 5},
        finished_at="2026-01-01T00:00:00+00:00",
        nights={"used": 8, "refused": 1},
        phases={"built": 3, "reused": 2, "failed": 0},
        rows=tuple(chosen),
        made={"commit": "abc"},
    )


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    rows = [evidence_row(name, skill=skill) for name, skill in SKILLS.items()]
    rows.append(replace(evidence_row("AT+CL"), folds=(), failed="the loss became NaN <b>"))
    return Evidence(record_of(rows), tuple(rows))


def words(blocks: Sequence[Block]) -> str:
    found = [line for block in blocks for line in (block.text, *block.lines)]
    return " ".join(
        [*found, *(word for block in blocks for said in block.answers for word in said)]
    )


def test_the_first_screen_says_what_was_gained_and_what_it_is_worth(evidence: Evidence) -> None:
    first = parts_of(evidence, {})[0]
    assert first.title == "Summary"
    said = words(first.blocks)
    assert "8 nights of 8 people whom they had never seen (" in said
    assert "always naming the commonest stage would name" in said
    assert "8 people of SS1, SS2, SS3, SS4, SS5" in said
    assert "Without a result: AT+CL (W-N-R)" in said
    (shown,) = [block.cards for block in first.blocks if block.cards]
    assert [card.title for card in shown] == [
        "ECG network: SD+CL",
        "Same ECG, no teacher",
        "RR intervals, no network",
        "EEG network, the teacher",
    ]


def test_the_first_screen_says_which_seeds_were_tried(evidence: Evidence) -> None:
    repeats = {0: evidence.rows, 1: evidence.rows}
    once, again = (
        words(parts_of(found, {})[0].blocks)
        for found in (evidence, replace(evidence, repeats=repeats))
    )
    assert "no other laboratory, lead or training seed was tried" in once
    assert "no other laboratory or lead was tried" in again
    assert "not in them: see Several seeds." in again


def test_each_question_has_a_short_answer(evidence: Evidence) -> None:
    answers = [a for block in parts_of(evidence, {})[0].blocks for a in block.answers]
    short = {answer.question: answer.short for answer in answers}
    assert short["Better than a constant guess?"] == "Yes."
    assert short["Does the EEG teacher help?"] == "Yes."
    assert short["As good as the EEG network?"] == "No."
    row = evidence.row("W-N-R", "SD+CL")
    assert row
    found = np.diag(row.pooled.counts) / row.pooled.support
    right = np.diag(row.pooled.counts) / row.pooled.counts.sum(axis=0)
    assert short["Which stages does it find?"] == ", ".join(
        f"{name} {100 * share:.0f} % ({100 * precise:.0f} %)"
        for name, share, precise in zip("WNR", found, right, strict=True)
    )


def test_a_network_that_does_not_beat_the_beats_is_told_so(evidence: Evidence) -> None:
    said = words(parts_of(evidence, {})[0].blocks)
    assert "Nothing shows that it learned more from the ECG than the times of its beats" in said


def test_without_a_network_that_reads_the_ecg_the_first_screen_says_so(evidence: Evidence) -> None:
    rows = [row for row in evidence.rows if row.name in ("EEG baseline", SIMPLE)]
    (block,) = parts_of(Evidence(record_of(rows), tuple(rows)), {})[0].blocks
    assert block.text == "No network that reads the ECG has a result."


def test_a_method_without_a_result_is_named_with_its_reason(evidence: Evidence) -> None:
    last = parts_of(evidence, {})[-1]
    assert "No result for AT+CL (W-N-R): the loss became NaN <b>" in words(last.blocks)


def test_every_table_is_a_file_in_four_forms(evidence: Evidence) -> None:
    files = evidence.files()
    for name in ("paper", "scores", "classes", "subjects", "gains", "subgroups", "sleep"):
        for form in ("csv", "json", "md", "tex"):
            assert files[f"{name}-W-N-R.{form}"].count(b"\n") > 2, (name, form)


def test_of_a_long_table_the_lines_most_look_for_stand_before_all_of_them(
    evidence: Evidence,
) -> None:
    part = next(p for p in parts_of(evidence, {}) if p.title == "Is the gain real?")
    short = next(block for block in part.blocks if block.kind == "table")
    (whole,) = next(block for block in part.blocks if block.kind == "folded").blocks
    scores = [line[short.heads.index("Score")] for line in whole.cells]
    assert {line[short.heads.index("Score")] for line in short.cells} == {"Kappa"}
    assert len(short.cells) == scores.count("Kappa") < len(scores)


def test_gains_are_differences_of_the_same_people(evidence: Evidence) -> None:
    found = gains(evidence.done, BASELINE, 0.25, names=["accuracy"])
    (ours,) = [gain for gain in gain_table(found) if gain["row"] == "SD+CL"]
    rows = [evidence.row("W-N-R", name) for name in ("SD+CL", BASELINE)]
    one, other = (
        np.array([(n.predicted == n.labels).mean() for n in row.nights]) for row in rows if row
    )
    assert ours["mean"] == pytest.approx((one - other).mean())
    assert ours["better"] + ours["worse"] + ours["equal"] == 8
    assert ours["holm_p"] >= ours["wilcoxon_p"]


def test_gains_and_losses_against_one_rival_are_a_sentence(evidence: Evidence) -> None:
    found = [gain for gain in evidence.gains if (gain.rival, gain.score) == (SIMPLE, "kappa")]
    assert sided(found) == (
        "kappa against the RR discriminant, by intervals: EEG baseline: gains; "
        "ECG baseline, SD+CL: loses."
    )


def test_rows_that_share_no_person_are_not_compared(evidence: Evidence) -> None:
    ours, theirs = evidence.done[2], evidence.done[1]
    ours = replace(ours, folds=ours.folds[:1])
    theirs = replace(theirs, folds=theirs.folds[1:])
    (gain,) = gains([ours, theirs], BASELINE, 0.25, names=["kappa"])
    assert gain.comparison.subjects == 0
    assert "nothing is shown" in gain.said()


def test_the_first_screen_says_who_was_tested_and_also_chose(evidence: Evidence) -> None:
    rows = evidence.record.rows
    first, second = rows[0].folds
    chose = dict.fromkeys(second.test[:3], 0.5)
    folds = (replace(first, validation={"score": 0.9, "subjects": chose}), second)
    record = replace(evidence.record, rows=(replace(rows[0], folds=folds), *rows[1:]))
    said = words(parts_of(replace(evidence, record=record), {})[0].blocks)
    assert "3 of 8 test nights were validation nights of another fold" in said
    assert "validation nights" not in words(parts_of(evidence, {})[0].blocks)
    assert record.test_share == pytest.approx((4 / (8 - 3) + 4 / 8) / 2)
    made = json.loads(parts_of(replace(evidence, record=record), {})[-1].blocks[-1].text)
    assert made["fold 0"] == {"test": list(first.test), "validation": sorted(second.test[:3])}


def test_a_network_that_is_there_twice_is_compared_once(evidence: Evidence) -> None:
    taught = next(row for row in evidence.record.rows if row.row == "SD+CL")
    again = replace(taught, row="Best found")
    twin = replace(next(row for row in evidence.rows if row.name == "SD+CL"), name="Best found")
    record = replace(evidence.record, rows=(*evidence.record.rows, again))
    twice = Evidence(record, (*evidence.rows, twin))
    assert [gain.row for gain in twice.gains] == [gain.row for gain in evidence.gains]
    assert "Best found" in {row["row"] for row in twice.tables["scores"]}


def test_accuracy_and_kappa_each_have_their_own_floor(evidence: Evidence) -> None:
    row = evidence.row("W-N-R", "SD+CL")
    assert row
    biased = replace(
        row, folds=tuple(tuple(map(with_many_of_one_stage, fold)) for fold in row.folds)
    )
    others = [other for other in evidence.rows if other.name != "SD+CL"]
    record = replace(evidence.record, plan=dict(evidence.record.plan) | {"weighted": True})
    answers = [
        answer
        for block in parts_of(Evidence(record, (*others, biased)), {})[0].blocks
        for answer in block.answers
    ]
    first = answers[0]
    assert first.short == "By accuracy no, by kappa yes."
    assert first.words.endswith("it gives up the commonest stage for rarer ones.")


def with_many_of_one_stage(night: StagedNight) -> StagedNight:
    """A night that is mostly N, of which half is taken for W; the rest is right."""
    dice = np.random.default_rng(list(night.subject.encode()))
    labels = dice.choice(3, size=len(night.labels), p=(0.1, 0.8, 0.1))
    said = np.where((labels == 1) & (dice.random(len(labels)) < 0.5), 0, labels)
    return replace(night, labels=labels, probabilities=np.eye(3)[said])


def test_a_report_to_pass_on_shows_no_night_and_names_nobody(evidence: Evidence) -> None:
    made = {"commit": "abc", "command": "sweep --recordings /home/ada"}
    plan = dict(evidence.record.plan) | {"runtime": {"groups": 3, "mlflow": "sqlite:///home/ada"}}
    private = replace(evidence, record=replace(evidence.record, made=made, plan=plan))
    public = replace(private, named=False)
    pages = [as_html("T", "", parts_of(e, drawn(e))).decode() for e in (private, public)]
    names = {night.subject for row in evidence.rows for night in row.nights}
    assert [any(name in page for name in names) for page in pages] == [True, False]
    assert ("/home/ada" in pages[0], "/home/ada" in pages[1]) == (True, False)
    assert ("worst night of" in pages[0], "worst night of" in pages[1]) == (True, False)
    gone = {name.split("-")[0] for name in private.files() if name not in public.files()}
    assert gone == {"sleep", "subjects"}
    assert "SS5" not in public.files()["subgroups-W-N-R.csv"].decode(), "one person is no group"
    assert "the loss became NaN" not in pages[1]


def test_plotting_is_imported_when_a_report_is_made_and_not_before() -> None:
    code = (
        "import sys, orchestration.report, orchestration.main_job\n"
        "print([name for name in ('matplotlib', 'jinja2', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_best_median_and_worst_night_are_three_different_ones() -> None:
    row = evidence_row()
    found = told_apart(row)
    kappas = {n.subject: n.confusion.kappa for n in row.nights}
    assert kappas[found["best"]] == max(kappas.values())
    assert kappas[found["worst"]] == min(kappas.values())
    assert sorted(found) == ["best", "median", "worst"]
    alone = replace(row, folds=(row.folds[0][:1],))
    assert list(told_apart(alone)) == ["best"]


class Links(HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [v or "" for k, v in attrs if k in ("src", "href", "data", "action")]


def test_the_page_fetches_nothing_and_runs_its_own_script_only(evidence: Evidence) -> None:
    text = as_html("A title", "A subtitle", parts_of(evidence, {})).decode()
    links = Links()
    links.feed(text)
    assert all(link.startswith("#") for link in links.found)
    assert text.count("<script") == 1
    assert "NaN &lt;b&gt;" in text


def test_what_a_file_says_is_text_and_never_markup() -> None:
    view = View(("<i>", "b"), [("<script src=x>", "&")])
    parts = [Part("<u>", (heading("<s>"), listed(["<q>"]), table(view)))]
    text = as_html("t", "s", parts).decode()
    for tag in ("<i>", "<script src", "<u>", "<s>", "<q>"):
        assert tag not in text
