"""The tables of the report: what scikit-learn says of the same nights, beside floors and paper."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

from orchestration.evidence.floors import FLOORS
from orchestration.evidence.formats import as_latex, as_markdown, table_files, typeset
from orchestration.evidence.paper import paper_scores
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.tables import class_table, score_table, subject_table
from orchestration.evidence.views import classes_view, paper_view, scores_view, subjects_view
from tests.staged_nights import evidence_row

COMMONEST, BY_PRIOR = FLOORS
ORACLES = {
    "accuracy": metrics.accuracy_score,
    "weighted_f1": lambda t, p: metrics.f1_score(t, p, average="weighted"),
    "macro_f1": lambda t, p: metrics.f1_score(t, p, average="macro"),
    "kappa": metrics.cohen_kappa_score,
    "mcc": metrics.matthews_corrcoef,
    "balanced_accuracy": metrics.balanced_accuracy_score,
}


@pytest.fixture(scope="module")
def row() -> EvidenceRow:
    return evidence_row()


def pooled(row: EvidenceRow) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted classes of all nights."""
    true = np.concatenate([night.labels for night in row.nights])
    return true, np.concatenate([night.predicted for night in row.nights])


def test_a_score_is_scikit_learns_of_all_segments_within_its_interval(row: EvidenceRow) -> None:
    found = [line for line in score_table([row]) if line["row"] == "SD+CL"]
    assert [line["score"] for line in found] == list(ORACLES)
    for line in found:
        assert line["value"] == pytest.approx(ORACLES[line["score"]](*pooled(row)))
        assert line["low"] < line["value"] < line["high"]
        assert (line["folds"], line["subjects"]) == (2, 8)


def test_the_spread_is_that_of_the_folds(row: EvidenceRow) -> None:
    each = [
        metrics.cohen_kappa_score(
            np.concatenate([n.labels for n in fold]), np.concatenate([n.predicted for n in fold])
        )
        for fold in row.folds
    ]
    (kappa,) = [
        line for line in score_table([row]) if line["score"] == "kappa" and "point" in line
    ]
    assert kappa["sd_folds"] == pytest.approx(np.std(each, ddof=1))


def test_classes_and_subjects_are_scikit_learns(row: EvidenceRow) -> None:
    precision, recall, f1, support = metrics.precision_recall_fscore_support(*pooled(row))
    for k, line in enumerate(class_table([row])[:3]):
        assert (line["precision"], line["recall"]) == pytest.approx((precision[k], recall[k]))
        assert (line["f1"], line["support"]) == pytest.approx((f1[k], support[k]))
    kappas = {n.subject: metrics.cohen_kappa_score(n.labels, n.predicted) for n in row.nights}
    (line,) = [line for line in subject_table([row]) if line["score"] == "kappa"]
    assert line["median"] == pytest.approx(np.median(list(kappas.values())))
    assert line["worst_subject"] == min(kappas, key=lambda name: kappas[name])


def test_a_class_has_the_spread_of_its_folds_and_its_distance_to_the_paper(
    row: EvidenceRow,
) -> None:
    folds = [replace(row, folds=(fold,)) for fold in row.folds]
    each = [metrics.f1_score(*pooled(fold), average=None) for fold in folds]
    for k, (line, theirs) in enumerate(zip(class_table([row]), (0.53, 0.70, 0.34), strict=False)):
        assert line["sd_folds"] == pytest.approx(np.std([f1[k] for f1 in each], ddof=1))
        assert line["difference"] == pytest.approx(line["f1"] - theirs)
        assert line["paper"] == theirs
    alone, other = class_table([folds[0]])[0], class_table([replace(row, name="Best found")])[0]
    assert (alone["sd_folds"], other["paper"], other["difference"]) == (None, None, None)


