"""The table of the denoising paper as people read it, and the sentences that go with it.

Rows of orchestration.denoising.table in; views, sentences and files out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.denoising.data_used import DataUsed, data_said
from orchestration.denoising.distilled import Distilled, distillation_table
from orchestration.denoising.measures import MEASURES
from orchestration.denoising.table import (
    ALONE,
    GAINED,
    PUBLISHED,
    PUBLISHED_OPERATIONS,
    PUBLISHED_PARAMETERS,
    Table,
)
from orchestration.evidence.formats import as_markdown, signed, table_files
from orchestration.evidence.views import View

PAPER_ROW = "U-Lde-net, published"
DIGITS = {"SNR": 2, "RMSE": 4, "Pearson": 4, "SSD": 1, "MAD": 3, "PRD": 1, "cosine": 4}
HEADS = {"SNR": "SNR gain, dB", "RMSE": "RMSE decrease", "Pearson": "Pearson increase"}
AFTER = {"SNR": "SNR, dB", "PRD": "PRD, %", "cosine": "Cosine"}
COMPARED = (
    *("Student", "Group", "Measure", "Over the student alone", "Interval"),
    *("Segments", "Patients"),
)
NONE = "–"
TABLE = (
    "Gains are of denoised over noisy segments, means over all test segments; brackets are 95 % "
    "BCa intervals over patients. MACs and time are for 10 s, on one thread; a published "
    "operation is taken for a MAC. Segments are scaled to a span of 2 before noise is added, "
    "which RMSE, SSD and MAD depend on."
)
RECORDED = (
    "The same networks, filters and noise, where what counts as clean is the ECG as it was "
    "recorded: an error then includes the drift and muscle noise of the record itself, which no "
    "denoiser can know. Published gains may be of either kind."
)
TAUGHT = (
    "Differences are of the same noisy segments, distilled less alone. Intervals are over "
    "patients, who are drawn with all their segments. They know nothing of how much another seed "
    "would change in training, and are not corrected for being several."
)


def gains_view(table: Table, group: str) -> View:
    """The paper's table in one group: gains with intervals, and what a denoiser costs."""
    heads = ("Denoiser", *HEADS.values(), "Parameters", "MACs", "Time, ms")
    cells = [_published(group)] if group in PUBLISHED else []
    for name, found in _by_row(table, group).items():
        gains = [_interval(found[m], "gain", DIGITS[m], sign=True) for m in GAINED]
        cells.append((name, *gains, *_cost(found["SNR"])))
    return View(heads, cells)


def after_view(table: Table, group: str) -> View:
    """How near the clean ECG denoised segments are, in every measure; first the noisy ones."""
    found = _by_row(table, group)
    noisy = [f"{m['before']:z.{DIGITS[name]}f}" for name, m in next(iter(found.values())).items()]
    return View(
        ("Denoiser", *(AFTER.get(name, name) for name in MEASURES)),
        [("none: the noisy ECG", *noisy)]
        + [
            (name, *(_interval(each[m], "after", DIGITS[m]) for m in MEASURES))
            for name, each in found.items()
        ],
    )


def recorded_view(table: Table) -> View:
    """SNR gains against ECG as it was recorded, a column a group."""
    groups = list(dict.fromkeys(line["group"] for line in table))
    named: dict[str, dict[str, str]] = {}
    for line in table:
        named.setdefault(line["row"], {})[line["group"]] = _interval(
            line, "gain", DIGITS["SNR"], sign=True
        )
    heads = ("Denoiser", *(f"SNR gain, dB, {group}" for group in groups))
    return View(heads, [(name, *(found[g] for g in groups)) for name, found in named.items()])


def distillation_view(found: Sequence[Distilled]) -> View:
    """Every comparison with the student alone."""
    return View(
        COMPARED,
        [
            (
                each.row,
                each.group,
                HEADS[each.measure],
                f"{signed(each.mean.estimate, DIGITS[each.measure])} {_between(each)}".strip(),
                _zero(each),
                f"{each.segments_better} of {each.segments} better",
                f"{each.patients_better} of {each.patients} better",
            )
            for each in found
        ],
    )


