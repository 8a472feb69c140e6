"""What the page asks for, and the answers: itself, the model, and what becomes of a recording."""

import shutil
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, unquote, urlsplit

from orchestration.staging.web.about import about
from orchestration.staging.web.asked import asked
from orchestration.staging.web.guarded import Guarded
from orchestration.staging.web.jobs import Jobs
from orchestration.staging.web.loopback import LoopbackServer
from orchestration.staging.web.turn import StagesEcg
from orchestration.staging.web.uploads import BLOCK, Refusal

HERE = Path(__file__).parent
PAGE = {  # what the page is made of
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "recording.js": ("recording.js", "text/javascript; charset=utf-8"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
}
KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".zip": "application/zip"}
INERT = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"  # of a result


class SiteServer(LoopbackServer):
    """The page and the recordings that it was given."""

    def __init__(self, stager: StagesEcg, port: int, folder: Path, address: str) -> None:
        super().__init__(address, port, SiteHandler)
        self.jobs = Jobs(stager, folder)
        self.about = about(stager.spec)


class SiteHandler(Guarded):
    """What can be asked for: the page, and what becomes of a recording."""

    def respond(self) -> None:
        """Answer by the first words of the path."""
        match [self.command, *urlsplit(self.path).path.split("/")[1:]]:
            case ["GET", name] if name in PAGE:
                self._send_page(*PAGE[name])
            case ["GET", "about"]:
                self.send_json(self._of_site.about)
            case ["POST", "jobs"]:
                self._create(self.read_json())
            case ["GET", "jobs", job]:
                self.send_json(self._jobs.told(job))
            case ["PUT", "jobs", job, "files", number] if number.isascii() and number.isdigit():
                self._receive(job, int(number[:4]))
            case ["POST", "jobs", job, "again"]:
                self._jobs.again(job, asked(self.read_json()))
                self.send_json(self._jobs.told(job))
            case ["DELETE", "jobs", job]:
                self._jobs.remove(job)
                self.send_json({})
            case ["GET", "jobs", job, "files", name]:
                self._send_file(self._jobs.file(job, unquote(name)))
            case _:
                raise Refusal(HTTPStatus.NOT_FOUND, "There is nothing here.")

    @property
    def _of_site(self) -> SiteServer:
        return cast(SiteServer, self.server)

    @property
    def _jobs(self) -> Jobs:
        return self._of_site.jobs

    def _create(self, values: Mapping[str, Any]) -> None:
        """Announce a record: {"files": [[name, bytes], ...], "options": {...}}."""
        files, options = values.get("files"), values.get("options", {})
        if not isinstance(files, list) or not isinstance(options, dict):
            raise Refusal(HTTPStatus.BAD_REQUEST, "A record has files and options.")
        job = self._jobs.create([_announced(file) for file in files], asked(options))
        self.send_json(self._jobs.told(job.id), HTTPStatus.CREATED)

    def _receive(self, job: str, number: int) -> None:
        """Take a file of a record: the body is the file."""
        body = _Counted(self)
        self._jobs.receive(job, number, self.left, body)
        self.send_json(self._jobs.told(job))

    def _send_page(self, name: str, kind: str) -> None:
        content = (HERE / name).read_text(encoding="utf-8")
        sent = content.replace("{{ token }}", self.ours.token).encode()
        self.send_head(kind, len(sent))
        self.wfile.write(sent)

    def _send_file(self, path: Path) -> None:
        """A file of the results, to be saved or shown as a picture but never run as a page."""
        self.policy = INERT
        with path.open("rb") as file:
            size = path.stat().st_size
            kind = KINDS.get(path.suffix, "application/octet-stream")
            named = f"attachment; filename*=UTF-8''{quote(path.name, safe='')}"
            self.send_head(kind, size, Content_Disposition=named)
            shutil.copyfileobj(file, self.wfile, BLOCK)


class _Counted:
    """A request's body that counts down what is left of it."""

    def __init__(self, handler: Guarded) -> None:
        self._handler = handler

    def read1(self, size: int, /) -> bytes:
        """What has come, at most so many bytes."""
        block = self._handler.rfile.read1(size)
        self._handler.left -= len(block)
        return block


def _announced(file: Any) -> tuple[str, int]:
    match file:
        case [str(name), int(size)] if 0 < len(name) < 1024 and size is not True:
            return name, size
    raise Refusal(HTTPStatus.BAD_REQUEST, "A file has a name and a number of bytes.")
