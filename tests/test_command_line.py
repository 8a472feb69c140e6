"""The scripts as a person types them: one line that helps, exit code 2, no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def typed(script: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a script as `python -m orchestration.SCRIPT WORDS`."""
    command = [sys.executable, "-m", f"orchestration.{script}", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("script", "words", "said"),
    [
        ("sweep", ["--recordings", "{tmp}/none", "--storage", "{tmp}/s"], "none is not a folder"),
        ("sweep", ["--plan", "smok"], "no plan 'smok'"),
        ("prepare", ["--recordings", "{tmp}", "--storage", "{tmp}/s"], "no MASS recording"),
        ("report", ["--storage", "{tmp}"], "There is no storage at"),
        ("pull", ["--storage", "{tmp}/none", "--out", "{tmp}/o"], "There is no storage at"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    script: str, words: list[str], said: str, tmp_path: Path
) -> None:
    done = typed(script, *(word.format(tmp=tmp_path) for word in words))
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("script", ["sweep", "prepare", "report", "pull"])
def test_help_says_how_to_type_it(script: str) -> None:
    done = typed(script, "--help")
    assert done.returncode == 0
    assert f"orchestration.{script}" in done.stdout