def distillation_said(found: Sequence[Distilled]) -> list[str]:
    """What distillation gained in SNR, group by group, in sentences that a person can quote."""
    if not found:
        return [f"Nothing can be said of distillation: no {ALONE} stands beside a distilled one."]
    return [_sentence(each) for each in found if each.measure == "SNR"]


def denoising_files(
    table: Table, found: Sequence[Distilled], data: DataUsed, recorded: Table
) -> dict[str, bytes]:
    """denoising.{csv,json,md,tex} and distillation.{csv,json,md,tex}; all numbers in the first."""
    groups = list(dict.fromkeys(line["group"] for line in table))
    gained = _with_groups({group: gains_view(table, group) for group in groups})
    files = table_files("denoising", table, gained.heads, gained.cells)
    after = _with_groups({group: after_view(table, group) for group in groups})
    said = [TABLE, *distillation_said(found), TAUGHT, *data_said(data)]
    words = "".join(f"- {line}\n" for line in said)
    raw = [f"{RECORDED}\n", as_markdown(*recorded_view(recorded))] if recorded else []
    parts = [as_markdown(*gained), *raw, "After denoising:\n", as_markdown(*after), words]
    files["denoising.md"] = "\n".join(parts).encode()
    view = distillation_view(found)
    return files | table_files("distillation", distillation_table(found), view.heads, view.cells)


def _with_groups(views: Mapping[str, View]) -> View:
    """The views of several groups as one, the group behind the name."""
    heads = next(iter(views.values())).heads
    cells = [(line[0], group, *line[1:]) for group, view in views.items() for line in view.cells]
    return View((heads[0], "Group", *heads[1:]), cells)


def _by_row(table: Table, group: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Name of a row -> measure -> its line in this group."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for line in table:
        if line["group"] == group:
            found.setdefault(line["row"], {})[line["measure"]] = line
    return found


def _published(group: str) -> tuple[str, ...]:
    gains = (signed(PUBLISHED[group][name], DIGITS[name]) for name in GAINED)
    return (PAPER_ROW, *gains, f"{PUBLISHED_PARAMETERS:,}", f"{PUBLISHED_OPERATIONS:,}", NONE)


def _cost(line: Mapping[str, Any]) -> tuple[str, str, str]:
    parameters, macs, ms = (line[name] for name in ("parameters", "macs", "ms_per_10_s"))
    return (
        NONE if parameters is None else f"{parameters:,}",
        NONE if macs is None else f"{macs:,}",
        NONE if ms is None else f"{ms:.2f}",
    )


def _interval(line: Mapping[str, Any], name: str, digits: int, sign: bool = False) -> str:
    """A number and its bounds, as far as they are there."""
    plus = "+" if sign else ""
    text = f"{line[name]:{plus}z.{digits}f}"
    low, high = line[f"{name}_low"], line[f"{name}_high"]
    return text if low is None else f"{text} [{low:z.{digits}f}, {high:z.{digits}f}]"


def _sentence(each: Distilled) -> str:
    """SNR, and in words whether the interval excludes zero."""
    mean = each.mean
    amount = f"{abs(mean.estimate):.{DIGITS['SNR']}f} dB of SNR"
    did = f"gains {amount} over" if mean.estimate >= 0 else f"loses {amount} to"
    many = (
        f"better in {each.segments_better} of {each.segments} segments and in the mean of "
        f"{each.patients_better} of {each.patients} patients"
    )
    return (
        f"{each.group.capitalize()}: {each.row} {did} the {ALONE} alone ({_said(each)}; {many})."
    )


def _said(each: Distilled) -> str:
    if each.mean.low != each.mean.low:
        return "no interval, for patients are too few or all differ alike: nothing is shown"
    low, high = (signed(bound, DIGITS[each.measure]) for bound in each.mean[1:])
    return f"95 % interval {low} to {high}, {_zero(each)}"


def _zero(each: Distilled) -> str:
    if each.mean.low != each.mean.low:
        return "no interval"
    return "excludes zero" if each.mean.excludes(0) else "does not exclude zero"


def _between(each: Distilled) -> str:
    if each.mean.low != each.mean.low:
        return ""
    low, high = (signed(bound, DIGITS[each.measure]) for bound in each.mean[1:])
    return f"[{low}, {high}]"
