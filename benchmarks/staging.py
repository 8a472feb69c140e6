"""One night of eight hours from samples to stages, one thread, beside other people's stagers.

    python -m benchmarks.staging [--peers PYTHON] [--out FILE]

Ours: ECG at 256 Hz in mV -> 200 Hz -> scaled by the night, float16 -> the `compact` network in
windows as the product cuts them -> probabilities a segment, with torch and with ONNX Runtime.
PYTHON is one that has SleepECG with Keras, and YASA; ours, unless another is named. SleepECG sees
the same ECG, YASA the EEG of the same night, and each is loaded before. The night is generated
and the network's weights are drawn: both decide what is said, not how long it takes.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from timeit import repeat
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.peers import PEERS, Ask, child
from benchmarks.runtimes import Scores, both_runtimes
from benchmarks.side_by_side import (
    ROUNDS,
    Compared,
    Way,
    compare,
    put_results,
    seconds,
    with_settings,
    within,
)
from benchmarks.tables import table
from datasets.recording import Hypnogram
from datasets.signals import RATE_HZ, halved, resample
from datasets.stages import UNSCORED
from datasets.synthetic_hypnogram import draw_body, draw_stages
from datasets.synthetic_signals import draw_ecg, draw_eeg
from datasets.windows import SCALINGS, ScaledNight
from kd_core.models import build_model, model_spec
from kd_core.models.normalisation import Normalisation
from kd_core.predict import predict
from orchestration.batches import Batches
from orchestration.plans import pilot

HZ, PAGES, PAGE_S = 256.0, 960, 30
S = RATE_HZ * PAGE_S
SEGMENTS = pilot().segments  # T, segments a window, where a plan has the compact network
BATCH = 8  # windows at once; 1 takes twice as long, 48 no less time
CLASSES = 4
ALLOWED_S = 0.5
ALLOWED = 1e-4  # between logits, between probabilities


class Night(NamedTuple):
    """What was recorded."""

    ecg_mv: np.ndarray
    """(n,) float32 at HZ."""
    eeg_uv: np.ndarray
    """(n,) float32 at HZ."""


class Said(NamedTuple):
    """What ours says of a night."""

    logits: Tensor
    """(n, K), n segments."""
    probabilities: Tensor
    """(n, K)."""


def main() -> None:
    """Both of ours against every peer at hand, and what ours spend their time on."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.staging")
    words.add_argument("--peers", default=sys.executable, metavar="PYTHON", help="has the peers")
    words.add_argument("--rounds", type=int, default=ROUNDS, help="%(default)s")
    words.add_argument("--out", default="", help="file for the results")
    given = words.parse_args()
    with_settings("benchmarks.staging")
    torch.set_num_threads(1)
    night = a_night()
    network = a_network(night)
    with tempfile.TemporaryDirectory() as folder:
        runtimes, exported = both_runtimes(network, Path(folder), S)
        expected = Said(staged(runtimes["torch"], night).logits, as_product(network, night))
        with child(given.peers) as ask:
            found = list(loaded(ask, night, Path(folder)))
            results = [
                compare(
                    f"8 h to stages, {runtime}",
                    Way(f"compact, {runtime}", partial(staged, scores, night)),
                    Way(f"{peer} ({version})", partial(ask, {"stage": peer})),
                    1.0,
                    partial(alike, expected),
                    given.rounds,
                )
                for runtime, scores in runtimes.items()
                for peer, version in found
            ]
    put_results(results, given.out)
    print(f"\n{exported}\n\n{table(parts(runtimes, night, given.rounds))}\n\n{verdict(results)}")


def a_night() -> Night:
    """Eight hours of a MASS look-alike: a heart and a brain that follow the same stages."""
    rng = np.random.default_rng(0)
    body = draw_body(draw_stages(PAGES, PAGE_S, rng), rng)
    pages = Hypnogram(np.arange(PAGES) * float(PAGE_S), PAGE_S, body)
    samples = round(PAGES * PAGE_S * HZ)
    return Night(draw_ecg(pages, samples, HZ, rng), draw_eeg(pages, samples, HZ, rng))


def a_network(night: Night) -> nn.Module:
    """The compact network; its weights are drawn, its norms have seen the night."""
    network = build_model(model_spec("compact", CLASSES), seed=0)
    norms = [module for module in network.modules() if isinstance(module, Normalisation)]
    for norm in norms:
        norm.momentum = 1.0  # what they saw last is what they know
    with torch.no_grad():
        network(as_windows(night)[:BATCH])
    return network.eval()


