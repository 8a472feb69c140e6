"""Clean ECG and noise in, a denoiser of 6,895 weights out: train, distil, search, compare.

    python -m orchestration.denoise --clean DIR [DIR ...] --noise DIR --storage DIR --out DIR
        [--plan NAME] [--stress FILE ...] [--FIELD VALUE ...]

--clean are WFDB folders of clean ECG (MIT-BIH Arrhythmia, CPSC 2018, any other), --noise is the
MIT-BIH Noise Stress Test Database. --out gets a folder a scheme: the table, the report, figures,
and the checkpoint that `python -m orchestration.export` takes. --stress adds to the report what
`python -m orchestration.stress_test` found. The same command again goes on where it stopped.
"""

import os
from dataclasses import replace

from orchestration.cli import run


def main() -> None:
    """Run a plan from recordings to the table."""
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")  # before Ray is imported: every epoch its line
    from orchestration.denoising.arguments import denoise_arguments

    given = denoise_arguments(about=__doc__)

    from datasets.clean_patients import patients_of
    from orchestration.arguments import describe
    from orchestration.cluster import connect, fitted  # Ray takes a second to import
    from orchestration.denoising.experiment import make_sweep
    from orchestration.denoising.ingest import ingest_clean, ingest_noise
    from orchestration.denoising.main_job import run_denoising
    from orchestration.denoising.written import staged_under_noise, write_all
    from orchestration.store import Store

    patients_of(given.clean)  # what is wrong with a folder or a file is told before Ray starts
    staged_under_noise(given.stress)
    store = Store.open(given.storage)
    noise = ingest_noise(given.noise, store)
    connect(given.plan.runtime)
    plan = replace(given.plan, runtime=fitted(given.plan.runtime))
    print(f"plan {given.name}\n{describe(plan)}", flush=True)
    clean = ingest_clean(given.clean, store)
    print(clean.summary(), flush=True)
    sweep = make_sweep(plan, clean.windows, clean.patients, noise)
    trained, _ = run_denoising(sweep, store)
    print("reports: tables, beats through noise, figures", flush=True)
    for folder in write_all(sweep, trained, store, given.out, given.stress):
        print((folder / "denoising.md").read_text(encoding="utf-8"))
        print(f"Report: {folder / 'report.html'}")


if __name__ == "__main__":
    run(main)
