"""Every runtime answers as torch does, and a folder that was changed is not opened."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from orchestration.portable.folder import seal
from orchestration.portable.signals import drawn_night
from orchestration.staging.networks import RUNTIMES, SUMS, open_network
from orchestration.staging.spec import read_spec
from tests.exported import S, an_export, settled, small_spec
from tests.shared import made_once

ALLOWED = {"onnx": 1e-4, "program": 1e-4, "torch": 1e-6, "int8": 0.1}  # in the mean of a second


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an exported model."""
    return made_once("exported", tmp_path_factory, an_export) / "model"


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """A copy that may be spoiled."""
    return Path(shutil.copytree(made, tmp_path / "own"))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_runtime_answers_as_torch_does(made: Path, runtime: str) -> None:
    spec = read_spec(made)
    network = open_network(made, spec, runtime)
    for segments in (1, 7):
        x = drawn_night(spec, segments, seed=3)
        logits = network(x)
        with torch.no_grad():
            expected = settled(small_spec())(torch.from_numpy(x[None, None]), output_s=1).logits
        assert logits.dtype == np.float32
        assert np.abs(logits - expected[0].numpy()).mean(1).max() <= ALLOWED[runtime]


@pytest.mark.parametrize("runtime", ["program", "torch"])
def test_torch_has_as_many_threads_as_before(made: Path, runtime: str) -> None:
    network = open_network(made, read_spec(made), runtime, threads=2)
    before = torch.get_num_threads()
    network(np.zeros(S, np.float32))
    assert torch.get_num_threads() == before


def test_samples_that_are_no_whole_segments_are_refused(made: Path) -> None:
    network = open_network(made, read_spec(made))
    for shape in ((S + 1,), (0,), (1, S)):
        with pytest.raises(ValueError, match=r"allowed are \(T\*6000,\), T from 1 on"):
            network(np.zeros(shape, np.float32))


def test_a_network_that_breaks_its_promise_is_found_out(own: Path) -> None:
    spec = replace(read_spec(own), classes=("W", "L", "D", "R"))
    with pytest.raises(ValueError, match=r"answered \(3, 30\) where .* promises \(4, 30\)"):
        open_network(own, spec)(np.zeros(S, np.float32))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_file_that_was_changed_is_refused(own: Path, runtime: str) -> None:
    spec = read_spec(own)
    path = own / spec.files[runtime]
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ValueError, match=rf"{path.name} has sha256 .* was changed or cut"):
        open_network(own, spec, runtime)


@pytest.mark.parametrize("name", ["config.json", "model.onnx", SUMS])
def test_a_file_that_is_missing_is_named(own: Path, name: str) -> None:
    spec = read_spec(own)
    (own / name).unlink()
    with pytest.raises(ValueError, match=f"has no (file '{name}'|{name})"):
        open_network(own, spec)


@pytest.mark.parametrize("name", ["../own/model.onnx", "/etc/passwd", "README.md/../model.onnx"])
def test_a_config_opens_no_file_elsewhere(own: Path, name: str) -> None:
    line = (own / SUMS).read_text().splitlines()[0].split()[0]
    with (own / SUMS).open("a") as sums:
        sums.write(f"{line}  {name}\n")
    with pytest.raises(ValueError, match="has no file"):
        open_network(own, replace(read_spec(own), files={"onnx": name}))


def test_a_runtime_that_is_not_there_is_answered_with_those_that_are(own: Path) -> None:
    spec = replace(read_spec(own), files={"onnx": "model.onnx"})
    for runtime in ("keras", "int8"):
        with pytest.raises(ValueError, match=rf"no runtime '{runtime}' .* allowed are \['onnx'\]"):
            open_network(own, spec, runtime)


@pytest.mark.parametrize(
    ("runtime", "package"),
    [("onnx", "onnxruntime"), ("int8", "onnxruntime"), ("program", "torch")],
)
def test_a_package_that_is_missing_is_named(
    made: Path, runtime: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError, match=f"not installed: pip install {package}"):
        open_network(made, read_spec(made), runtime)


def test_weights_that_are_a_pickle_are_not_opened(own: Path) -> None:
    torch.save({"weights": 1}, own / "model.safetensors")
    (own / SUMS).unlink()
    seal(own)
    with pytest.raises(ValueError, match="was changed or cut"):
        open_network(own, read_spec(own), "torch")


def test_an_onnx_file_reads_no_other_file(own: Path) -> None:
    (own.parent / "secret").write_bytes(bytes(4096))
    model = onnx.load(own / "model.onnx")
    onnx.save(model, own / "model.onnx", save_as_external_data=True, size_threshold=0)
    (own / SUMS).unlink()
    for path in own.iterdir():
        if path.name not in {"model.onnx", "config.json"}:
            path.unlink()
    seal(own)
    with pytest.raises(ValueError, match="'onnx' cannot open the model"):
        open_network(own, read_spec(own))


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    asked = "import sys, orchestration.staging.networks; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"torch", "onnxruntime", "kd_core", "safetensors", "pyarrow", "ray"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"before_samples": -60000},
        {"limit": float("nan")},
        {"limit": "x"},
        {"classes": ("W", "R", "W")},
        {"classes": ("W", "R", "=cmd")},
        {"hz": 200.0},
        {"hz": 10_000_000},
        {"name": 5},
        {"name": "two\nlines"},
        {"origin": [1]},
        {"segment_samples": 6001},
        {"scaling": "other"},
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(made: Path, wrong: dict[str, Any]) -> None:
    spec = read_spec(made)
    with pytest.raises(ValueError, match=r"allowed|must|may occur"):
        replace(spec, **wrong)
