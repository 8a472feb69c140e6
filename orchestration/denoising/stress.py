"""One test night staged under noise, with and without a denoiser, by the networks it tests.

Its ECG is joined to the signal it was cut from, noise of a group is added at falling SNR, denoised
or not, and scaled, cut and staged as `orchestration.scoring` does. What is done is kept at once.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import nn

from datasets.night import Night
from datasets.noise import Noise
from datasets.noise_mix import at_snr
from datasets.parquet import Subject, read_night
from datasets.signals import Scale, halved
from datasets.stages import SCHEMES
from datasets.windows import SCALINGS, ScaledNight
from kd_core import checkpoint
from kd_core.confusion import Confusion
from kd_core.predict import device_at_hand, predict
from orchestration.batches import Batches
from orchestration.behind import recorded_windows
from orchestration.denoising.classical import Whole
from orchestration.denoising.stress_night import Track, middle_snr_db, noise_along, track_of
from orchestration.denoising.stress_store import CLEAN, Asked, Level, seed_of, write_stressed
from orchestration.nights import opened_night, source_of
from orchestration.store import Store

Draw = Callable[[Level], np.ndarray]  # the noise of a level, (m,)


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network, and what it was trained on."""

    model: nn.Module
    spec: Mapping[str, Any]
    """Of its phase: scheme, scaling, segments a window, training."""


def stress_night(asked: Sequence[Asked], noise: Noise, root: str) -> int:
    """Stage one night in every condition asked for, and keep each; how many there were.

    Args:
        asked: files of one subject, whose SNRs are of powers over all scored ECG of the night.
        noise: at 360 Hz, such that no denoiser has learned from it.

    Raises:
        ValueError: the recorded night is not the one that the sweep's was made of.
    """
    store, subject = Store(root), asked[0].subject
    assert all(one.subject == subject for one in asked)
    networks = {key: open_network(store, key) for key in {one.phase for one in asked}}
    (windows,) = {str(network.spec["windows"]) for network in networks.values()}
    recorded, source = recorded_windows(store, windows), source_of(subject)
    with opened_night(store, recorded, subject.name, source) as path:
        night = read_night(path)
    track = track_of(night)
    drawn = _drawn(track, noise, subject, asked[0].noise)
    with ExitStack() as stack:
        fronts = {one.condition.front.digest: one.condition.front for one in asked}
        opened = {d: stack.enter_context(front.opened()) for d, front in fronts.items()}
        for level in dict.fromkeys(one.condition.level for one in asked):
            here = [one for one in asked if one.condition.level == level]
            _stage(store, night, track, drawn(level), here, opened, networks)
    return len(asked)


def open_network(store: Store, key: str) -> Network:
    """The network of a phase, on the device at hand."""
    with store.phase(key) as folder:
        model = checkpoint.load(folder).model.to(device_at_hand())
    return Network(model, json.loads(store.read_phase(key, "spec.json")))


def staged(network: Network, night: Night, ecg: np.ndarray) -> Confusion:
    """How often a network takes each class for each, where the night's ECG is `ecg` (n, S), mV."""
    spec, scheme = network.spec, SCHEMES[network.spec["scheme"]]
    scaled = halved(SCALINGS[spec["scaling"]](ecg))
    heard = ScaledNight(
        subject=night.subject,
        eeg=scaled,  # nobody looks at it
        ecg=scaled,
        labels=scheme.labels(night.stage),
        segment=night.segment,
    )
    batches = Batches([heard], spec["segments"], spec["training"]["batch"]).in_order()
    pairs = list(predict(network.model, batches, "student_view", spec["training"]["bf16"]))
    true = torch.cat([target.flatten() for _, target in pairs]).numpy()
    said = torch.cat([p.argmax(1).flatten() for p, _ in pairs]).numpy()  # (B, K, T) -> (B * T,)
    return Confusion.of(scheme.classes, true, said)


def _drawn(track: Track, noise: Noise, subject: Subject, digest: str) -> Draw:
    """Level -> the noise to add (m,), zeros for clean ECG; each group's is drawn once."""

    @lru_cache(maxsize=1)
    def mixture(group: str) -> np.ndarray:
        return noise_along(track, noise, group, seed_of(subject, digest, group))

    def added(level: Level) -> np.ndarray:
        if level.snr_db is None:
            return np.zeros(len(track.samples))
        return at_snr(track.samples, mixture(level.group), level.snr_db)

    return added


def _stage(
    store: Store,
    night: Night,
    track: Track,
    added: np.ndarray,
    asked: Sequence[Asked],
    fronts: Mapping[str, Whole],
    networks: Mapping[str, Network],
) -> None:
    """All that is asked for at one level of noise."""
    noisy = (track.samples + added).astype(np.float32)
    clean = asked[0].condition.level.group == CLEAN
    snr_db = np.nan if clean else middle_snr_db(track, added)
    for digest in dict.fromkeys(one.condition.front.digest for one in asked):
        ecg = track.rows(track.through(fronts[digest], noisy))
        spread_mv = Scale.of(ecg).spread
        for one in asked:
            if one.condition.front.digest == digest:
                found = staged(networks[one.phase], night, ecg)
                write_stressed(store, one, found, snr_db, spread_mv)
