"""A checkpoint becomes one folder whose formats all say the same, or no folder at all."""

import json
import subprocess
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from datasets.parquet import write_night
from kd_core import checkpoint
from kd_core.methods import METHODS
from kd_core.models import model_spec
from orchestration import export as script
from orchestration.portable import exported as portable
from orchestration.portable.agreement import check_agreement
from orchestration.portable.exported import export
from orchestration.portable.folder import written_whole
from orchestration.portable.signals import drawn_night, given_night, halves
from orchestration.portable.source import read_source
from orchestration.staging.networks import SUMS
from orchestration.staging.spec import read_spec
from tests.exported import CLASSES, S, a_checkpoint, an_export, settled, small_spec
from tests.nights import make_night
from tests.shared import made_once

ROOT = Path(__file__).resolve().parents[1]
METHOD = "AT+SD+CL"
SCORES = {
    "test": {"accuracy": 0.55, "kappa": float("nan"), "floor": 0.58},
    "validation": {"accuracy": 0.7, "epoch": 5},
    "fold": {"fold": 2, "key": "9b278c68ddedf599", "test": ["01-01-0005"]},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an exported model."""
    return made_once("exported", tmp_path_factory, an_export) / "model"


def a_phase(folder: Path, **changes: Any) -> Path:
    """A folder as `pull` leaves it."""
    spec = {
        "phase": "W-N-R fold 2 final SD+CL",
        "step": asdict(METHODS[METHOD][-1]),
        "windows": "ec399c313c893aea",
        "data": {"01-01-0001": "aa", "01-01-0002": "bb"},
        "train": ["01-01-0001"],
        "validation": ["01-01-0002"],
        "scheme": "W-N-R",
        "scaling": "segment",
        "segments": 20,
        "model": asdict(small_spec()),
        "parameters": {"alpha": 0.5},
    }
    a_checkpoint(folder)
    (folder / "spec.json").write_text(json.dumps(spec | changes))
    (folder / "scores.json").write_text(json.dumps(SCORES))
    return folder


@pytest.mark.parametrize(("nights", "segments"), [(1, 1), (3, 1), (1, 4), (2, 37)])
def test_every_float_format_takes_any_number_of_nights_of_any_length(
    made: Path, nights: int, segments: int
) -> None:
    x = torch.randn(nights, 1, segments * S, generator=torch.Generator().manual_seed(segments))
    with torch.no_grad():
        expected = settled(small_spec())(x, output_s=1).logits
        by_program = torch.export.load(made / "model.pt2").module()(x)
    session = onnxruntime.InferenceSession(made / "model.onnx")
    (by_onnx,) = session.run(None, {"samples": x.numpy()})
    assert by_onnx.shape == (nights, len(CLASSES), segments * 30)
    np.testing.assert_allclose(by_onnx, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(by_program, expected, rtol=0, atol=1e-5)


def test_every_convolution_of_the_int8_file_multiplies_bytes(made: Path) -> None:
    graph = onnx.load(made / "model.int8.onnx").graph
    weights = {tensor.name: tensor.data_type for tensor in graph.initializer}
    source = {name: node for node in graph.node for name in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    for node in convolutions:
        read = [source[name] for name in node.input[:2]]
        assert [made.op_type for made in read] == ["DequantizeLinear"] * 2
        assert weights[read[1].input[0]] == onnx.TensorProto.UINT8
    int8 = read_spec(made).origin["int8"]
    assert int8["convolutions"] == int8["in_bytes"] == len(convolutions) > 10


def test_no_file_tells_where_it_was_made(made: Path) -> None:
    words = [str(ROOT).encode(), str(made.parent).encode(), str(Path.home()).encode() + b"/"]
    words += [b".py", b'stack_trace": "', b"site-packages"]
    for path in made.iterdir():
        contents = [path.read_bytes()]
        if path.suffix == ".pt2":
            with zipfile.ZipFile(path) as archive:
                contents += [archive.read(name) for name in archive.namelist()]
        assert not [word for word in words for content in contents if word in content], path.name


def test_the_digits_are_those_that_sha256sum_finds(made: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=made, check=True)
    listed = {line.split("  ")[1] for line in (made / SUMS).read_text().splitlines()}
    assert listed == {path.name for path in made.iterdir()} - {SUMS}


def test_an_exported_folder_is_a_checkpoint_still(made: Path) -> None:
    source = read_source(made)
    assert (source.classes, source.scaling, source.name) == (CLASSES, "night", "W-N-R utime")


def test_a_phase_says_how_the_network_is_fed_and_where_it_comes_from(tmp_path: Path) -> None:
    source = read_source(a_phase(tmp_path))
    spec = portable._spec(source, source.name, "six drawn people")
    assert spec.name == "W-N-R utime AT+SD+CL fold 2"
    assert (spec.classes, spec.scaling, spec.limit) == (CLASSES, "segment", 0.0)
    origin = json.loads(json.dumps(spec.origin, allow_nan=False))
    assert origin["scores"]["test"] == {"accuracy": 0.55, "floor": 0.58}
    assert (origin["phase"], origin["method"]) == ("9b278c68ddedf599", METHOD)
    assert origin["subjects"] == {"train": 1, "validation": 1, "test": 1}
    assert len(origin["data"]) == 16


def test_presets_are_known_by_name(tmp_path: Path) -> None:
    spec = model_spec("tiny", 3)
    checkpoint.save(tmp_path, spec, settled(spec), {"classes": list(CLASSES)})
    assert read_source(tmp_path).name == "W-N-R tiny"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"step": asdict(METHODS["EEG baseline"][0])}, "a teacher, which sees EEG"),
        ({"step": asdict(METHODS["AT+CL"][1])}, "leaves its head as it was drawn"),
        ({"model": asdict(model_spec("tiny", 3))}, "describes another network"),
        ({"scheme": "W-L-D-R"}, "names classes .* for a network with 3"),
        ({"scaling": "page"}, "has scaling 'page'; allowed"),
    ],
)
def test_what_cannot_stage_an_ecg_is_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        export(a_phase(tmp_path / "phase", **changes), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_classes_that_nobody_names_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'classes' in the 'extra' of model\.json"):
        export(a_checkpoint(tmp_path / "bare", classes=[]), tmp_path / "model")


@pytest.mark.parametrize("name", ["two\nlines", " ", "x" * 81])
def test_a_name_that_is_no_line_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="1 to 80 printable characters"):
        export(a_checkpoint(tmp_path / "bare"), tmp_path / "model", name)


def test_formats_that_disagree_are_not_exported(made: Path) -> None:
    spec = read_spec(made)

    def network(samples: np.ndarray) -> np.ndarray:
        return np.zeros((3, len(samples) // 200), np.float32)

    def off(samples: np.ndarray) -> np.ndarray:
        return network(samples) + np.float32(1e-3)

    found = check_agreement(network, network, {"onnx": network}, spec)
    assert found == {"onnx": 0.0, "rounding": 0.0}
    with pytest.raises(ValueError, match=r"onnx file .* differ by 0\.001, allowed are 0\.0001"):
        check_agreement(network, network, {"onnx": off}, spec)
    rounded = check_agreement(off, network, {"onnx": off}, spec)  # torch rounds as much itself
    assert rounded["onnx"] == pytest.approx(1e-3)


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(name)


def break_off(out: Path) -> None:
    with written_whole(out) as aside:
        fill(aside, "config.json")
        raise OSError("disk full")


def test_an_earlier_export_is_replaced_once_the_new_one_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "model"
    with written_whole(out) as aside:
        fill(aside, "config.json", "model.onnx")
    with pytest.raises(OSError, match="disk full"):
        break_off(out)
    assert {path.name for path in out.iterdir()} == {"config.json", "model.onnx", SUMS}
    with written_whole(out) as aside:
        fill(aside, "config.json")
    assert {path.name for path in out.iterdir()} == {"config.json", SUMS}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("names", [("thesis.tex",), ("config.json", SUMS, "my_night.csv")])
def test_a_folder_with_files_of_others_is_left_alone(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    fill(tmp_path, *names)
    with pytest.raises(ValueError, match="is no earlier export, or holds files of others"):
        export(a_checkpoint(tmp_path / ".checkpoint"), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*names, ".checkpoint"}


def test_no_piece_is_calibrated_with_and_compared_with(made: Path) -> None:
    spec = read_spec(made)
    nights = [drawn_night(spec, segments, seed=segments) for segments in (2, 81, 400)]
    shown, kept = halves(nights, spec)
    told = [{piece.tobytes() for piece in pieces} for pieces in (shown, kept)]
    assert len(told[0]) == len(shown) > 3
    assert not told[0] & told[1]
    assert {len(piece) % S for piece in (*shown, *kept)} == {0}


def test_nights_of_a_store_calibrate(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "night.parquet"
    write_night(path, make_night(range(4000)), "hash", {})
    taken = given_night(path, read_spec(made))
    assert taken.shape == (5 * S,)
    assert taken.dtype == np.float32
    assert abs(np.median(taken)) < 0.3
    with pytest.raises(ValueError, match="there is no night"):
        given_night(tmp_path / "none.edf", read_spec(made))


def test_the_script_says_what_it_wrote_and_how_to_use_it(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {path.name: path.stat().st_size for path in made.iterdir()}
    done = portable.Exported(Path("/a b/$(rm)"), read_spec(made), sizes)
    monkeypatch.setattr(portable, "export", lambda *given: done)
    monkeypatch.setattr(sys, "argv", ["export", "checkpoint", "--out", "model"])
    script.main()
    said = capsys.readouterr().out
    assert all(name in said for name in sizes)
    assert "onnx: logits within" in said
    assert "convolutions in bytes" in said
    assert said.endswith("stage NIGHT.edf --model '/a b/$(rm)' --out DIR\n")
