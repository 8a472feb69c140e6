"""Samples that come piece by piece are staged as the whole night is, a stated time behind."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch

from datasets.ecg import EcgRecording
from datasets.signals import Scale
from orchestration.staging.arriving import Arriving
from orchestration.staging.ecg_scale import EcgScale, estimated
from orchestration.staging.labels import probabilities_of
from orchestration.staging.live import SETTLE_S, LiveStage, LiveStager
from orchestration.staging.prepared import scale_of
from orchestration.staging.quality import assess
from orchestration.staging.stager import Stager
from tests.denoisers import a_denoiser
from tests.ecg_nights import an_ecg
from tests.stagers import a_stager

MINUTES = 32


def broken(hz: float, minutes: int = MINUTES) -> np.ndarray:
    """A drawn heart with three minutes missing and one flat."""
    ecg = an_ecg(hz, minutes)
    ecg[round(900 * hz) : round(1080 * hz)] = np.nan
    ecg[round(1200 * hz) : round(1260 * hz)] = 0.1
    return ecg


def pushed(live: LiveStager, ecg: np.ndarray, longest: int, seed: int = 0) -> list[LiveStage]:
    """All that is said while the samples come in chunks of random lengths."""
    rng, said, at = np.random.default_rng(seed), [], 0
    while at < len(ecg):
        size = int(rng.integers(1, longest))
        said += live.push(ecg[at : at + size])
        at += size
    return said + live.finish()


def whole(stager: Stager, ecg: np.ndarray, hz: float, output_s: int, scale: Scale) -> np.ndarray:
    """(n, K): what the whole night says, scaled alike."""
    recording = EcgRecording(name="night", label="ECG", samples=ecg, hz=hz)
    unusable = assess(ecg, hz).unusable
    return probabilities_of(stager.logits(recording, unusable, scale), unusable, output_s)


def indifferent() -> Stager:
    """A stager whose network has no opinion, and takes no time for it."""
    stager = a_stager("context-half")
    return replace(stager, network=lambda x: np.zeros((4, len(x) // 200), np.float32))


def settled(ecg: np.ndarray, hz: float) -> Scale:
    """The scale of the first minutes."""
    first = ecg[: round(SETTLE_S * hz)]
    return scale_of(first, hz, assess(first, hz).unusable)


@pytest.mark.parametrize(
    ("model", "scaling", "hz", "output_s", "longest"),
    [
        ("tiny", "night", 200.0, 30, 40_000),
        ("tiny", "night", 256 * 1.0000163, 30, 90_000),
        ("context-half", "night", 128.0, 30, 70_000),
        ("reference", "segment", 250.0, 10, 200_000),
        ("tiny", "none", 500.0, 7, 400_000),
    ],
)
def test_random_chunks_say_what_the_whole_night_says(
    model: str, scaling: str, hz: float, output_s: int, longest: int
) -> None:
    minutes = 6 if model == "reference" else MINUTES
    stager, ecg = a_stager(model, scaling, torch.float64), broken(hz, minutes)
    said = pushed(stager.live(hz, output_s=output_s), ecg, longest)
    expected = whole(stager, ecg, hz, output_s, settled(ecg, hz))
    assert len(expected) == minutes * 60 // output_s
    assert [stage.onset_s for stage in said] == [i * output_s for i in range(len(expected))]
    found = np.stack([stage.probabilities for stage in said])
    assert np.nanstd(found[:, 0]) > 1e-4
    np.testing.assert_allclose(found, expected, atol=1e-8)  # NaN where NaN
    names = ["?" if np.isnan(p).any() else stager.spec.classes[p.argmax()] for p in expected]
    assert [stage.stage for stage in said] == names


@pytest.mark.parametrize(("hz", "longest"), [(200.0, 40_000), (360.0, 100_000)])
def test_behind_a_denoiser_they_say_what_the_whole_night_says_behind_it(
    hz: float, longest: int
) -> None:
    denoiser, ecg = a_denoiser(), broken(hz)
    stager = replace(a_stager("tiny"), denoiser=denoiser)
    said = pushed(stager.live(hz), ecg, longest)
    clean = denoiser.whole(ecg, hz, estimated(ecg[: round(60 * hz)], hz))
    first, unusable = round(SETTLE_S * hz), assess(ecg, hz).unusable
    scale = scale_of(clean[:first], hz, unusable[:SETTLE_S])
    recording = EcgRecording(name="night", label="ECG", samples=clean, hz=hz)
    expected = probabilities_of(stager.logits(recording, unusable, scale), unusable, 30)
    assert [stage.onset_s for stage in said] == [i * 30 for i in range(len(expected))]
    found = np.stack([stage.probabilities for stage in said])
    np.testing.assert_allclose(found, expected, atol=1e-4)  # NaN where NaN
    bare = pushed(replace(stager, denoiser=None).live(hz, scale=scale), ecg, longest)
    assert np.nanmax(np.abs(found - np.stack([stage.probabilities for stage in bare]))) > 1e-2


@pytest.mark.parametrize("denoised", [False, True])
@pytest.mark.parametrize("hz", [200.0, 100.0, 360.0])
def test_a_label_comes_the_stated_time_after_its_end_however_samples_come(
    hz: float, denoised: bool
) -> None:
    stager = replace(indifferent(), denoiser=a_denoiser() if denoised else None)
    live = stager.live(hz, output_s=1, scale=Scale(0.0, 0.2), ecg_scale=EcgScale(0.0, 1.0))
    ecg, step = an_ecg(hz, 6), round(hz / 2)
    for start_s, length_s in ((100, 0.999), (110, 12.3), (150, 0.3)):
        ecg[round(start_s * hz) : round((start_s + length_s) * hz)] = np.nan
    for end in range(step, len(ecg) + 1, step):
        for stage in live.push(ecg[end - step : end]):
            behind_s = end / hz - (stage.onset_s + stage.output_s)
            assert live.look_ahead_s <= behind_s + 1e-6 < live.look_ahead_s + 1.0
    assert live.push(ecg[:0]) == []


@pytest.mark.parametrize("hz", [100.0, 128.0, 250.0, 256 * 1.0000163, 360.0, 512.0, 1200.0])
def test_resampled_samples_are_behind_by_no_more_than_is_said(hz: float) -> None:
    spec, rng, received, behind_s = a_stager("tiny").spec, np.random.default_rng(0), 0, 0.0
    arriving = Arriving(spec, hz)
    while received < 150 * hz:
        size = int(rng.integers(1, round(hz / 5)))
        arriving.push(np.zeros(size, np.float32), Scale(0.0, 1.0), last=False)
        received += size
        behind_s = max(behind_s, received / hz - len(arriving.seen_from(0)[1]) / spec.hz)
    assert 0.9 * arriving.delay_s < behind_s <= arriving.delay_s


def test_memory_does_not_grow_with_the_night() -> None:
    live = indifferent().live(200.0)
    ecg = np.tile(an_ecg(200.0, 30), 4)
    tracemalloc.start()
    try:
        peaks = []
        for part in np.split(ecg, 4):
            tracemalloc.reset_peak()
            for chunk in np.split(part, 60):
                live.push(chunk)
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert max(peaks[1:]) < 1.1 * peaks[1]


def test_a_recording_shorter_than_the_settling_time_is_staged_at_its_end() -> None:
    stager, ecg = a_stager("context-half"), an_ecg(200.0, 3)
    live = stager.live(200.0)
    assert live.push(ecg) == []
    assert len(live.finish()) == 6


@pytest.mark.parametrize("hz", [float("nan"), 1.0, 1e9])
def test_a_rate_no_recorder_has_is_refused(hz: float) -> None:
    with pytest.raises(ValueError, match="allowed are 10 to"):
        a_stager("tiny").live(hz)


def test_a_finished_recording_takes_no_more() -> None:
    live = indifferent().live(200.0)
    live.push(an_ecg(200.0, 3))
    assert len(live.finish()) == 6
    assert live.finish() == []
    with pytest.raises(ValueError, match="was finished"):
        live.push(np.zeros(10, np.float32))


def test_infinite_samples_are_missing_ones() -> None:
    ecg = an_ecg(200.0, 3)
    ecg[5000:30000] = np.inf
    live = indifferent().live(200.0)
    said = live.push(ecg) + live.finish()
    assert [stage.stage == "?" for stage in said] == [False, True, True, True, True, False]


def test_nothing_pushed_is_nothing_said() -> None:
    assert a_stager("tiny").live(200.0).finish() == []
