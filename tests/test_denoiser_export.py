"""A denoiser's checkpoint becomes one folder that says what torch says, or no folder at all."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from kd_core import checkpoint
from kd_core.models import denoiser_spec
from kd_core.models.lde_field import halo
from orchestration import export as script
from orchestration.cli import UsageError
from orchestration.portable import denoiser as portable
from orchestration.portable.denoiser import export_denoiser, is_denoiser
from orchestration.staging.denoiser import load_denoiser
from orchestration.staging.denoiser_spec import FILE, read_denoiser_spec
from orchestration.staging.ecg_scale import estimated
from orchestration.staging.networks import SUMS
from orchestration.staging.spec import CONFIG
from tests.denoisers import (
    NAME,
    a_denoiser,
    a_denoisers_checkpoint,
    an_exported_denoiser,
    settled_denoiser,
)
from tests.ecg_nights import an_ecg
from tests.exported import a_checkpoint
from tests.shared import made_once


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an exported denoiser."""
    return made_once("denoiser", tmp_path_factory, an_exported_denoiser) / "denoiser"


@pytest.mark.parametrize(("signals", "samples"), [(1, 20), (3, 20), (1, 3600), (2, 10_020)])
def test_onnx_takes_any_number_of_signals_of_any_length(
    made: Path, signals: int, samples: int
) -> None:
    x = torch.randn(signals, 1, samples, generator=torch.Generator().manual_seed(samples))
    with torch.no_grad():
        expected = settled_denoiser()(x).logits
    (found,) = onnxruntime.InferenceSession(made / FILE).run(None, {"samples": x.numpy()})
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_folder_says_how_it_is_fed_and_where_it_comes_from(made: Path) -> None:
    spec = read_denoiser_spec(made)
    around = halo(denoiser_spec(NAME))
    assert (spec.kind, spec.hz, spec.stride, spec.halo) == ("denoiser", 360, 20, around)
    assert (spec.parameters, spec.macs, spec.name) == (6895, 6615360, "u-lde-net distilled")
    assert spec.origin["scores"] == {"score": 1.5, "group 1 SNR": 10.25}
    assert set(spec.origin["agreement"]) == {"onnx", "rounding"}
    assert spec.origin["trained_on"] == "101 <b>"
    assert spec.origin["noise_turn"] == 2
    card = (made / "README.md").read_text()
    assert "| turn of the noise | 2 |" in card
    assert "6,895 parameters" in card
    assert "<b>" not in card
    assert "this project's own" in card
    names = {path.name for path in made.iterdir()}
    assert names >= {CONFIG, FILE, SUMS, "model.safetensors", "scores.json", "spec.json"}
    subprocess.run(["sha256sum", "-c", "--quiet", SUMS], cwd=made, check=True)


def test_the_checkpoint_in_it_can_be_exported_again(made: Path) -> None:
    stored = checkpoint.load(made)
    assert stored.extra == {"trained_on": "101 <b>"}
    assert is_denoiser(made)


def test_what_was_exported_denoises_as_torch_does(made: Path) -> None:
    denoiser, ecg = load_denoiser(made), an_ecg(200.0, 3)
    np.testing.assert_allclose(
        denoiser.whole(ecg, 200.0), a_denoiser().whole(ecg, 200.0), atol=1e-4
    )
    chunks = np.array_split(ecg, 11)
    live = denoiser.live(200.0, scale := estimated(ecg, 200.0))
    found = np.concatenate([*map(live.push, chunks), live.end()])
    np.testing.assert_allclose(found, denoiser.whole(ecg, 200.0, scale), atol=1e-5)


def test_a_network_that_onnx_runs_otherwise_is_not_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = portable.Denoised(settled_denoiser()).eval()
    with pytest.raises(ValueError, match="denoises otherwise than torch"):
        portable.check_agreement(module, lambda x: x[None], a_denoiser().spec)
    monkeypatch.setattr(portable, "program_of", raised)
    with pytest.raises(ValueError, match="no agreement"):
        export_denoiser(a_denoisers_checkpoint(tmp_path / "checkpoint"), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def raised(*_: object) -> None:
    raise ValueError("no agreement")


def test_a_changed_file_and_another_model_are_refused(made: Path, tmp_path: Path) -> None:
    for name in (CONFIG, FILE, SUMS):
        (tmp_path / name).write_bytes((made / name).read_bytes())
    (tmp_path / FILE).write_bytes(b"changed")
    with pytest.raises(ValueError, match="was written for"):
        load_denoiser(tmp_path)
    config = json.loads((tmp_path / CONFIG).read_text())
    for changes, why in (
        ({"kind": "stager"}, "is it a model that stages"),
        ({"stride": 7}, "stride must divide"),
        ({"halo": -20}, "whole numbers"),
        ({"file": "../denoiser.onnx"}, "name of a file"),
        ({"scale": "none"}, "allowed are"),
        ({"more": 1}, "does not know"),
        ({"format": 9}, "format 9"),
    ):
        (tmp_path / CONFIG).write_text(json.dumps(config | changes))
        with pytest.raises(ValueError, match=why):
            load_denoiser(tmp_path)
    with pytest.raises(ValueError, match="no exported denoiser"):
        load_denoiser(tmp_path / "nowhere")


def test_the_command_tells_a_denoiser_from_a_stager(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    a_denoisers_checkpoint(tmp_path / "denoiser")
    assert is_denoiser(tmp_path / "denoiser")
    assert not is_denoiser(a_checkpoint(tmp_path / "stager"))
    assert not is_denoiser(tmp_path)
    words = ["export", str(tmp_path / "denoiser"), "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", [*words, "--calibrate", "night.edf"])
    with pytest.raises(UsageError, match="leave --calibrate out"):
        script.main()
    done = portable.ExportedDenoiser(made, read_denoiser_spec(made), {FILE: 44_000})
    asked: list[object] = []

    def exported(*given: object) -> portable.ExportedDenoiser:
        asked.extend(given)
        return done

    monkeypatch.setattr(portable, "export_denoiser", exported)
    monkeypatch.setattr(sys, "argv", [*words, "--trained-on", "mitdb"])
    script.main()
    said = capsys.readouterr().out
    assert asked == [tmp_path / "denoiser", tmp_path / "out", "", "mitdb"]
    assert "onnx: samples within" in said
    assert f"--denoise {made}" in said
