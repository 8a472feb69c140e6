"""Recordings in, the best ECG student out: ingest, baselines, distillation, search, test scores.

    python -m orchestration.sweep --plan NAME --recordings DIR --storage DIR [--denoise DIR]
        [--FIELD VALUE ...]
    ray submit cluster.yaml orchestration/sweep.py

--denoise is an exported denoiser: networks learn from what it makes of the ECG, and stage behind
it. Typing the same command again goes on where it stopped; what is in the storage is not done
twice.
"""

import os
from dataclasses import replace

from orchestration.arguments import describe, sweep_arguments
from orchestration.cli import run


def main() -> None:
    """Run a plan from recordings to leaderboard."""
    arguments = sweep_arguments()
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")  # before Ray is imported: every epoch its line

    from datasets.sources import SOURCES
    from orchestration.behind import denoised
    from orchestration.cluster import connect, fitted  # Ray takes a second to import
    from orchestration.ingest import ingest
    from orchestration.live import Live
    from orchestration.main_job import run_sweep
    from orchestration.report import write_report
    from orchestration.spent import in_words
    from orchestration.staging.denoiser import load_denoiser
    from orchestration.store import Store
    from orchestration.sweeps import make_sweep

    if arguments.denoise:
        load_denoiser(arguments.denoise)  # refused before hours are spent
    refs = SOURCES[arguments.source].find(arguments.recordings)
    store = Store.open(arguments.storage)
    connect(arguments.plan.runtime)
    plan = replace(arguments.plan, runtime=fitted(arguments.plan.runtime))
    print(f"plan {arguments.name}\n{describe(plan)}", flush=True)
    with Live(store) as live:
        nights = ingest(refs, store)
        print(nights.summary(), flush=True)
        if arguments.denoise:
            nights = denoised(nights, arguments.denoise, store)
            print(nights.summary(), flush=True)
        sweep = make_sweep(plan, nights.windows, nights.subjects, nights.denoiser)
        live.follow(sweep, plan.runtime.mlflow)
        record = run_sweep(sweep, nights, store)
        table = write_report(record, store)
    print(table)
    if record.spent:
        print(in_words(record.spent))


if __name__ == "__main__":
    run(main)
