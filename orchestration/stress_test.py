"""The networks of a finished sweep on noisy ECG, with and without a denoiser in front.

    python -m orchestration.stress_test --storage DIR --noise DIR --out DIR [--sweep NAME]
        [--denoise DIR ...] [--row ROW] [--snr -6 0 6 12 18 24] [--beside FILE ...]

Each fold's network stages its own test nights under muscle artefact, electrode motion and baseline
wander of the MIT-BIH Noise Stress Test Database (--noise), mixed as groups 1 to 3, at each --snr,
and without noise. Only the noise that no denoiser of ours learns from is used. --denoise is the
folder of an exported denoiser, or band-pass, wavelet, "median + Savitzky-Golay"; there may be
several. Without --row it is the distilled row that validation finds best, and the ECG baseline.
--out gets stress.csv, stress.json, stress.md and a picture of each row as PNG and SVG. --beside
takes the stress.json of another sweep of the same nights, say of networks that learned behind the
denoiser, and draws it into the same pictures. Every night is kept in the storage once it is done,
so the same command goes on where it was left.
"""

from pathlib import Path

from orchestration.cli import STORAGE, parser, place, run

SNRS_DB = (-6.0, 0.0, 6.0, 12.0, 18.0, 24.0)  # of the records of the noise stress test


def main() -> None:
    """Stage a sweep's test nights under noise; write and print what became of them."""
    words = parser("stress_test", __doc__)
    add = words.add_argument
    add("--sweep", default="", help="name of a sweep; the newest if left out")
    add("--noise", required=True, metavar="DIR", help="folder with bw, em, ma of the database")
    add("--denoise", nargs="+", default=[], metavar="DIR", help="denoisers to put in front")
    add("--out", required=True, metavar="DIR", help="folder or bucket for tables and pictures")
    add("--row", default="", help="a row of the leaderboard that reads ECG")
    add("--snr", nargs="+", type=float, default=SNRS_DB, metavar="DB", help="in dB")
    add("--beside", nargs="+", default=[], metavar="FILE", help="stress.json to draw beside")
    given = words.parse_args()

    from datasets.noise import read_noise, split_noise
    from orchestration.chosen import read_record
    from orchestration.denoising.arguments import stress_file
    from orchestration.denoising.stress_fronts import fronts_of, turn_of
    from orchestration.denoising.stress_job import pictures, stress
    from orchestration.denoising.stress_points import read_stress
    from orchestration.files import open_files
    from orchestration.store import Store

    store = Store.existing(place(given.storage, "--storage", STORAGE))
    beside = {name: stress_file(name, "--beside").read_bytes() for name in given.beside}
    read_stress(beside)  # what is none is told before hours are spent
    record = read_record(store, given.sweep)
    fronts = fronts_of(given.denoise)
    noise = split_noise(read_noise(Path(given.noise)), turn_of(fronts)).test
    files = stress(store, record, given.row, noise, fronts, given.snr)
    target = open_files(given.out)
    for name, content in files.items():
        target.write(name, content)
    print(files["stress.md"].decode())
    print(f"Tables: {target.root}/stress.md (also .csv, .json)")
    tests = beside | {f"{target.root}/stress.json": files["stress.json"]}
    for name, content in pictures(tests).items():
        target.write(name, content)
        print(f"Picture: {target.root}/{name}")


if __name__ == "__main__":
    run(main)
