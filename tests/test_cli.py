"""One line for what a person can mend, a traceback for what only we can break."""

from collections.abc import Callable

import pytest
from ray.exceptions import RayTaskError
from ray.train import WorkerGroupError

from orchestration.cli import UsageError, folder, reject_unknown, run

WRONG = ValueError("night 01-01-0001\n  has no ECG")


def raising(error: BaseException) -> Callable[[], None]:
    def main() -> None:
        raise error

    return main


def by_task(error: Exception) -> Exception:
    """What ray.get() raises for an error in a task."""
    failed = RayTaskError("train", "Traceback ...\nlong", error, "ray::train", 1, "127.0.0.1")
    return failed.as_instanceof_cause()  # type: ignore[no-any-return]


def by_workers(error: Exception) -> Exception:
    """What TorchTrainer.fit() raises for an error in its workers."""
    return WorkerGroupError("Traceback ...\nlong", {0: error})  # type: ignore[no-any-return]


WRAPPED = {
    "plain": WRONG,
    "task": by_task(WRONG),
    "workers": by_workers(WRONG),
    "workers in a task": by_task(by_workers(WRONG)),
    "task in workers": by_workers(by_task(WRONG)),
}


@pytest.mark.parametrize("error", WRAPPED.values(), ids=WRAPPED)
def test_what_a_person_can_mend_is_one_line_however_ray_wraps_it(
    error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLEEP_TRACEBACK", raising=False)
    with pytest.raises(SystemExit) as stop:
        run(raising(error))
    assert stop.value.code == 2
    assert capsys.readouterr().err == "error: night 01-01-0001 has no ECG\n"


def test_an_interruption_says_what_goes_on_and_ends_with_130(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stop:
        run(raising(KeyboardInterrupt()))
    assert stop.value.code == 130
    assert capsys.readouterr().err.startswith("interrupted; ")


@pytest.mark.parametrize("wrapped", [lambda error: error, by_task, by_workers])
def test_what_only_we_can_break_keeps_its_traceback(
    wrapped: Callable[[Exception], Exception],
) -> None:
    error = wrapped(AssertionError("labels and segments differ"))
    with pytest.raises(type(error)) as raised:
        run(raising(error))
    assert raised.value is error


def test_a_traceback_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLEEP_TRACEBACK", "1")
    with pytest.raises(ValueError, match="no ECG"):
        run(raising(WRONG))


def test_a_folder_comes_from_its_flag_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLEEP_STORAGE", "/data/storage")
    assert str(folder("/other", "--storage", "SLEEP_STORAGE")) == "/other"
    assert str(folder(None, "--storage", "SLEEP_STORAGE")) == "/data/storage"
    monkeypatch.delenv("SLEEP_STORAGE")
    with pytest.raises(UsageError, match="type --storage DIR, or set SLEEP_STORAGE"):
        folder(None, "--storage", "SLEEP_STORAGE")


def test_an_unknown_argument_names_its_nearest_neighbour() -> None:
    reject_unknown([], ["--folds"])
    with pytest.raises(UsageError, match="'--fold'; near it are --folds"):
        reject_unknown(["--fold=3"], ["--folds", "--seed"])
