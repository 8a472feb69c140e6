"""Tables as people read them: signs, p-values, and what is left out where it would mislead."""

from typing import Any

import pytest

from orchestration.evidence.formats import bounded
from orchestration.evidence.page import is_numeric
from orchestration.evidence.views import gains_view, paper_view, subgroups_view


def gain(**values: Any) -> dict[str, Any]:
    """A line of the table of gains, all of whose numbers are .5 but for some."""
    names = ("wilcoxon_p", "holm_p", "permutation_p", "corrected_t_p", "rank_biserial", "cohen_dz")
    words = {"scheme": "W-N-R", "row": "SD+CL", "rival": "ECG baseline", "score": "kappa"}
    numbers = dict.fromkeys((*names, "mean", "low", "high"), 0.5)
    return words | numbers | {"folds": 10, "better": 3, "worse": 1} | values


@pytest.mark.parametrize(
    ("low", "printed"), [(-4e-4, "0.000"), (-0.0, "0.000"), (-6e-4, "-0.001"), (4e-4, "0.000")]
)
def test_no_minus_stands_before_a_zero(low: float, printed: str) -> None:
    cells = gains_view([gain(low=low, mean=low, high=0.038, cohen_dz=low)], "W-N-R").cells[0]
    assert cells[3] == f"{printed} [{printed}, 0.038]"
    assert cells[9] == printed
    line = {"scheme": "W-N-R", "row": "SD+CL", "score": "accuracy", "value": low, "paper": 0.0}
    signed = paper_view([line | {"difference": low}], "W-N-R").cells[0][8]
    assert signed == printed


def test_an_interval_has_no_minus_before_a_zero() -> None:
    assert bounded(-4e-4, -4e-4, 4e-4) == "0.000 [0.000, 0.000]"
    assert bounded(0.0312, -6e-4, 0.06, "+") == "+0.031 [-0.001, +0.060]"


def test_p_values_are_printed_as_in_sentences_and_are_still_numbers() -> None:
    values = (0.00099, 0.001, 0.0034, 0.05, 0.9994, 0.9996, 1.0, None)
    cells = gains_view([gain(holm_p=p) for p in values], "W-N-R").cells
    printed = [line[5] for line in cells]
    assert printed == ["< .001", ".001", ".003", ".050", ".999", "1", "1", ""]
    assert is_numeric(printed)


def test_the_t_test_over_folds_is_shown_where_there_are_enough_of_them() -> None:
    few, gap = gain(folds=4), gain(corrected_t_p=None)
    for table, shown in (([gain()], True), ([gain(), few], False), ([gain(), gap], False)):
        view = gains_view(table, "W-N-R")
        assert ("Corrected t p" in view.heads) is shown
        assert {len(line) for line in view.cells} == {len(view.heads)}


def test_a_group_of_fewer_than_five_people_has_no_interval() -> None:
    words = {"scheme": "W-N-R", "row": "SD+CL", "score": "kappa", "descriptor": "subset"}
    line: dict[str, Any] = {**words, "value": 0.3456, "low": -0.001, "high": 0.519}
    table = [line | {"group": "SS1", "people": 4}, line | {"group": "SS3", "people": 5}]
    assert subgroups_view(table, "W-N-R").cells == [
        ("subset: SS1", "4", "0.346"),
        ("subset: SS3", "5", "0.346 [0.00, 0.52]"),
    ]
