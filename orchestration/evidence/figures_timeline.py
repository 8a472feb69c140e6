"""When each trial of a search ran, how many ran at a time, and on which machines."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from orchestration.evidence.slots import Bar, Clock, bars_of, clock_of
from orchestration.evidence.style import (
    FAINT,
    INK,
    MUTED,
    canvas,
    colours_of,
    nothing,
    styled,
    wrapped,
)
from orchestration.evidence.trials import TrialPoint

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
INTERRUPTED: Any = (0, (3, 1.5))  # the outline of such a bar
HOUR, MINUTE = 3600.0, 60.0
UNITS = {"hours": HOUR, "minutes": MINUTE, "seconds": 1.0}


@styled
def timeline_figure(trials: Sequence[TrialPoint]) -> Figure:
    """When each trial ran, and beside which others; its number stands on its bar.

    Pale bars were stopped early, crossed ones failed, dashed ones were interrupted and taken up
    again. A dotted line is a pause that was cut out. Times of trials that an earlier sweep ran are
    of then.
    """
    bars = bars_of(trials)
    if not bars:
        figure = canvas(1.5, 5.4)
        nothing(figure.subplots(), "no trial has a time")
        return figure
    slots = 1 + max(bar.slot for bar in bars)
    figure = canvas(1.4 + 0.3 * max(2, slots))
    axes, clock = figure.subplots(), clock_of([bar.run for bar in bars])
    colours = colours_of(trial.method for trial in trials)
    for bar in bars:
        _draw(axes, bar, clock, colours[bar.trial.method])
    _pauses(axes, clock)
    _times(axes, clock)
    _slots(axes, bars)
    named = _keys(colours, bars)
    figure.legend(handles=named, loc="outside lower center", ncols=min(6, len(named)))
    return figure


def _draw(axes: Axes, bar: Bar, clock: Clock, colour: str) -> None:
    left, right = clock.place(bar.run.began), clock.place(bar.run.ended)
    beaten = bar.last and bar.trial.state == "PRUNED"
    axes.barh(
        bar.slot,
        right - left,
        0.72,
        left,
        facecolor=(colour, 0.25 if beaten or not bar.last else 0.9),
        edgecolor=colour,
        linewidth=0.8,
        linestyle="-" if bar.last else INTERRUPTED,
    )
    if bar.last and bar.trial.state == "FAIL":
        axes.plot(right, bar.slot, "x", color=INK, markersize=5)
    if right - left > 0.018 * clock.end:
        dark = not beaten and bar.last and sum(_rgb(colour)) < 1.5
        axes.text(
            (left + right) / 2,
            bar.slot,
            str(bar.trial.number),
            ha="center",
            va="center",
            fontsize=6.5,
            color="white" if dark else INK,
        )


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def _pauses(axes: Axes, clock: Clock) -> None:
    """A dotted line where time was cut out, and how much of it where there is room to say so."""
    for (_, ended), (began, _) in pairwise(clock.sessions):
        middle = clock.place(ended) + clock.width / 2
        axes.axvline(middle, color=MUTED, linewidth=1.0, linestyle=(0, (1, 2)))
        if len(clock.sessions) < 8:
            axes.annotate(
                f"{_short(began - ended)}",
                (middle, 1.0),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                fontsize=7,
                color=MUTED,
            )


def _short(seconds: float) -> str:
    """A pause for people."""
    if seconds >= 48 * HOUR:
        return f"{seconds / HOUR / 24:.0f} d"
    return f"{seconds / HOUR:.1f} h" if seconds >= HOUR else f"{seconds / MINUTE:.0f} min"


def _times(axes: Axes, clock: Clock) -> None:
    """Ticks at round times since the first trial began, in every session."""
    first = clock.sessions[0][0]
    name = next((name for name, unit in UNITS.items() if clock.end > 1.5 * unit), "seconds")
    unit = UNITS[name]
    step = next((s for s in STEPS if s >= unit / 2 and clock.end / s <= 10), STEPS[-1])
    ticks: dict[float, str] = {}
    for began, ended in clock.sessions:
        rounds = np.arange(np.ceil((began - first) / step), (ended - first) / step + 1e-9) * step
        for since in rounds if len(rounds) else [began - first]:
            place = clock.place(first + float(since))
            if not ticks or place - max(ticks) > 0.045 * clock.end:
                ticks[place] = f"{since / unit:.3g}" if len(rounds) else f"{since / unit:.1f}"
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xlim(-0.01 * clock.end, 1.01 * clock.end)
    axes.set_xlabel(f"{name} since the first trial began")


def _slots(axes: Axes, bars: Sequence[Bar]) -> None:
    """A line between machines, and their names where there are several."""
    machines = {bar.slot: bar.run.host for bar in sorted(bars, key=lambda bar: bar.slot)}
    slots, hosts = sorted(machines), list(dict.fromkeys(machines.values()))
    axes.set_ylim(slots[-1] + 0.6, -0.6)
    axes.tick_params(axis="y", length=0)
    if len(hosts) == 1:
        axes.set_yticks(slots, [str(slot + 1) for slot in slots])
        axes.set_ylabel("trials at a time")
        return
    mine = {host: [slot for slot in slots if machines[slot] == host] for host in hosts}
    axes.set_yticks([float(np.mean(mine[host])) for host in hosts], [wrapped(h) for h in hosts])
    axes.set_ylabel("machine")
    for host in hosts[1:]:
        axes.axhline(mine[host][0] - 0.5, color=FAINT, linewidth=1.2)


def _keys(colours: Mapping[str, str], bars: Sequence[Bar]) -> list[Any]:
    methods: list[Any] = [Patch(color=c, label=wrapped(name, 30)) for name, c in colours.items()]
    pale: dict[str, Any] = {"facecolor": (MUTED, 0.25), "edgecolor": MUTED}
    states = {bar.trial.state for bar in bars}
    if "PRUNED" in states:
        methods.append(Patch(**pale, label="stopped early"))
    if "FAIL" in states:
        cross = Line2D([], [], marker="x", linestyle="none", color=INK, label="failed")
        methods.append(cross)
    if not all(bar.last for bar in bars):
        methods.append(Patch(**pale, linestyle=INTERRUPTED, label="interrupted"))
    return methods
