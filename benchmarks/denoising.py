"""What a denoiser costs on one thread: 10 s at once, a chunk of a second live, a night.

    python -m benchmarks.denoising [--denoiser DIR] [--rounds N] [--out FILE]

Ours: ONNX Runtime, as `orchestration.staging.denoiser` runs it. The other: the same network in
torch. DIR is an exported denoiser; without it the light network with drawn weights is exported,
which decides what is given, not how long it takes. The ECG is generated.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.side_by_side import (
    ROUNDS,
    Way,
    compare,
    put_results,
    seconds,
    with_settings,
    within,
)
from benchmarks.tables import table
from datasets.recording import Hypnogram
from datasets.synthetic_signals import draw_ecg
from kd_core import checkpoint
from kd_core.models import build_model, denoiser_spec
from orchestration.portable.denoiser import Denoised, export_denoiser
from orchestration.staging.denoiser import Denoiser, load_denoiser
from orchestration.staging.ecg_scale import estimated
from orchestration.staging.pieces import Network

HOURS = 8
CHUNK_S, LIVE_S = 1, 300  # of a live recording
RATES_HZ = (360.0, 256.0)  # its own, and one that is resampled there and back
REPEATS = 20  # of 10 s, which take milliseconds
ALLOWED = 1e-4  # between samples, see orchestration.portable.agreement


def main() -> None:
    """ONNX Runtime against torch for 10 s, then what a chunk and a night take."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.denoising")
    words.add_argument("--denoiser", default="", metavar="DIR", help="exported; one is drawn")
    words.add_argument("--rounds", type=int, default=ROUNDS, help="%(default)s")
    words.add_argument("--out", default="", help="file for the results")
    given = words.parse_args()
    with_settings("benchmarks.denoising")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(given.denoiser) if given.denoiser else exported(Path(folder))
        denoiser, network = load_denoiser(place), in_torch(place)
        noisy = np.random.default_rng(0).standard_normal(denoiser.spec.segment_samples)
        samples = noisy.astype(np.float32)
        result = compare(
            f"10 s {REPEATS} times, {denoiser.spec.parameters:,} parameters",
            Way("ONNX Runtime", partial(again, denoiser.network, samples)),
            Way("torch", partial(again, network, samples)),
            1.0,
            alike,
            given.rounds,
        )
    put_results([result], given.out)
    rows: list[dict[str, object]] = [
        {"what": "10 s, ONNX Runtime", "takes": seconds(result.ours_s / REPEATS)},
        {"what": "10 s, torch", "takes": seconds(result.other_s / REPEATS)},
        *(row for hz in RATES_HZ for row in used(denoiser, hz, given.rounds)),
    ]
    print(f"\n{table(rows)}")


def exported(folder: Path) -> Path:
    """The folder of the light network with drawn weights."""
    spec = denoiser_spec("u-lde-net")
    model = build_model(spec, seed=0).eval()
    for weight in model.get_submodule("head").parameters():  # 0 before training
        nn.init.constant_(weight, 0.02)
    checkpoint.save(folder / "checkpoint", spec, model, {})
    return export_denoiser(folder / "checkpoint", folder / "denoiser").folder


def in_torch(folder: Path) -> Network:
    """The network of a denoiser's folder by torch, (N,) to (1, N)."""
    module = Denoised(checkpoint.load(folder).model).eval()

    @torch.inference_mode()
    def network(samples: np.ndarray) -> np.ndarray:
        found: np.ndarray = module(torch.from_numpy(samples)[None, None])[0].numpy()
        return found

    return network


def again(network: Network, samples: np.ndarray) -> np.ndarray:
    """What a network gives, asked so often that it can be timed."""
    for _ in range(REPEATS - 1):
        network(samples)
    return network(samples)


def alike(ours: np.ndarray, other: np.ndarray) -> str:
    """How far both are apart, in words."""
    return within(float(np.abs(ours - other).max()), ALLOWED, "of half a beat's height")


def used(denoiser: Denoiser, hz: float, rounds: int) -> list[dict[str, object]]:
    """What a chunk of a live recording and a night of this rate take."""
    ecg = an_ecg(LIVE_S, hz)
    chunks = sorted(chunk_times(denoiser, ecg, hz))
    night = np.tile(ecg, HOURS * 3600 // LIVE_S)
    took_s = statistics.median(timed(lambda: denoiser.whole(night, hz)) for _ in range(rounds))
    delay_s = denoiser.live(hz, estimated(ecg, hz)).delay_s
    return [
        {
            "what": f"a chunk of {CHUNK_S} s at {hz:g} Hz, median; slowest of 100",
            "takes": f"{seconds(statistics.median(chunks))}; "
            f"{seconds(chunks[int(0.99 * len(chunks))])}; its samples come {delay_s:.2f} s behind "
            "at most",
        },
        {"what": f"{HOURS} h at {hz:g} Hz", "takes": seconds(took_s)},
    ]


def chunk_times(denoiser: Denoiser, ecg: np.ndarray, hz: float) -> list[float]:
    """Seconds for each chunk of a recording whose scale is known."""
    live, size = denoiser.live(hz, estimated(ecg, hz)), round(CHUNK_S * hz)
    pieces = [ecg[at : at + size] for at in range(0, len(ecg), size)]
    return [timed(partial(live.push, piece)) for piece in pieces]


def an_ecg(length_s: int, hz: float) -> np.ndarray:
    """(n,) float32 mV of somebody awake."""
    awake = Hypnogram(np.arange(length_s // 30) * 30.0, 30.0, np.zeros(length_s // 30, np.int8))
    ecg = draw_ecg(awake, round(length_s * hz), hz, np.random.default_rng(0))
    return ecg.astype(np.float32)


def timed(do: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
