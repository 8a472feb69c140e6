"""The panel: what a person reads of a sweep, drawn by rich."""

import io
from pathlib import Path

from rich.console import Console

from orchestration.experiment import phases_of
from orchestration.followed import Followed, Seen
from orchestration.leases import Lease
from orchestration.view import draw
from tests.pretended import fixed_phases, pretended, publish, search_round


def text_of(seen: Seen | None) -> list[str]:
    """The panel's lines, a hundred columns wide, without its frame."""
    console = Console(record=True, width=100, file=io.StringIO())
    console.print(draw(seen, 8, 2, 75.4, "0:10:00, at the pace of 4 phases"))
    lines = [line.strip("│ ─╮╭╯╰") for line in console.export_text().splitlines()]
    return [line for line in lines if line]


def test_before_the_nights_are_ingested_there_is_a_clock(tmp_path: Path) -> None:
    assert text_of(None)[:2] == ["ingest", "elapsed    0:01:15"]


def test_a_search_shows_trials_folds_best_and_time(tmp_path: Path) -> None:
    sweep, store = pretended(tmp_path)
    for phase in fixed_phases(sweep):
        publish(phase, store)
    search_round(sweep, store)
    third = Followed(sweep, store).look().trials[2].point
    first_fold, second_fold = map(phases_of, sweep.over_folds("W-N-R", third))
    for phase in (*first_fold, *second_fold[:-1]):
        publish(phase, store, score=0.625)
    lease = Lease(store.files, second_fold[-1].key)
    assert lease.try_acquire()
    lines = [" ".join(line.split()) for line in text_of(Followed(sweep, store).look())]
    lease.release()
    assert lines == [
        "search W-N-R",
        "baselines 2 of 2 experiments over",
        "trials 1 finished, 0 pruned, 1 failed, 1 running, 8 in all",
        "best so far 0.100 W-N-R trial 1: SD+CL alpha=0.5 temperature=1",
        "in training W-N-R fold 1 final SD+CL alpha=0.5 temperature=1",
        "elapsed 0:01:15",
        "time left 0:10:00, at the pace of 4 phases",
        "running folds score",
        f"W-N-R trial 3: {third} 1/2 0.625",
    ]
