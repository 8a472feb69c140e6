"""A sweep drawn for a terminal: one panel with the job's stage, its trials, the best, the time."""

from collections import Counter
from datetime import timedelta

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from orchestration.followed import Seen, SeenTrial
from orchestration.study import best_number

ROWS = 8  # of each list at most, so that a panel fits a small terminal
STATES = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed"}


def draw(seen: Seen | None, trials: int, folds: int, elapsed_s: float, left: str) -> Panel:
    """The panel.

    Args:
        seen: the sweep, or None before its nights are ingested.
        trials: that the search has in all; folds: that a trial has.
    """
    facts = Table.grid(padding=(0, 2))
    parts: list[RenderableType] = [facts]
    if seen:
        facts.add_row("baselines", f"{seen.fixed[0]} of {seen.fixed[1]} experiments over")
        if trials:
            facts.add_row("trials", _counts(seen, trials))
        for best in _best(seen):
            score = f"{best.ended.means[-1]:.3f}" if best.ended else ""
            facts.add_row("best so far", Text(f"{score}  {_named(best)}"))
        for phase in list(seen.busy.values())[:ROWS]:
            facts.add_row("in training", Text(str(phase)))
        running = [trial for trial in seen.trials if trial.busy]
        parts += [_table(running[:ROWS], folds)] if running else []
    facts.add_row("elapsed", str(timedelta(seconds=round(elapsed_s))))
    facts.add_row("time left", left)
    stage = seen.stage if seen else "ingest"
    return Panel(Group(*parts), title=Text(stage, "bold"), title_align="left", box=box.ROUNDED)


def _counts(seen: Seen, trials: int) -> str:
    states = Counter(trial.ended.state for trial in seen.trials if trial.ended)
    running = sum(trial.busy for trial in seen.trials)
    parts = [f"{states[state]} {name}" for state, name in STATES.items()]
    return ", ".join([*parts, f"{running} running", f"{trials} in all"])


def _best(seen: Seen) -> list[SeenTrial]:
    """The best finished trial of each scheme that has one."""
    found = []
    for scheme in dict.fromkeys(trial.scheme for trial in seen.trials):
        mine = {trial.number: trial for trial in seen.trials if trial.scheme == scheme}
        number = best_number({n: t.ended for n, t in mine.items() if t.ended})
        found += [mine[number]] if number else []
    return found


def _table(running: list[SeenTrial], folds: int) -> Table:
    table = Table(box=box.SIMPLE, expand=True)
    table.add_column("running", ratio=1)
    table.add_column("folds", justify="right")
    table.add_column("score", justify="right")
    for trial in running:
        done = len(trial.scores)
        score = f"{sum(trial.scores) / done:.3f}" if done else ""
        table.add_row(Text(_named(trial)), f"{done}/{folds}", score)
    return table


def _named(trial: SeenTrial) -> str:
    return f"{trial.scheme} trial {trial.number}: {trial.point}"
