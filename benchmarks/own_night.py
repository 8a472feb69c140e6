"""From a file to what a person reads of a night: ours beside other people's stagers, one thread.

    python -m benchmarks.own_night [--peers PYTHON] [--out FILE]

One EDF of eight hours with one ECG and one EEG channel at 256 Hz. Ours: file -> read, judged,
staged by the `compact` network in ONNX Runtime -> CSV, TSV, EDF+, JSON, PNG and SVG on disk.
SleepECG: the ECG out of the same file by MNE -> beats -> stages. YASA: its EEG by MNE -> stages
-> statistics and a picture. Each gives what it has; all is loaded before. The network's weights
are drawn: they decide what is said, not how long it takes.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.peers import child
from benchmarks.side_by_side import ROUNDS, Way, compare, put_results, with_settings
from benchmarks.staging import CLASSES, HZ, PAGES, a_network, a_night
from datasets.edf_writer import Channel, write_signals
from kd_core import checkpoint
from kd_core.models import model_spec
from orchestration.portable.exported import export
from orchestration.staging.staged import StagedEcg
from orchestration.staging.stager import Stager, load

CASES = ("SleepECG, three classes, from EDF", "YASA, EEG, from EDF to a picture")
NAMES = {3: ["W", "N", "R"], 4: ["W", "L", "D", "R"]}


def main() -> None:
    """Ours against each peer at hand."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.own_night")
    words.add_argument("--peers", default=sys.executable, metavar="PYTHON", help="has the peers")
    words.add_argument("--rounds", type=int, default=ROUNDS, help="%(default)s")
    words.add_argument("--out", default="", help="file for the results")
    given = words.parse_args()
    with_settings("benchmarks.own_night")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        edf, stager = an_edf(folder), a_stager(folder)
        ours = partial(staged, stager, edf, folder / "staged")
        results = []
        with child(given.peers) as ask:
            for peer in CASES:
                answer = ask({"load": peer, "edf": str(edf), "out": name})
                if "version" not in answer:
                    print(f"{peer} is left out: {answer['missing']}. Name a PYTHON that has it.")
                    continue
                theirs = Way(f"{peer} ({answer['version']})", partial(ask, {"stage": peer}))
                way = Way("compact, from EDF to seven files", ours)
                results.append(compare("own night", way, theirs, 1.0, alike, given.rounds))
    put_results(results, given.out)


def an_edf(folder: Path) -> Path:
    """The night of `benchmarks.staging` as a file."""
    night, path = a_night(), folder / "night.edf"
    channels = [
        Channel("ECG I", "mV", night.ecg_mv, 5.0, round(HZ)),
        Channel("EEG C4-M1", "uV", night.eeg_uv, 500.0, round(HZ)),
    ]
    write_signals(path, datetime(2026, 11, 20, 22, 30), 1.0, channels)
    return path


def a_stager(folder: Path) -> Stager:
    """The network of `benchmarks.staging`, exported and opened."""
    network = a_network(a_night())
    with torch.no_grad():  # drawn weights enlarge rounding more than trained ones
        network.classifier.weight.mul_(0.1)  # type: ignore[union-attr,operator]
    spec = model_spec("compact", CLASSES)
    checkpoint.save(folder / "checkpoint", spec, network, {"classes": NAMES[CLASSES]})
    export(folder / "checkpoint", folder / "model", "compact, drawn")
    return load(folder / "model")


def staged(stager: Stager, edf: Path, out: Path) -> StagedEcg:
    """From a file to files."""
    night = stager.stage(edf)
    night.save(out)
    return night


def alike(ours: StagedEcg, other: Mapping[str, Any]) -> str:
    """What both gave: they are different networks, so nothing else is compared."""
    if other["cpu_s"] > 1.05 * other["s"] + 0.05:
        raise SystemExit(f"the peer took {other['cpu_s']:.3g} s of CPU in {other['s']:.3g} s.")
    if len(ours.labels) != PAGES or abs(other["stages"] - PAGES) > 1:  # the last may be cut
        raise SystemExit(f"ours gave {len(ours.labels)} stages, the peer {other['stages']}.")
    said, theirs = len(np.unique(ours.labels)), ", ".join(other["classes"])
    return f"stages of 30 s: ours {PAGES} of {said} classes, theirs {other['stages']} of {theirs}"


if __name__ == "__main__":
    main()
