"""Staging from an exported folder in a process that has numpy, ONNX Runtime and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ecg_nights import write_night
from tests.exported import an_export

ALONE = """
import sys
from importlib.abc import MetaPathFinder

ALLOWED = {"numpy", "onnxruntime", "flatbuffers", "google", "packaging", "datasets",
           "orchestration", *sys.stdlib_module_names}

class Only(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in ALLOWED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Only())
sys.argv[0] = "stage"
from orchestration.stage import main
main()
"""


@pytest.mark.parametrize("hz", [200, 256])
def test_numpy_and_onnx_runtime_are_enough(tmp_path: Path, hz: int) -> None:
    night = write_night(tmp_path / "night.edf", hz=hz)
    words = [str(night), "--model", str(an_export(tmp_path)), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"night_hypnogram.csv", "night_hypnogram.edf", "night_summary.json"} <= made
    assert not any(name.endswith(".png") for name in made)
    assert "matplotlib" in done.stderr
    assert (
        json.loads((tmp_path / "out" / "night_summary.json").read_text())["heart_rate_bpm"] is None
    )
