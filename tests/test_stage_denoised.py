"""A denoiser in front of staging: what sees the ECG before it, what behind it, and who tells."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.ecg import EcgRecording
from orchestration import stage
from orchestration.staging.denoiser import DenoisedBy, Denoiser
from orchestration.staging.heart import listen
from orchestration.staging.quality import assess
from orchestration.staging.refusals import Refused
from orchestration.staging.stager import load
from orchestration.staging.web import serve as web
from tests.denoisers import a_denoiser, an_exported_denoiser
from tests.ecg_nights import an_ecg, write_night
from tests.exported import an_export
from tests.shared import made_once
from tests.stagers import a_stager
from tests.test_stage_alone import ALONE

HZ = 200.0


def recording(ecg: np.ndarray) -> EcgRecording:
    return EcgRecording(name="night", label="ECG", samples=ecg, hz=HZ)


def that_gives(clean: np.ndarray) -> Denoiser:
    """A denoiser that answers every recording with the same samples."""
    denoiser = replace(a_denoiser(), digest="00ff")
    object.__setattr__(denoiser, "whole", lambda *_: clean)
    return denoiser


def test_what_is_denoised_is_staged_as_if_it_had_been_recorded() -> None:
    ecg, stager = an_ecg(HZ), a_stager()
    noisy = ecg + np.random.default_rng(0).normal(0, 0.05, len(ecg)).astype(np.float32)
    found = stager.stage(recording(noisy), denoiser=that_gives(ecg))
    expected = stager.stage(recording(ecg))
    np.testing.assert_array_equal(found.probabilities, expected.probabilities)
    assert not np.array_equal(stager.stage(recording(noisy)).probabilities, found.probabilities)
    assert found.denoiser == DenoisedBy("drawn", "00ff")
    assert found.notes == ("The ECG was denoised by drawn (00ff); its quality was judged before.",)
    assert (expected.denoiser, expected.notes) == (None, ())


def test_noise_is_still_seen_behind_a_denoiser() -> None:
    ecg = an_ecg(HZ)
    noisy = ecg.copy()
    noisy[20_000:60_000] += np.random.default_rng(0).normal(0, 2, 40_000).astype(np.float32)
    staged = a_stager().stage(recording(noisy), denoiser=that_gives(ecg))
    expected = assess(noisy, HZ)
    np.testing.assert_array_equal(staged.quality.unusable, expected.unusable)
    assert staged.quality.noisy[100:300].mean() > 0.9
    assert "?" in staged.stages


def test_a_denoiser_that_makes_a_heart_out_of_noise_does_not_make_it_stageable() -> None:
    noise = np.random.default_rng(0).normal(0, 1, 25 * 60 * 200).astype(np.float32)
    with pytest.raises(Refused, match=r"no heart|cannot be used"):
        a_stager().stage(recording(noise), denoiser=that_gives(an_ecg(HZ)))


def test_the_heart_and_its_side_are_told_behind_the_denoiser() -> None:
    ecg = an_ecg(HZ)
    staged = a_stager().stage(recording(ecg), denoiser=that_gives(-an_ecg(HZ, seed=7)))
    assert "The ECG was upside down and was turned." in staged.notes
    heart = listen(-an_ecg(HZ, seed=7), HZ, staged.quality.unusable)
    if heart is None or staged.heart is None:  # no detector is installed
        return
    np.testing.assert_array_equal(staged.heart.beats_s, heart.beats_s)


def test_a_stagers_own_denoiser_is_used_unless_another_is_named() -> None:
    ecg = an_ecg(HZ)
    stager = replace(a_stager(), denoiser=that_gives(ecg))
    assert stager.stage(recording(ecg)).denoiser == DenoisedBy("drawn", "00ff")
    other = replace(that_gives(ecg), digest="other")
    object.__setattr__(other, "whole", lambda *_: ecg)
    assert stager.stage(recording(ecg), denoiser=other).denoiser == DenoisedBy("drawn", "other")


@pytest.fixture(scope="module")
def denoiser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once("denoiser", tmp_path_factory, an_exported_denoiser) / "denoiser"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once("exported", tmp_path_factory, lambda folder: an_export(folder)) / "model"


def test_the_command_denoises_with_numpy_and_onnx_runtime_alone(
    model: Path, denoiser: Path, tmp_path: Path
) -> None:
    night, out = write_night(tmp_path / "night.edf", hz=256), tmp_path / "out"
    words = [str(night), "--model", str(model), "--denoise", str(denoiser), "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "every ECG is denoised by u-lde-net distilled (" in done.stdout
    told = json.loads((out / "night_summary.json").read_text())
    assert told["denoiser"]["name"] == "u-lde-net distilled"
    assert any(told["denoiser"]["digest"] in note for note in told["notes"])


def test_the_page_denoises_too(
    model: Path, denoiser: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Any] = []
    monkeypatch.setattr(web, "serve", lambda stager, port: served.append(stager))
    words = ["stage", "--serve", "--model", str(model), "--denoise", str(denoiser)]
    monkeypatch.setattr(sys, "argv", words)
    stage.main()
    assert served[0].stage(recording(an_ecg(HZ))).denoiser.name == "u-lde-net distilled"


def test_a_model_that_stages_is_no_denoiser(model: Path, denoiser: Path) -> None:
    with pytest.raises(ValueError, match="is it a model that stages"):
        load(model, denoiser=model)
    with pytest.raises(ValueError, match="describes no model"):
        load(denoiser)
