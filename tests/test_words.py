"""The sentence says what the numbers say, and no more."""

import numpy as np
import pytest

from orchestration.evidence.intervals import Interval
from orchestration.evidence.paired import Comparison, compare
from orchestration.evidence.words import verdict


def comparison(mean: float, low: float, high: float) -> Comparison:
    better, worse = (21, 7) if mean > 0 else (7, 21)
    return Comparison(
        mean=Interval(mean, low, high), median=mean, wilcoxon_p=0.0021, permutation_p=0.002,
        rank_biserial=0.4, cohen_dz=0.5, better=better, worse=worse, equal=0,
    )  # fmt: skip


def test_a_gain_whose_interval_excludes_zero() -> None:
    assert verdict("SD+CL", comparison(0.031, 0.012, 0.049), "kappa", holm_p=0.004) == (
        "SD+CL gains 0.031 kappa a subject over the ECG baseline "
        "(95 % interval 0.012 to 0.049, excludes zero; Holm p = .004; "
        "better in 21 of 28 subjects)."
    )


def test_a_gain_whose_interval_includes_zero_is_not_shown() -> None:
    assert verdict("AT+CL", comparison(0.01, -0.005, 0.024), "kappa", holm_p=0.21) == (
        "AT+CL scores 0.010 kappa a subject above the ECG baseline "
        "(Holm p = .210; better in 21 of 28 subjects); 95 % interval -0.005 to 0.024, "
        "which includes zero: no gain is shown."
    )


def test_a_loss_whose_interval_excludes_zero() -> None:
    found = verdict("AT+CL", comparison(-0.02, -0.03, -0.01), "macro F1", rival="SD+CL")
    assert found == (
        "AT+CL loses 0.020 macro F1 a subject to SD+CL "
        "(95 % interval -0.030 to -0.010, excludes zero; p = .002; worse in 21 of 28 subjects)."
    )


def test_a_loss_whose_interval_includes_zero_is_not_shown() -> None:
    found = verdict("AT+CL", comparison(-0.02, -0.05, 0.0001), "kappa")
    assert "scores 0.020 kappa a subject below the ECG baseline" in found
    assert found.endswith("-0.050 to 0.000, which includes zero: no loss is shown.")


def test_an_interval_that_holds_alone_but_not_among_others_is_called_unsure() -> None:
    found = verdict("SD+CL", comparison(0.031, 0.012, 0.049), "kappa", holm_p=0.08)
    assert found.endswith("subjects), but not surely among so many comparisons.")


@pytest.mark.parametrize(
    ("p", "text"), [(0.0004, "p < .001"), (0.05, "p = .050"), (0.9999, "p = 1"), (1, "p = 1")]
)
def test_p_values_are_printed_as_journals_do(p: float, text: str) -> None:
    assert f"({text};" in verdict("A", comparison(0.1, -0.1, 0.2), "kappa", holm_p=p).replace(
        "Holm ", ""
    )


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_subjects_show_nothing(n: int) -> None:
    found = verdict("SD+CL", compare(np.full(n, 0.6), np.full(n, 0.5)), "kappa")
    assert found.endswith("too few or all differ alike: nothing is shown.")
    assert f"of {n} subject" in found
    assert "nan" not in found


def test_methods_that_never_differ_are_said_to_be_the_same() -> None:
    found = verdict("SD+CL", compare(np.full(9, 0.5), np.full(9, 0.5)), "kappa")
    assert found == (
        "SD+CL has the same kappa as the ECG baseline in 9 subjects: nothing is shown."
    )


def test_a_comparison_of_real_scores_becomes_a_sentence() -> None:
    theirs = np.linspace(0.2, 0.6, 20)
    ours = theirs + np.linspace(0.01, 0.05, 20)
    found = verdict("SD+CL", compare(ours, theirs), "kappa")
    assert found.startswith("SD+CL gains 0.030 kappa a subject over the ECG baseline (95 %")
    assert found.endswith("excludes zero; p < .001; better in 20 of 20 subjects).")
