"""A finished sweep staged under noise, a Ray task a night: tables of it, and pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

import ray

from datasets.noise import Noise
from datasets.noise_mix import GROUPS
from orchestration.chosen import Chosen, Record, best_row
from orchestration.cluster import connect, fitted
from orchestration.denoising.figures_look import as_png
from orchestration.denoising.figures_staging import staging_figure
from orchestration.denoising.stress import stress_night
from orchestration.denoising.stress_asked import (
    asked_of,
    by_night,
    digest_of,
    learned_behind,
    stressed_rows,
    subjects_of,
)
from orchestration.denoising.stress_fronts import Front
from orchestration.denoising.stress_points import read_stress
from orchestration.denoising.stress_scores import Heard, lines_of
from orchestration.denoising.stress_store import (
    Asked,
    Condition,
    lacking,
    levels_of,
    read_stressed,
)
from orchestration.denoising.stress_table import stress_files
from orchestration.evidence.style import as_svg
from orchestration.nights import source_of
from orchestration.plan import Runtime
from orchestration.provenance import provenance
from orchestration.store import Store


def stress(
    store: Store,
    record: Record,
    row: str,
    noise: Noise,
    fronts: Sequence[Front],
    snrs_db: Sequence[float],
) -> dict[str, bytes]:
    """Have every night staged in every condition; the files of the tables, by name.

    Args:
        row: of the leaderboard; "" are the distilled row and its baseline.
        fronts: what is put in front of the networks, nothing first.
    """
    rows = stressed_rows(record.rows, row)
    learned = [learned_behind(row, store, fronts) for row in rows]
    subjects, digest = subjects_of(rows, store), digest_of(noise)
    sources = {name: source_of(subject) for name, subject in subjects.items()}
    levels = levels_of(list(GROUPS), snrs_db)
    asked = {
        (index, Condition(level, front)): asked_of(row, subjects, digest, Condition(level, front))
        for index, row in enumerate(rows)
        for level in levels
        for front in fronts
    }
    every = [one for files in asked.values() for one in files]
    stage_all(by_night(lacking(every, store)), noise, store)
    found = dict(zip((one.path for one in every), read_stressed(store, every), strict=True))
    heard = [
        Heard(
            scheme=rows[index].scheme,
            row=rows[index].row,
            level=condition.level,
            learned=learned[index],
            front=condition.front.name,
            nights=[found[one.path] for one in files],
        )
        for (index, condition), files in asked.items()
    ]
    return stress_files(lines_of(heard), _about(record, rows, sources, digest, fronts))


def pictures(tests: Mapping[str, bytes]) -> dict[str, bytes]:
    """A figure for each scheme and row of some stress.json, as PNG and as SVG, by name."""
    found = {}
    for staged in read_stress(tests):
        figure = staging_figure(staged)
        found[f"stress_{staged.file}.png"] = as_png(figure)
        found[f"stress_{staged.file}.svg"] = as_svg(figure).encode()
    return found


def stage_all(nights: Sequence[Sequence[Asked]], noise: Noise, store: Store) -> None:
    """Have the files of every night in the store, a Ray task a night; none starts without one."""
    if not nights:
        return
    connect(Runtime(dashboard=False))
    runtime = fitted(Runtime(dashboard=False))
    task = ray.remote(num_cpus=runtime.cpus, num_gpus=runtime.gpus)(stress_night)
    shared = ray.put(noise)
    waiting = [task.remote(list(asked), shared, store.root) for asked in nights]
    while waiting:
        done, waiting = ray.wait(waiting)
        ray.get(done)
        print(f"{len(nights) - len(waiting)} of {len(nights)} nights are done", flush=True)


def _about(
    record: Record,
    rows: Sequence[Chosen],
    sources: Mapping[str, str],
    noise: str,
    fronts: Sequence[Front],
) -> dict[str, Any]:
    """What was run, in JSON values."""
    home = {scheme: best_row(record.rows, scheme).row for scheme in {row.scheme for row in rows}}
    return {
        "note": (
            f"Sweep {record.name}, finished {record.finished_at[:10]}: each fold's network on its "
            f"own test nights. Best by validation: "
            f"{', '.join(f'{row} of {scheme}' for scheme, row in sorted(home.items()))}."
        ),
        "sweep": record.name,
        "noise": noise,
        "denoisers": {front.name: front.digest for front in fronts},
        "points": {f"{row.scheme} {row.row}": row.point for row in rows},
        "made": provenance(str(record.made.get("windows", "")), sources),
    }
