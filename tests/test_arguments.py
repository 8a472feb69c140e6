"""The command line: typed, checked, one-line errors that say what to type."""

from pathlib import Path

import pytest

from orchestration.arguments import describe, sweep_arguments
from orchestration.cli import UsageError
from orchestration.plans import smoke

FOLDERS = ["--recordings", "in", "--storage", "out"]


def test_any_field_of_the_plan_is_a_flag() -> None:
    flags = [
        "--plan",
        "smoke",
        "--folds",
        "3",
        "--training.epochs",
        "2",
        "--search.alpha",
        "0.1",
        "0.5",
    ]
    plan = sweep_arguments([*flags, *FOLDERS]).plan
    assert (plan.folds, plan.training.epochs, plan.search.alpha) == (3, 2, (0.1, 0.5))
    assert plan.teacher == smoke().teacher


def test_folders_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SLEEP_RECORDINGS", str(tmp_path / "in"))
    monkeypatch.setenv("SLEEP_STORAGE", str(tmp_path / "out"))
    arguments = sweep_arguments([])
    assert (arguments.name, arguments.recordings, arguments.storage) == (
        "default",
        tmp_path / "in",
        str(tmp_path / "out"),
    )


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--plan", "smok"], "no plan 'smok'.*smoke"),
        (["--fold", "3"], "--fold'.*--folds"),
        (["--folds", "many"], "--folds: invalid literal"),
        (["--folds", "1"], "folds is 1; it must be 2 or more"),
        (["--layers"], "Missing value for argument '--layers'"),
        (["--student", "gpt"], r"student: \['gpt'\].*compact"),
    ],
)
def test_a_wrong_flag_is_one_line_that_says_what_is_allowed(argv: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as error:
        sweep_arguments([*argv, *FOLDERS])
    assert "\n" not in str(error.value)


def test_no_folder_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLEEP_RECORDINGS", raising=False)
    with pytest.raises(UsageError, match="type --recordings DIR, or set SLEEP_RECORDINGS"):
        sweep_arguments([])


def test_a_resolved_plan_shows_every_field() -> None:
    text = describe(smoke())
    assert "epochs" in text
    assert "schemes        W-N-R" in text
