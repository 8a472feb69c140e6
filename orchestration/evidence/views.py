"""Tables as people read them: a line a method, a column a score, intervals beside the values."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from orchestration.evidence.formats import p_value, signed
from orchestration.evidence.tables import Table

TITLES = {
    "accuracy": "Accuracy",
    "weighted_f1": "Weighted F1",
    "macro_f1": "Macro F1",
    "kappa": "Kappa",
    "mcc": "MCC",
    "balanced_accuracy": "Balanced acc.",
}
PAPER = ("weighted_f1", "accuracy")  # what the paper's Table I gives
FEWEST_FOLDS = 5  # whose t-test is shown; with fewer it has next to no power
FEWEST_PEOPLE = 5  # of a group whose interval is shown; a bootstrap of fewer is too narrow


class View(NamedTuple):
    """A table of words: what is printed."""

    heads: tuple[str, ...]
    cells: Sequence[tuple[str, ...]]


def scores_view(table: Table, scheme: str) -> View:
    """All scores of a scheme: value, interval, sd over folds."""
    mine = [row for row in table if row["scheme"] == scheme]
    lines = _by_row(mine, "score")
    heads = ("Method", "Point", *TITLES.values())
    return View(
        heads,
        [
            (name, _point(found), *(_cell(found.get(score, {})) for score in TITLES))
            for name, found in lines.items()
        ],
    )


def paper_view(table: Table, scheme: str) -> View:
    """The paper's Table I beside ours."""
    mine = [row for row in table if row["scheme"] == scheme and row["score"] in PAPER]
    heads = ["Method", "Point"]
    for score in PAPER:
        heads += [f"{TITLES[score]}: paper", "ours (95 % interval)", "difference", "sd over folds"]
    cells = []
    for name, found in _by_row(mine, "score").items():
        line = [name, _point(found)]
        for score in PAPER:
            row = found.get(score, {})
            line += [_number(row.get("paper"), 2), _cell(row, sd=False)]
            line += [_signed(row.get("difference")), _number(row.get("sd_folds"))]
        cells.append(tuple(line))
    return View(tuple(heads), cells)


def classes_view(table: Table, scheme: str) -> View:
    """Every class: F1 beside the paper's Table II, precision, recall, support."""
    heads = ("Method", "Class", "F1: paper", "ours (95 % interval)", "difference", "sd over folds")
    return View(
        (*heads, "Precision", "Recall", "n"),
        [
            (
                row["row"],
                row["class"],
                _number(row["paper"], 2),
                _cell(row | {"value": row["f1"]}, sd=False),
                _signed(row["difference"]),
                _number(row.get("sd_folds")),
                _number(row["precision"]),
                _number(row["recall"]),
                str(row["support"]),
            )
            for row in table
            if row["scheme"] == scheme
        ],
    )


def subjects_view(table: Table, scheme: str, score: str = "kappa") -> View:
    """What single subjects score."""
    heads = ("Method", "Worst subject", "Worst", "Median", "Mean", "sd", "Subjects")
    mine = [row for row in table if row["scheme"] == scheme and row["score"] == score]
    return View(
        heads,
        [
            (
                row["row"],
                row["worst_subject"],
                *(_number(row[name]) for name in ("worst", "median", "mean", "sd")),
                str(row["subjects"]),
            )
            for row in mine
        ],
    )


def subgroups_view(table: Table, scheme: str, score: str = "kappa") -> View:
    """One score of every group of people: a line a group, a column a method."""
    mine = [row for row in table if row["scheme"] == scheme and row["score"] == score]
    methods = dict.fromkeys(row["row"] for row in mine)
    groups: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in mine:
        groups.setdefault((row["descriptor"], row["group"]), {})[row["row"]] = row
    cells = [
        (": ".join(group), _people(found), *(_of_group(found.get(m, {})) for m in methods))
        for group, found in groups.items()
    ]
    return View(("Group", "People", *methods), cells)


def gains_view(table: Sequence[Mapping[str, Any]], scheme: str) -> View:
    """Every comparison of a scheme; the t-test over folds only where there are enough of them."""
    mine = [dict(row) for row in table if row["scheme"] == scheme]
    tests = {"wilcoxon_p": "Wilcoxon p", "holm_p": "Holm p", "permutation_p": "Sign-flip p"}
    if all(row["corrected_t_p"] is not None and row["folds"] >= FEWEST_FOLDS for row in mine):
        tests["corrected_t_p"] = "Corrected t p"
    effects = {"rank_biserial": "Rank-biserial", "cohen_dz": "Cohen dz"}
    heads = ("Method", "Rival", "Score", "Mean gain (95 % interval)", *tests.values())
    return View(
        (*heads, *effects.values(), "Better / worse"),
        [
            (
                row["row"],
                row["rival"],
                TITLES[row["score"]],
                _cell(row | {"value": row["mean"]}),
                *(_p(row[name]) for name in tests),
                *(_number(row[name]) for name in effects),
                f"{row['better']} / {row['worse']}",
            )
            for row in mine
        ],
    )


def _by_row(table: Sequence[Mapping[str, Any]], column: str) -> dict[str, dict[str, Any]]:
    """Name of a row -> what it has in each value of a column."""
    found: dict[str, dict[str, Any]] = {}
    for row in table:
        found.setdefault(row["row"], {})[row[column]] = row
    return found


def _point(found: Mapping[str, Mapping[str, Any]]) -> str:
    return str(next(iter(found.values())).get("point", ""))


def _people(found: Mapping[str, Mapping[str, Any]]) -> str:
    """How many people a group has; a method that failed in a fold has fewer of them."""
    return str(max(row["people"] for row in found.values()))


def _of_group(row: Mapping[str, Any]) -> str:
    """A score of a group, with short bounds, for there is a column a method; few have none."""
    few = row.get("people", 0) < FEWEST_PEOPLE
    return _cell({**row, "low": None} if few else row, digits=2)


def _cell(row: Mapping[str, Any], sd: bool = True, digits: int = 3) -> str:
    """A value, its interval in so many digits, its sd over folds."""
    if row.get("value") is None:
        return ""
    text = _number(row["value"])
    if row.get("low") is not None:
        text += f" [{_number(row['low'], digits)}, {_number(row['high'], digits)}]"
    folds = _number(row.get("sd_folds")) if sd else ""
    return f"{text} ± {folds}" if folds else text


def _number(value: float | None, digits: int = 3) -> str:
    """A number without a minus before a zero; nothing where there is none."""
    return "" if value is None else f"{value:z.{digits}f}"


def _signed(value: float | None) -> str:
    return "" if value is None else signed(value)


def _p(value: float | None) -> str:
    return "" if value is None else p_value(value)
