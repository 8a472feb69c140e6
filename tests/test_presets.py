"""The small presets learn what stages are told by: band power in an EEG, heart rate in an ECG.

The light denoiser learns what an ECG looks like.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kd_core.models import build_model, denoiser_spec, model_spec

S = 6000


def brain_waves(kind: int, rng: np.random.Generator) -> np.ndarray:
    """Noise with slow waves, alpha or spindles in it: what tells an EEG's stages apart."""
    t, hz = np.arange(S) / 200, (1.5, 9.0, 14.0)[kind]
    return np.asarray(rng.normal(size=S) + np.sin(2 * np.pi * (hz * t + rng.random())))


def heart_rate(kind: int, rng: np.random.Generator) -> np.ndarray:
    """R peaks of a slow, usual or quick heart."""
    return r_peaks(np.arange(rng.random(), 30, (1.2, 1.0, 0.85)[kind]), rng)


def heart_rate_variability(kind: int, rng: np.random.Generator) -> np.ndarray:
    """R peaks once a second, regular or early and late by 40 ms: less than a stem's stride."""
    beats = np.arange(rng.random(), 30)
    return r_peaks(beats + (0.005, 0.04)[kind] * rng.normal(size=beats.size), rng)


def r_peaks(beats_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A segment of ECG with these beats in it."""
    t = np.arange(S)[:, None] / 200 - beats_s
    return np.asarray(5 * np.exp(-0.5 * (t / 0.015) ** 2).sum(1) + 0.2 * rng.normal(size=S))


@pytest.mark.parametrize("name", ["compact", "tiny"])
@pytest.mark.parametrize(
    ("signal", "kinds"), [(brain_waves, 3), (heart_rate, 3), (heart_rate_variability, 2)]
)
def test_a_small_model_learns_what_tells_stages_apart(
    name: str, signal: Callable[[int, np.random.Generator], np.ndarray], kinds: int
) -> None:
    rng = np.random.default_rng(0)
    target = torch.from_numpy(rng.integers(0, kinds, (32, 4)))
    windows = [np.concatenate([signal(int(k), rng) for k in window]) for window in target]
    x = torch.from_numpy(np.stack(windows)).float().unsqueeze(1)
    model = build_model(model_spec(name, kinds), seed=0)
    train(model, x[:24], target[:24])
    with torch.no_grad():
        found = model.eval()(x[24:]).logits.argmax(1)  # windows it has not seen
    assert (found == target[24:]).float().mean() > 0.7


def test_the_light_denoiser_takes_noise_off_an_ecg() -> None:
    """White noise as loud as the R peaks' own energy, which no filter of a band takes away."""
    rng = np.random.default_rng(0)
    drawn = [r_peaks(np.arange(rng.random(), 30, 0.9), rng)[:1200] for _ in range(40)]
    clean = torch.from_numpy(np.stack(drawn)).float().unsqueeze(1)
    clean = clean / clean.std()
    noisy = clean + torch.from_numpy(rng.normal(size=clean.shape)).float()
    model = build_model(denoiser_spec("u-lde-net"), seed=0)
    train(model, noisy[:32], clean[:32], loss=nn.functional.mse_loss)
    with torch.no_grad():
        left = model.eval()(noisy[32:]).logits - clean[32:]  # of windows it has not seen
    assert left.square().mean() < 0.4  # 4 dB less


def train(
    model: nn.Module,
    x: Tensor,
    target: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy,
) -> None:
    """Some steps of Adam, eight windows each."""
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for step in range(45):
        part = slice(8 * step % len(x), 8 * step % len(x) + 8)
        optimizer.zero_grad()
        torch.autograd.backward(loss(model(x[part]).logits, target[part]))
        optimizer.step()
