"""Live: a view on a terminal and nowhere else; what it cannot do ends no sweep."""

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestration import live, progress
from orchestration.live import Live
from orchestration.progress import TrialLines
from orchestration.study import Study
from tests.pretended import SCHEME, fixed_phases, pretended, publish, search_round


class Terminal(io.StringIO):
    """A stdout that somebody looks at."""

    def isatty(self) -> bool:
        return True


class TuneTrial:
    """What Tune hands to its callbacks."""

    def __init__(self) -> None:
        self.config = {"method": "SD+CL", "alpha": 0.5, "temperature": 1.0, "number": 3}


def test_a_view_is_drawn_on_a_terminal_below_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    sweep, store = pretended(tmp_path)
    with Live(store) as view:
        print("(RayTrainWorker pid=7) epoch=1 loss=0.5")
        view.follow(sweep)
    text = terminal.getvalue()
    printed, last = text.index("pid=7) epoch=1 loss=0.5\n"), text.rindex("baselines")
    assert printed < last
    assert "time left" in text[last:]


def test_elsewhere_there_are_lines_and_no_view(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LINE_S", 0.0)
    sweep, store = pretended(tmp_path)
    publish(fixed_phases(sweep)[0], store)
    with Live(store) as view:
        view.follow(sweep)
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("  time left: ") for line in lines)
    assert lines[0].endswith("at the pace of 1 phase(s)")


@pytest.mark.parametrize("drawn", [False, True])
def test_folds_are_printed_unless_a_view_shows_them(
    drawn: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "shown_elsewhere", drawn)
    sweep, store = pretended(tmp_path)
    lines, trial = TrialLines(Study(sweep, SCHEME, store), 2), TuneTrial()
    lines.on_trial_result(1, [], trial, {"score": 0.75, "folds_done": 1})
    said = "  W-N-R trial 3/8 SD+CL alpha=0.5 temperature=1: fold 1/2 score 0.750\n"
    assert capsys.readouterr().out == ("" if drawn else said)


def test_what_fails_is_said_once_and_done_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RETRY_S", 0.0)
    sweep, store = pretended(tmp_path)
    search_round(sweep, store)
    create, tries = store.files.create, []

    def fail_at_first(path: str, content: bytes) -> Any:
        tries.append(path)
        if len(tries) < 3:
            raise OSError(f"http://me:secret@{path} is out of reach")
        return create(path, content)

    monkeypatch.setattr(store.files, "create", fail_at_first)
    with Live(store) as view:
        view._look()
        view.follow(sweep)
        view._look()
        view._look()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: TensorBoard: OSError: http://tensorboard/{sweep.name}")
    assert "secret" not in line
    assert len(store.files.names(f"tensorboard/{sweep.name}/trials")) == 2


def test_a_sweep_that_is_cut_off_is_left_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, store = pretended(tmp_path)
    view, looks = Live(store), list[str]()
    monkeypatch.setattr(view, "_look", lambda: looks.append("a last one"))
    view.__exit__(KeyboardInterrupt)
    assert looks == []
    view.__exit__(None)
    assert looks == ["a last one"]
