"""The local page with a stager that only pretends, and requests as the page sends them."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from datasets.ecg import EcgRecording
from datasets.recording import UnusableRecording
from orchestration.staging.quality import Quality
from orchestration.staging.refusals import Refused
from orchestration.staging.spec import StagingSpec
from orchestration.staging.staged import StagedEcg
from orchestration.staging.web.job import ENDED
from orchestration.staging.web.serve import serving
from orchestration.staging.web.site import SiteServer
from orchestration.staging.web.turn import StagesEcg

PATIENCE_S = 20.0
TESTED = {"kappa": 0.1, "accuracy": 0.6, "floor": 0.5}
SPEC = StagingSpec(
    name="a model",
    classes=("W", "N", "R"),
    hz=64,
    segment_samples=1920,
    scaling="night",
    limit=0.0,
    before_samples=0,
    after_samples=0,
    origin={"trained_on": "12 generated nights", "scores": {"test": TESTED}},
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 100"><rect width="300" height="100" style="fill: #08f"/></svg>'  # noqa: E501
TOO_SHORT = "It lasts 2 min; at least 20 min are needed."


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def told(self) -> Any:
        return json.loads(self.body)


class FakeStaged(StagedEcg):
    """A night that writes small files."""

    def statistics(self) -> dict[str, float]:
        return {"total_sleep_minutes": 421.5, "awakenings": 3.0, "rem_latency_minutes": np.nan}

    def save(self, folder: Path | str) -> tuple[Path, ...]:
        paths = []
        for suffix, text in {"svg": SVG, "csv": "stage\nW\n", "json": "{}"}.items():
            paths.append(Path(folder, f"{self.name}_hypnogram.{suffix}"))
            paths[-1].write_text(text, encoding="utf-8")
        Path(folder, "outside.txt").symlink_to("/etc/passwd")
        return tuple(paths)


@dataclass
class FakeStager:
    """Stages what lasts long enough, one at a time, when it may."""

    spec: StagingSpec = SPEC
    may: threading.Event = field(default_factory=threading.Event)
    asked: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    def stage(self, source: EcgRecording, **options: Any) -> StagedEcg:
        self.asked.append({"name": source.name, **options})
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.may.wait(PATIENCE_S)
        self.at_once -= 1
        if source.seconds < 1200 and not options["force"]:
            raise Refused(source.name, (TOO_SHORT,))
        return FakeStaged(
            name=source.name,
            channel=source.label,
            hz=source.hz,
            start=source.start,
            seconds=source.seconds,
            output_s=options["output_s"],
            probabilities=np.full((4, 3), 1 / 3),
            quality=Quality(*[np.zeros(120, np.bool_)] * 4),
            heart=None,
            lights=(0.0, source.seconds),
            forced=(TOO_SHORT,) if source.seconds < 1200 else (),
            notes=("The unit was taken for mV.",),
            model=self.spec,
        )


def fake_reading(path: Path, channel: str, hz: float | None, unit: str) -> EcgRecording:
    """A file that begins with how many seconds it has; with anything else it is broken."""
    if path.suffix == ".hea":  # the second line begins with the name of the other
        path = path.parent / path.read_text("utf-8").splitlines()[1].split()[0]
    with path.open("rb") as file:
        text = file.read(16).split(b"\n")[0]
    if not text.isdigit():
        raise UnusableRecording(f"{path} has no readable header: found {text[:4]!r}.")
    return EcgRecording(
        name=path.stem, label=channel or "ECG", samples=np.zeros(int(text) * 10, "f4"), hz=hz or 10
    )


@contextmanager
def running(stager: StagesEcg, folder: Path, **more: Any) -> Iterator[SiteServer]:
    """The page, served by a thread."""
    with serving(stager, folder=folder, **more) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ask(
    server: SiteServer, method: str, path: str, body: Any = None, **headers: str | None
) -> Answer:
    """A request as our page would send it; a header that is None is left out."""
    sent = {"Host": server.hosts[0], "X_Token": server.token, **headers}
    connection = http.client.HTTPConnection(*server.place, timeout=PATIENCE_S)
    try:
        connection.putrequest(method, path, skip_host=True)
        content = json.dumps(body).encode() if isinstance(body, dict) else body or b""
        if method != "GET":
            sent.setdefault("Content_Length", str(len(content)))
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        for start in range(0, len(content), 1 << 16):
            connection.send(content[start : start + (1 << 16)])
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def announce(server: SiteServer, *files: tuple[str, int], **options: object) -> Any:
    answer = ask(server, "POST", "/jobs", {"files": files, "options": options})
    assert answer.status == 201, answer
    return answer.told


def upload(server: SiteServer, *files: tuple[str, bytes], **options: object) -> str:
    """Announce and send files; returns the recording's id."""
    job: str = announce(server, *((name, len(body)) for name, body in files), **options)["id"]
    for number, (_, body) in enumerate(files):
        assert ask(server, "PUT", f"/jobs/{job}/files/{number}", body).status == 200
    return job


def ended(server: SiteServer, job: str) -> Any:
    """What is told of a recording once it has come to an end."""
    return waited(lambda: told if (told := state(server, job))["state"] in ENDED else None)


def state(server: SiteServer, job: str) -> Any:
    return ask(server, "GET", f"/jobs/{job}").told


def waited(found: Callable[[], Any]) -> Any:
    """The first true answer within PATIENCE_S."""
    end = time.monotonic() + PATIENCE_S
    while not (answer := found()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return answer


def kept(server: SiteServer) -> list[str]:
    """Names of all files that lie in the folder."""
    return sorted(path.name for path in server.jobs.folder.rglob("*") if path.is_file())
