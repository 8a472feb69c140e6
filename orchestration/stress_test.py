"""The networks of a finished sweep on noisy ECG, with and without a denoiser in front.

    python -m orchestration.stress_test --storage DIR --noise DIR --out DIR [--sweep NAME]
        [--denoise DIR ...] [--row ROW] [--snr -6 0 6 12 18 24]

Each fold's network stages its own test nights under muscle artefact, electrode motion and baseline
wander of the MIT-BIH Noise Stress Test Database (--noise), mixed as groups 1 to 3, at each --snr,
and without noise. Only the noise that no denoiser of ours learns from is used. --denoise is the
folder of an exported denoiser, or band-pass, wavelet, "median + Savitzky-Golay"; there may be
several. Without --row it is the distilled row that validation finds best, and the ECG baseline.
--out gets stress.csv, stress.json and stress.md. Every night is kept in the storage once it is
done, so the same command goes on where it was left.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ray

from datasets.noise import Noise, read_noise, split_noise
from datasets.noise_mix import GROUPS
from orchestration.chosen import Chosen, Record, best_row, read_record
from orchestration.cli import STORAGE, parser, place, run
from orchestration.cluster import connect, fitted
from orchestration.denoising.stress import stress_night
from orchestration.denoising.stress_asked import (
    asked_of,
    by_night,
    digest_of,
    stressed_rows,
    subjects_of,
)
from orchestration.denoising.stress_fronts import Front, fronts_of, turn_of
from orchestration.denoising.stress_scores import Heard, lines_of
from orchestration.denoising.stress_store import (
    Asked,
    Condition,
    lacking,
    levels_of,
    read_stressed,
)
from orchestration.denoising.stress_table import stress_files
from orchestration.files import open_files
from orchestration.nights import source_of
from orchestration.plan import Runtime
from orchestration.provenance import provenance
from orchestration.store import Store

SNRS_DB = (-6.0, 0.0, 6.0, 12.0, 18.0, 24.0)  # of the records of the noise stress test


def main() -> None:
    """Stage a sweep's test nights under noise; write and print what became of them."""
    words = parser("stress_test", __doc__)
    words.add_argument("--sweep", default="", help="name of a sweep; the newest if left out")
    words.add_argument("--noise", required=True, help="folder with bw, em, ma of the database")
    words.add_argument(
        "--denoise", nargs="+", default=[], metavar="DIR", help="denoisers to put in front"
    )
    words.add_argument("--out", required=True, help="folder or bucket for the tables")
    words.add_argument("--row", default="", help="a row of the leaderboard that reads ECG")
    words.add_argument("--snr", nargs="+", type=float, default=SNRS_DB, help="in dB")
    given = words.parse_args()
    store = Store.existing(place(given.storage, "--storage", STORAGE))
    record = read_record(store, given.sweep)
    fronts = fronts_of(given.denoise)
    noise = split_noise(read_noise(Path(given.noise)), turn_of(fronts)).test
    files = stress(store, record, given.row, noise, fronts, given.snr)
    target = open_files(given.out)
    for name, content in files.items():
        target.write(name, content)
    print(files["stress.md"].decode())
    print(f"Tables: {target.root}/stress.md (also .csv, .json)")


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
            front=condition.front.name,
            nights=[found[one.path] for one in files],
        )
        for (index, condition), files in asked.items()
    ]
    return stress_files(lines_of(heard), _about(record, rows, sources, digest, fronts))


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


if __name__ == "__main__":
    run(main)
