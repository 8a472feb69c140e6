"""The doctor's command: one line a check, in seconds, whatever is missing."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import ray

from orchestration import doctor, forecast
from orchestration.checks import FAIL, OK, WARN, Check
from orchestration.cli import UsageError
from orchestration.diagnosis import _answers, _reach, diagnose
from orchestration.doctor import doctor_arguments

ray_used = pytest.mark.usefixtures("ray_session")


def checks_of(*argv: str) -> dict[str, Check]:
    """All checks by name."""
    given = doctor_arguments([*argv, "--runtime.gpus", "0"])
    asked = (given.sweep, given.with_recordings, given.nights, given.hours, given.timing)
    return {check.name.split()[0]: check for check in diagnose(*asked)}


@pytest.fixture
def cancelled(monkeypatch: pytest.MonkeyPatch) -> list[ray.ObjectRef[object]]:
    """The tasks that were to be cancelled, which go on."""
    asked: list[ray.ObjectRef[object]] = []
    monkeypatch.setattr(ray, "cancel", asked.append)
    return asked


@pytest.mark.ray
@ray_used
def test_a_sound_setup_passes_and_is_timed(
    cohort: Path, tmp_path: Path, cancelled: list[ray.ObjectRef[object]]
) -> None:
    flags = ["--plan", "smoke", "--recordings", str(cohort), "--storage", str(tmp_path)]
    found = checks_of(*flags)
    assert not cancelled  # of a task that has just answered it can end the whole process
    assert not [check for check in found.values() if check.state == FAIL]
    assert list(found) == [
        *("versions", "storage", "recordings", "nights", "cluster", "resources", "node"),
        *("folds", "search", "phases", "steps", "disk", "pace", "hours"),
    ]
    assert "10 in" in found["recordings"].text
    assert found["phases"].text == "22 at most, 17 at best: 2 teacher, 6 attention, 14 final"
    assert "training run(s) at a time" in found["hours"].text
    assert all("\n" not in str(check) for check in found.values())


@pytest.mark.ray
@ray_used
def test_a_worker_that_is_not_free_in_time_is_let_go(
    cohort: Path,
    tmp_path: Path,
    cancelled: list[ray.ObjectRef[object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forecast, "WAIT_S", 0.0)
    found = checks_of("--plan", "smoke", "--recordings", str(cohort), "--storage", str(tmp_path))
    assert (found["pace"].state, len(cancelled)) == (WARN, 1)
    assert "no worker was free" in found["pace"].text
    ray.get(cancelled)  # so that no test after this waits for it


@pytest.mark.ray
@ray_used
def test_without_recordings_it_estimates_for_stated_nights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLEEP_RECORDINGS", raising=False)
    found = checks_of("--storage", str(tmp_path), "--no-timing")
    assert found["nights"].text.startswith("200 nights, 0 ingested; 192,000 segments")
    assert "hours" not in found
    few = checks_of("--storage", str(tmp_path), "--no-timing", "--nights", "20", "--hours", "4")
    assert few["nights"].text.startswith("20 nights, 0 ingested; 9,600 segments")


@pytest.mark.ray
@ray_used
def test_what_fails_does_not_hide_the_rest(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    flags = ["--plan", "smoke", "--recordings", str(tmp_path), "--runtime.workers", "3"]
    found = checks_of(*flags, "--storage", str(tmp_path / "file" / "storage"))
    failed = [check.name for check in found.values() if check.state == FAIL]
    assert failed == ["storage", "recordings", "resources"]
    assert found["folds"].state == OK
    assert "hours" not in found  # a worker that never fits is not waited for


@pytest.mark.ray
@ray_used
def test_the_exit_code_says_that_something_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--plan", "smoke", "--storage", str(tmp_path), "--nights", "2", "--no-timing"]
    monkeypatch.setattr("sys.argv", ["doctor", *flags])
    with pytest.raises(SystemExit) as end:
        doctor.main()
    assert end.value.code == 2
    said = capsys.readouterr()
    assert "FAIL  folds       2 people are too few" in said.out
    assert "1 of these checks failed" in said.err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--nights", "0"], "both must be above 0"),
        (["--nights", "many"], "--nights: invalid int value: 'many'"),
        (["--plan", "smok"], "no plan 'smok'"),
        (["--trails", "3"], "Unknown argument '--trails'"),
    ],
)
def test_a_wrong_flag_is_one_line(argv: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as error:
        doctor_arguments([*argv, "--storage", "out"])
    assert "\n" not in str(error.value)


@pytest.fixture(params=[200, 401])
def dashboard(request: pytest.FixtureRequest) -> Iterator[tuple[str, bool]]:
    """A server that answers all, or nobody without a token; its URL, and which."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server calls
            self.send_response(request.param)
            self.end_headers()

        def log_message(self, format: str, *values: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/version", request.param == 200
    server.shutdown()
    server.server_close()


def test_a_dashboard_that_answers_without_a_token_is_told_from_one_that_does_not(
    dashboard: tuple[str, bool],
) -> None:
    url, open_ = dashboard
    assert _answers(url) is open_


def test_a_cluster_that_is_not_there_is_told_at_once(dashboard: tuple[str, bool]) -> None:
    address = dashboard[0].split("/")[2]
    for reachable in (address, f"ray://{address}", "auto", "local", ""):
        _reach(reachable)
    with pytest.raises(ConnectionError, match=r"nobody answers at RAY_ADDRESS=127\.0\.0\.1:1 "):
        _reach("127.0.0.1:1")