def test_floors_end_both_tables_beside_the_papers_own(row: EvidenceRow) -> None:
    *_, commonest, by_prior = paper_view(score_table([row]), "W-N-R").cells
    assert (commonest[0], commonest[2], commonest[6]) == (COMMONEST, "0.56", "0.69")
    assert (by_prior[0], by_prior[2], by_prior[6]) == (BY_PRIOR, "0.52", "0.52")
    shares = row.pooled.support / row.pooled.support.sum()
    assert commonest[7] == f"{shares.max():.3f}"
    assert float(commonest[8]) == pytest.approx(shares.max() - 0.69, abs=5e-4)
    view = classes_view(class_table([row]), "W-N-R")
    lines = {line[:2]: line for line in view.cells}
    assert lines[COMMONEST, "N"][2] == "0.81"  # 2 p / (1 + p) of p = .687
    assert lines[COMMONEST, "R"][2:5] == ("0.00", "0.000", "0.000")
    assert lines[BY_PRIOR, "W"][3] == f"{shares[0]:.3f}"
    assert {len(line) for line in view.cells} == {len(view.heads)}


def test_the_papers_values_stand_beside_ours(row: EvidenceRow) -> None:
    table = score_table([row, evidence_row("Best found")])
    lines = {(line["row"], line["score"]): line for line in table}
    ours = lines["SD+CL", "weighted_f1"]
    assert ours["paper"] == 0.61
    assert ours["difference"] == pytest.approx(ours["value"] - 0.61)
    assert lines["Best found", "weighted_f1"]["paper"] is None
    assert paper_scores("W-L-D-R", "AT+SD+CL")["f1_D"] == 0.29
    cells = paper_view(table, "W-N-R").cells
    assert [line[0] for line in cells[:2]] == ["SD+CL", "Best found"]
    assert cells[0][2] == "0.61"


def test_a_table_has_four_forms_with_the_same_numbers(row: EvidenceRow) -> None:
    table = score_table([row])
    view = scores_view(table, "W-N-R")
    files = table_files("scores", table, view.heads, view.cells)
    assert json.loads(files["scores.json"]) == table
    kappa = next(line for line in table if line["score"] == "kappa")
    assert f"{kappa['value']:.3f} [" in files["scores.md"].decode()
    assert str(kappa["value"]) in files["scores.csv"].decode()
    assert files["scores.tex"].decode().count(r"\\") == 1 + len(view.cells)


def test_latex_takes_no_word_for_a_command() -> None:
    text = as_latex(("a_b", "50 %", "c"), [("x & y", "−1", "± 2")])
    assert r"a\_b & 50 \% & c \\" in text
    assert r"x \& y & $-$1 & $\pm$ 2 \\" in text
    assert as_markdown(("a", "b"), [("c", "d")]) == "| a | b |\n| --- | --- |\n| c | d |\n"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("-0.1 [-0.2, -.05]", "−0.1 [−0.2, −.05]"),
        ("2026-11-21, SS1-3, 1e-3, C3-A2", "2026-11-21, SS1-3, 1e-3, C3-A2"),
        ("--folds 5, W-N-R", "--folds 5, W-N-R"),
    ],
)
def test_a_minus_before_a_number_is_printed_as_one(text: str, printed: str) -> None:
    assert typeset(text) == printed


def test_a_method_that_failed_and_a_single_night_leave_gaps(row: EvidenceRow) -> None:
    failed = EvidenceRow(scheme="W-N-R", name="AT+CL", point="", folds=(), failed="NaN")
    alone = EvidenceRow(scheme="W-N-R", name="ECG baseline", point="", folds=(row.folds[0][:1],))
    table = score_table([failed, alone])
    assert {line["row"] for line in table if "point" in line} == {"ECG baseline"}
    assert all(line["low"] is None and line["sd_folds"] is None for line in table if "low" in line)
    assert classes_view(class_table([alone]), "W-N-R").cells[0][0] == "ECG baseline"
    assert subjects_view(subject_table([alone]), "W-N-R").cells[0][5] == ""
