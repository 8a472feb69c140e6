"""The scripts as a person types them: one line that helps, exit code 2, no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked import typed

ROOT = Path(__file__).resolve().parents[1]


def assert_one_line(said: str, stderr: str) -> None:
    assert said in stderr
    assert stderr.startswith("error: ")
    assert stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("script", "words", "said"),
    [
        ("sweep", ["--recordings", "{tmp}/none", "--storage", "{tmp}/s"], "none is not a folder"),
        ("sweep", ["--plan", "smok"], "no plan 'smok'"),
        ("prepare", ["--recordings", "{tmp}", "--storage", "{tmp}/s"], "no MASS recording"),
        ("report", ["--storage", "{tmp}"], "There is no storage at"),
        ("pull", ["--storage", "{tmp}/none", "--out", "{tmp}/o"], "There is no storage at"),
        ("export", ["{tmp}/none", "--out", "{tmp}/o"], "has no model.json; a checkpoint is a"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    script: str, words: list[str], said: str, tmp_path: Path
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    words = [word.format(tmp=given) for word in words]
    assert typed(tmp_path, f"orchestration.{script}", *words) == 2
    assert_one_line(said, (tmp_path / "stderr").read_text())


def test_no_library_adds_a_line_while_it_is_imported(tmp_path: Path) -> None:
    words = ["--recordings", str(tmp_path / "none"), "--storage", str(tmp_path / "s")]
    command = [sys.executable, "-m", "orchestration.sweep", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert_one_line("none is not a folder", done.stderr)


@pytest.mark.parametrize(
    "script", ["sweep", "prepare", "report", "pull", "export", "stage", "stress_test"]
)
def test_help_says_how_to_type_it(script: str, tmp_path: Path) -> None:
    assert typed(tmp_path, f"orchestration.{script}", "--help") == 0
    assert f"orchestration.{script}" in (tmp_path / "stdout").read_text()
