"""What staging takes to install, proven: a clean environment, a night staged in it, its size.

    python -m benchmarks.install [--peers]

For each way of installing, a new virtual environment gets it and stages the same EDF with the same
exported model; `stage` is the extra, `least` is numpy and ONNX Runtime beside this project, which
writes all but picture and heart rate. Fails where PyTorch or Ray came along.
--peers measures other people's stagers too, installed as their pages say.
"""

import argparse
import os
import subprocess
import tempfile
import venv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from benchmarks.tables import table
from datasets.edf_writer import Channel, write_signals
from datasets.recording import Hypnogram
from datasets.synthetic_signals import draw_ecg
from kd_core import checkpoint
from kd_core.models import build_model, model_spec
from orchestration.portable.exported import export

ROOT = Path(__file__).resolve().parents[1]
OURS: Mapping[str, Sequence[Sequence[str]]] = {  # way -> words of each `pip install`
    "stage": [[f"{ROOT}[stage]"]],
    "least": [["--no-deps", str(ROOT)], ["numpy", "onnxruntime"]],
}
PEERS = {
    "SleepECG with Keras on PyTorch, MNE": [["sleepecg[full]", "mne", "torch==2.13.*"]],
    "YASA": [["yasa"]],
}
UNWANTED = ("torch", "ray", "sklearn", "pyarrow")
HZ, MINUTES = 256, 60


def main() -> None:
    """Install, stage, measure."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.install")
    words.add_argument("--peers", action="store_true", help="other people's stagers too")
    words.add_argument("--out", type=Path, help="file for the table")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, night = a_model(folder), an_edf(folder / "night.edf")
        rows = []
        for way, installs in OURS.items():
            python, empty = environment(folder / way, installs)
            check_lean(python)
            made = stage(python, night, model, folder / f"{way}-out")
            rows.append(row(way, folder / way, empty) | {"files of a night": made})
        for way, installs in PEERS.items() if given.peers else ():
            _, empty = environment(folder / way.split()[0], installs)
            rows.append(row(way, folder / way.split()[0], empty) | {"files of a night": ""})
    print(table(rows))
    if given.out:
        given.out.write_text(table(rows))


def environment(place: Path, installs: Sequence[Sequence[str]]) -> tuple[Path, float]:
    """The Python of a new environment, and how many MB it had before anything was installed."""
    venv.create(place, with_pip=True)
    python, empty = place / "bin" / "python", megabytes(place)
    for words in installs:
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*map(str, command), *words], check=True)
    return python, empty


def check_lean(python: Path) -> None:
    """Fail where what training needs came along."""
    code = f"import importlib.util as u; print(*[n for n in {UNWANTED} if u.find_spec(n)])"
    found = _said(python, "-c", code)
    if found:
        raise SystemExit(f"the environment holds {found}; staging must need none of it.")


def stage(python: Path, night: Path, model: Path, out: Path) -> str:
    """Stage a night in that environment; what files it made."""
    print(_said(python, "-m", "orchestration.stage", night, "--model", model, "--out", out))
    made = sorted(path.name.removeprefix("night_") for path in out.iterdir())
    if not {"hypnogram.csv", "hypnogram.edf", "events.tsv", "summary.json"} <= set(made):
        raise SystemExit(f"only {made} were written.")
    return ", ".join(made)


def row(way: str, place: Path, empty: float) -> dict[str, object]:
    """One line of the table."""
    listed = _said(place / "bin" / "python", "-m", "pip", "list", "--format", "freeze")
    size = megabytes(place)
    return {"install": way, "packages": len(listed.splitlines()), "MB": round(size - empty)}


def megabytes(place: Path) -> float:
    """Of all files below a folder."""
    return sum(p.stat().st_size for p in place.rglob("*") if p.is_file()) / 1e6


def a_model(folder: Path) -> Path:
    """An exported network whose weights are drawn."""
    spec = model_spec("compact", 3)
    network = build_model(spec, seed=0).eval()
    checkpoint.save(folder / "checkpoint", spec, network, {"classes": ["W", "N", "R"]})
    return export(folder / "checkpoint", folder / "model", "compact, drawn").folder


def an_edf(path: Path) -> Path:
    """An hour of a drawn heart."""
    pages = Hypnogram(np.arange(2 * MINUTES) * 30.0, 30.0, np.zeros(2 * MINUTES, np.int8))
    ecg = draw_ecg(pages, MINUTES * 60 * HZ, HZ, np.random.default_rng(0))
    write_signals(path, datetime(2026, 11, 20, 22, 30), 1.0, [Channel("ECG", "mV", ecg, 5.0, HZ)])
    return path


def _said(python: Path, *words: object) -> str:
    """What a command of that Python prints, run where this project cannot be imported from."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command, cwd = [str(python), *map(str, words)], python.parents[1]
    done = subprocess.run(command, capture_output=True, text=True, env=clean, cwd=cwd, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
