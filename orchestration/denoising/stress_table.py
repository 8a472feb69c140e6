"""Staging under noise as files: a row a condition as CSV and JSON, and Markdown for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.denoising.stress_fronts import BARE
from orchestration.denoising.stress_scores import NAMES, Gain, Line
from orchestration.evidence.floors import FLOORS
from orchestration.evidence.formats import as_markdown, as_number, bounded, p_value, typeset
from orchestration.evidence.intervals import LEVEL
from orchestration.formats import as_csv, as_json

SHOWN = {"kappa": "Kappa", "weighted_f1": "Weighted F1"}  # the others are in the files


def stress_files(lines: Sequence[Line], about: Mapping[str, Any]) -> dict[str, bytes]:
    """stress.csv, stress.json and stress.md.

    Args:
        about: JSON values that tell what was run.
    """
    rows = [_row(line) for line in lines]
    return {
        "stress.csv": as_csv(rows),
        "stress.json": as_json({**about, "conditions": rows}),
        "stress.md": _markdown(lines, about).encode(),
    }


def _row(line: Line) -> dict[str, Any]:
    """One condition as plain values; None where there is no number."""
    found: dict[str, Any] = {
        "scheme": line.scheme,
        "row": line.row,
        "group": line.level.group,
        "snr_db": line.level.snr_db,
        "learned_behind": line.learned,
        "denoiser": line.front,
        "nights": line.nights,
        "people": line.people,
        "segments": line.segments,
        "middle_snr_db": as_number(line.middle_snr_db),
        "spread_mv": line.spread_mv,
    }
    for name in NAMES:
        found |= _bounds(name, line.scores[name])
        for floor in FLOORS:
            found[f"{name}_{_plain(floor)}"] = line.floors[floor][name]
        found |= _gained(name, line.gains.get(name))
    return found


def _gained(name: str, gain: Gain | None) -> dict[str, Any]:
    """Columns of what a denoiser changed; empty where none is in front."""
    if gain is None:
        gained = ("gain", "gain_low", "gain_high", "gain_p", "gain_holm_p", "better", "worse")
        return {f"{name}_{column}": None for column in gained}
    return _bounds(f"{name}_gain", gain.pooled) | {
        f"{name}_gain_p": as_number(gain.people.wilcoxon_p),
        f"{name}_gain_holm_p": as_number(gain.holm_p),
        f"{name}_better": gain.people.better,
        f"{name}_worse": gain.people.worse,
    }


def _bounds(name: str, interval: tuple[float, float, float]) -> dict[str, float | None]:
    value, low, high = map(as_number, interval)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _plain(floor: str) -> str:
    """A row of FLOORS as part of a column's name."""
    return floor.lower().replace(": ", "_").replace(" ", "_")


def _markdown(lines: Sequence[Line], about: Mapping[str, Any]) -> str:
    """A table a scheme and row, with what was run above and how to read it below."""
    parts = [f"# Staging under noise\n\n{about['note']}\n"]
    for scheme, row in dict.fromkeys((line.scheme, line.row) for line in lines):
        mine = [line for line in lines if (line.scheme, line.row) == (scheme, row)]
        parts += [f"## {scheme}: {row}\n", _table(mine), _floors(mine[0])]
    return "\n".join([*parts, _legend(lines)])


def _table(lines: Sequence[Line]) -> str:
    heads = ["Noise", "Denoiser", "SNR, dB", "Middle segment, dB", "IQR, mV"]
    for shown in SHOWN.values():
        heads += [shown, "Gain", "p"]
    return as_markdown(heads, [_cells(line) for line in lines])


def _cells(line: Line) -> list[str]:
    level = line.level
    snr_db = "" if level.snr_db is None else f"{level.snr_db:g}"
    middle = as_number(line.middle_snr_db)
    cells = [level.group, line.front.replace("|", "/"), snr_db]
    cells += ["" if middle is None else f"{middle:.1f}", f"{line.spread_mv:.3f}"]
    for name in SHOWN:
        value, low, high = map(as_number, line.scores[name])
        cells += [bounded(value, low, high), *_gain_cells(line.gains.get(name))]
    return cells


def _gain_cells(gain: Gain | None) -> list[str]:
    if gain is None:
        return ["", ""]
    value, low, high = map(as_number, gain.pooled)
    p = as_number(gain.holm_p)
    return [bounded(value, low, high, "+"), "" if p is None else p_value(p)]


def _floors(line: Line) -> str:
    """What guessing scores on the same segments, in a sentence."""
    guesses = [
        f"{name.removeprefix('Floor: ')}: weighted F1 {line.floors[name]['weighted_f1']:.3f}, "
        f"accuracy {line.floors[name]['accuracy']:.3f}"
        for name in FLOORS
    ]
    return (
        f"{line.nights} nights of {line.people} people. Floors, {'; '.join(guesses)}; kappa 0.\n"
    )


def _legend(lines: Sequence[Line]) -> str:
    text = (
        f"Scores are of all test segments together, with {100 * LEVEL:.0f} % BCa intervals over "
        "people. The SNR is of powers over all scored ECG of a night; that of the middle segment "
        "is lower where a few segments hold most of the power. Every SNR of a night and group, "
        "every network and every denoiser has the same noise. IQR: interquartile range of the ECG "
        "that the networks hear, in the middle night; nights are scaled by it, so a denoiser that "
        "makes it smaller, say by taking the wander away, makes heart beats larger to a network."
    )
    for row, learned in dict.fromkeys((one.row, one.learned) for one in lines):
        if learned != BARE.name:
            text += f" {row} learned behind {learned}; without it, no ECG is like what taught it."
    if any(line.front != BARE.name for line in lines):
        text += (
            " Gain: with the denoiser minus without, paired; p: Wilcoxon over each person's own "
            "score, adjusted for all conditions of the row by Holm."
        )
    return typeset(text) + "\n"
