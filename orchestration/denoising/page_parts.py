"""The parts of the report on denoisers, in the order in which they are read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from orchestration.denoising.data_used import data_said
from orchestration.denoising.distilled import ALL_GROUPS
from orchestration.denoising.figures_beats import beats_figure
from orchestration.denoising.figures_phases import phases_figure
from orchestration.denoising.figures_snr import curves_figure, segments_figure
from orchestration.denoising.figures_spectra import spectra_figure
from orchestration.denoising.figures_staging import staging_figure
from orchestration.denoising.figures_strips import RULE, strip_figure
from orchestration.denoising.material import Material
from orchestration.denoising.page_said import (
    beats_said,
    curves_said,
    helped,
    reached,
    spectra_said,
    staging_said,
)
from orchestration.denoising.table import ALONE, PUBLISHED, Table
from orchestration.denoising.table_view import (
    RECORDED,
    TABLE,
    TAUGHT,
    after_view,
    distillation_said,
    distillation_view,
    gains_view,
    recorded_view,
)
from orchestration.evidence import page
from orchestration.evidence.formats import signed
from orchestration.evidence.page import Block, Card, Part
from orchestration.evidence.style import as_svg

FULL_SCALE_DB = 20.0  # of the cards' scales
STAGES = (
    "The same nights and the same noise throughout. Nights of one person are drawn together for "
    "the intervals."
)


def parts_of(found: Material) -> list[Part]:
    """All parts; those with nothing in them are left out."""
    table = found.table
    parts = {
        "Summary": _summary(found, table),
        "The paper's table": _table(table),
        "Against ECG as recorded": _recorded(found),
        "What distillation gained": _distilled(found),
        "All measures": _after(table),
        "Ten seconds of each group": _strips(found),
        "Spectra": _spectra(found),
        "SNR in, SNR out": _snr(found),
        "Heart beats": _beats(found),
        "Sleep stages under noise": _staged(found),
        "Learning": _learning(found),
        "The data": iter([page.listed(data_said(found.data))]),
        "How to reproduce": _reproduce(found),
    }
    built = [Part(title, tuple(blocks)) for title, blocks in parts.items()]
    return [part for part in built if part.blocks]


def _summary(found: Material, table: Table) -> Iterator[Block]:
    row, test = found.shown, found.data.test
    size = "" if row.parameters is None else f" It has {row.parameters:,} parameters."
    yield page.text(
        f"Denoisers cleaned {test.segments:,} segments of 10 s of {test.patients} patients, "
        "each by a network that had not seen that patient, under noise that none had heard. Cards "
        f"are the mean SNR gain of {row.name}, with its 95 % interval over patients.{size}"
    )
    yield page.cards([_card(line, table) for line in table if _is_snr(line, row.name)])
    together = [each for each in found.distilled if each.group == ALL_GROUPS]
    asked = [*reached(table, row.name), *helped(together or found.distilled)]
    yield page.answers(asked)


def _is_snr(line: Mapping[str, Any], row: str) -> bool:
    return (line["row"], line["measure"]) == (row, "SNR")


def _card(line: Mapping[str, Any], table: Table) -> Card:
    gain, low, high = (line[name] for name in ("gain", "gain_low", "gain_high"))
    between = "" if low is None else f" [{low:z.2f}, {high:z.2f}]"
    span = (gain, gain) if low is None else (low, high)
    group = str(line["group"])
    said = [f"published {signed(PUBLISHED[group]['SNR'], 2)} dB"] if group in PUBLISHED else []
    for other in table:
        if _is_snr(other, ALONE) and other["group"] == group and line["row"] != ALONE:
            said.append(f"student alone {signed(other['gain'], 2)} dB")
    return Card(
        group.capitalize(),
        f"{signed(gain, 2)}\u00a0dB",
        between,
        tuple(said),
        gain / FULL_SCALE_DB,
        (span[0] / FULL_SCALE_DB, span[1] / FULL_SCALE_DB),
    )


def _table(table: Table) -> Iterator[Block]:
    for group in _groups(table):
        yield page.heading(group.capitalize())
        yield page.table(gains_view(table, group))
    yield page.note(TABLE)
    points = {line["row"]: line["point"] for line in table if line["point"]}
    if points:
        yield page.note("; ".join(f"{name}: {point}" for name, point in points.items()) + ".")


def _recorded(found: Material) -> Iterator[Block]:
    if found.recorded:
        yield page.table(recorded_view(found.recorded))
        yield page.note(RECORDED)


def _after(table: Table) -> Iterator[Block]:
    for group in _groups(table):
        yield page.heading(group.capitalize())
        yield page.table(after_view(table, group))
    yield page.note(
        "SSD is the sum of squared distances of a segment, MAD the largest distance, PRD the "
        "root-mean-square difference in percent, cosine the similarity by angle (DeepFilter, "
        "2021). High is good of SNR, Pearson and cosine, low of the others."
    )


def _distilled(found: Material) -> Iterator[Block]:
    compared = found.distilled
    if compared:
        yield page.listed(distillation_said(compared))
        yield page.table(distillation_view(compared))
        yield page.note(TAUGHT)


def _strips(found: Material) -> Iterator[Block]:
    for strip in found.strips:
        yield _drawn(strip_figure(strip))
    if found.strips:
        yield page.note(f"Picked by a rule. {RULE}")


def _spectra(found: Material) -> Iterator[Block]:
    if found.spectra:
        yield page.listed(spectra_said(found.spectra))
        yield _drawn(spectra_figure(found.spectra))


def _snr(found: Material) -> Iterator[Block]:
    yield _drawn(segments_figure(found.shown.groups, found.shown.name))
    if found.curves:
        yield page.listed(curves_said(found.curves, found.shown.name))
        yield _drawn(curves_figure(found.curves))


def _beats(found: Material) -> Iterator[Block]:
    if found.heard:
        yield page.listed(beats_said(found.heard_at))
        yield _drawn(beats_figure(found.heard_at, found.heard_clean))


def _staged(found: Material) -> Iterator[Block]:
    for staged in found.staged:
        yield page.heading(f"{staged.row}, stages {staged.scheme}")
        yield page.listed(staging_said(staged))
        yield _drawn(staging_figure(staged))
    if found.staged:
        yield page.note(STAGES)


def _learning(found: Material) -> Iterator[Block]:
    if found.phases:
        yield _drawn(phases_figure(found.phases))


def _reproduce(found: Material) -> Iterator[Block]:
    yield page.text(f"On the same data this makes the same numbers again: {found.reproduce}")
    if found.made:
        yield page.raw("Versions and machine", found.made)


def _groups(table: Table) -> Sequence[str]:
    return list(dict.fromkeys(str(line["group"]) for line in table))


def _drawn(figure: Figure) -> Block:
    return page.figure(as_svg(figure))
