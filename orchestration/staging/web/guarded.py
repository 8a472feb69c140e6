"""What every request to the local page must show, and what every answer to it carries.

A page of another site must neither read from here nor make this computer do anything: the Host is
ours (or names could be rebound to this address), the Origin is ours, and what changes something
carries the token that only our page knows.
"""

import hmac
import json
import logging
import socket
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

from orchestration.staging.web.loopback import LoopbackServer
from orchestration.staging.web.uploads import BLOCK, Refusal

LOGGER = logging.getLogger(__name__)
STILL_S = 30.0  # for which a body or an answer may stand still
DRAIN_S = 3.0  # for which a body is still read once it is answered
LONGEST_JSON = 64 * 1024  # bytes
TOKEN = "X-Token"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Connection": "close",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guarded(BaseHTTPRequestHandler):
    """Checks a request, answers it by `respond`, and says in plain words why it does not."""

    timeout = STILL_S
    policy = POLICY
    left = 0  # bytes of the body that were not read

    def respond(self) -> None:
        """Answer a request that has passed."""
        raise NotImplementedError

    def parse_request(self) -> bool:
        """Read the head, then let the server know that it is there."""
        parsed = super().parse_request()
        self.ours.heard(self.connection)
        return parsed

    def answer(self) -> None:
        """Check, respond; what goes wrong becomes an answer too."""
        try:
            self.check()
            self.respond()
        except Refusal as refusal:
            self.send_json({"error": str(refusal)}, refusal.status)
        except OSError:  # the browser has gone
            self.close_connection = True
        except Exception:
            LOGGER.exception("%s failed", self.command)
            self.send_json({"error": "This failed. The terminal says why."}, 500)
        if self.command != "GET":
            self._drain()

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - names that http.server calls

    @property
    def ours(self) -> LoopbackServer:
        """The server."""
        return cast(LoopbackServer, self.server)

    def check(self) -> None:
        """Refuse who is not our own page on this computer."""
        self.left = self._length()
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.ours.hosts:
            raise Refusal(
                HTTPStatus.MISDIRECTED_REQUEST, f"This page is at {self.ours.url} and only there."
            )
        origins = self.headers.get_all("Origin", [])
        site = self.headers.get("Sec-Fetch-Site", "none")
        foreign = any(origin != f"http://{hosts[0].lower()}" for origin in origins)
        if foreign or (site not in ("same-origin", "none") and self.path != "/"):
            raise Refusal(HTTPStatus.FORBIDDEN, "Only this page itself may ask for that.")
        token = self.headers.get(TOKEN, "").encode()
        if self.command != "GET" and not hmac.compare_digest(token, self.ours.token.encode()):
            raise Refusal(HTTPStatus.FORBIDDEN, "The page is out of date. Reload it.")

    def _length(self) -> int:
        """Bytes of the body as the browser tells them."""
        told = self.headers.get_all("Content-Length", [])
        if self.headers.get("Transfer-Encoding") or (self.command in ("PUT", "POST") and not told):
            raise Refusal(HTTPStatus.LENGTH_REQUIRED, "The length of the body must be told.")
        if len(told) > 1 or not all(one.isascii() and one.isdigit() for one in told):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Content-Length is {told}; give one number.")
        return int(told[0][:19]) if told else 0

    def read_json(self) -> dict[str, Any]:
        """The body, an object; `{}` where there is none."""
        if self.left > LONGEST_JSON:
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is too long for a question.")
        body = self.rfile.read(self.left)
        self.left = 0
        try:
            values = json.loads(body or b"{}")
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            raise Refusal(HTTPStatus.BAD_REQUEST, "The question is no JSON object.")
        return values

    def send_json(self, values: object, status: int = 200) -> None:
        """Answer with JSON."""
        content = json.dumps(values, allow_nan=False).encode()
        self.send_head("application/json", len(content), status=status)
        self.wfile.write(content)

    def send_head(self, kind: str, size: int, *, status: int = 200, **more: str) -> None:
        """The answer's head; `more` are headers with _ for -."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def end_headers(self) -> None:
        """Every answer carries HEADERS, those of http.server's own errors too."""
        for name, value in {**HEADERS, "Content-Security-Policy": self.policy}.items():
            self.send_header(name, value)
        super().end_headers()

    def version_string(self) -> str:
        """What the Server header says."""
        return "stage"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the names of what a person asks for are nobody's business."""

    def _drain(self) -> None:
        """Take what still comes until the browser closes: a reset would hide our answer."""
        ends = time.monotonic() + DRAIN_S
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(DRAIN_S)
            while time.monotonic() < ends and self.rfile.read1(BLOCK):
                pass