def staged(scores: Scores, night: Night) -> Said:
    """From samples to probabilities."""
    return said(scores, as_windows(night))


def as_windows(night: Night) -> Tensor:
    """Samples as a network sees them, (B, 1, T*S) float32."""
    return as_floats(scaled(at_rate(night)))


def at_rate(night: Night) -> np.ndarray:
    """(n,) at HZ -> (segments, S) at 200 Hz."""
    return resample(night.ecg_mv, HZ, RATE_HZ)[: PAGES * S].reshape(PAGES, S)


def scaled(samples: np.ndarray) -> np.ndarray:
    """(segments, S) float16, as a phase opens a night."""
    return halved(SCALINGS["night"](samples))


def as_floats(samples: np.ndarray) -> Tensor:
    """(segments, S) float16 -> (B, 1, T*S) float32; eight hours are whole windows."""
    return torch.from_numpy(samples).reshape(-1, 1, SEGMENTS * S).float()


def said(scores: Scores, windows: Tensor) -> Said:
    """What a network says of windows, segment by segment."""
    logits = torch.cat([scores(batch) for batch in torch.split(windows, BATCH)])  # (B, K, T)
    logits = logits.movedim(1, 2).flatten(0, 1)  # (B, K, T) -> (n, K)
    return Said(logits, logits.softmax(1))


def as_product(network: nn.Module, night: Night) -> Tensor:
    """Probabilities by the code that scores test subjects, (n, K)."""
    ecg = scaled(at_rate(night))
    labels = np.full(PAGES, UNSCORED, np.int64)
    opened = ScaledNight("night", ecg, ecg, labels, np.arange(PAGES, dtype=np.int32))
    batches = Batches([opened], SEGMENTS, BATCH).in_order()
    pairs = predict(network, batches, "student_view")
    return torch.cat([p.movedim(1, 2).flatten(0, 1) for p, _ in pairs])


def loaded(ask: Ask, night: Night, folder: Path) -> Iterator[tuple[str, str]]:
    """Name and version of each peer that is at hand, once it has the night."""
    files = {name: str(folder / f"{name}.npy") for name in night._fields}
    for name, path in files.items():
        np.save(path, getattr(night, name))
    for peer in PEERS:
        answer = ask({"load": peer, "hz": HZ, **files})
        if "version" in answer:
            yield peer, answer["version"]
        else:
            print(f"{peer} is left out: {answer['missing']}. Name a PYTHON that has it.")


def alike(expected: Said, ours: Said, other: Mapping[str, Any]) -> str:
    """How far ours is from torch's logits and the product's probabilities; what the peer gave."""
    if other["cpu_s"] > 1.05 * other["s"] + 0.05:
        raise SystemExit(f"the peer took {other['cpu_s']:.3g} s of CPU in {other['s']:.3g} s.")
    logits, probabilities = ((a - b).abs().max() for a, b in zip(ours, expected, strict=True))
    return (
        f"ours: {within(float(logits), ALLOWED, 'from the logits of torch')}, "
        f"{within(float(probabilities), ALLOWED, 'from the product')}; "
        f"the peer gives {other['stages']} of {', '.join(other['classes'])}"
    )


def parts(runtimes: Mapping[str, Scores], night: Night, rounds: int) -> list[dict[str, object]]:
    """What ours spend their time on, in medians."""
    samples = at_rate(night)
    halves = scaled(samples)
    windows = as_floats(halves)
    ways: dict[str, Callable[[], object]] = {
        "256 to 200 Hz": partial(at_rate, night),
        "scaling, float16": partial(scaled, samples),
        "float32": partial(as_floats, halves),
    }
    ways |= {f"network, {name}": partial(said, run, windows) for name, run in runtimes.items()}
    return [
        {"part": name, "ms": 1e3 * statistics.median(repeat(do, number=1, repeat=rounds))}
        for name, do in ways.items()
    ]


def verdict(results: Sequence[Compared]) -> str:
    """Whether a night takes less than is allowed, in the slowest comparison of each."""
    names = dict.fromkeys(result.ours for result in results)
    took = {name: max(r.ours_s for r in results if r.ours == name) for name in names}
    words = ", ".join(f"{name} {seconds(took_s)}" for name, took_s in took.items())
    met = "met" if max(took.values(), default=0.0) < ALLOWED_S else "**missed**"
    return f"Under {ALLOWED_S} s: {words}: {met}."


if __name__ == "__main__":
    main()
