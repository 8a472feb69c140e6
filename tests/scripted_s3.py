"""An S3 server on this machine's loopback that answers as it is told; it holds one object."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

OK = (200, b"")
LOST = (0, b"")  # the object is written, and nobody is told
# As AWS answers, by the Condition in its body, and as MinIO does, without one.
EXISTS = (
    412,
    b"<Error><Code>PreconditionFailed</Code><Message>At least one of the pre-conditions you "
    b"specified did not hold</Message><Condition>If-None-Match</Condition></Error>",
)
EXISTS_MINIO = (412, EXISTS[1].replace(b"<Condition>If-None-Match</Condition>", b""))
CONFLICT = (
    409,
    b"<Error><Code>ConditionalRequestConflict</Code><Message>The conditional request cannot "
    b"succeed due to a conflicting operation against this resource.</Message></Error>",
)
REFUSED = (403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")


class Script:
    """What is answered to PUTs, one after another, and what GETs find; b"" is no object."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.held = b""


@contextmanager
def scripted_s3() -> Iterator[tuple[str, Script]]:
    """The server's URL and its script."""
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["If-None-Match"] == "*"
            answer = script.answers.pop(0)
            if answer in (OK, LOST):
                script.held = body
            if answer == LOST:
                self.close_connection = True
                return
            self._answer(*answer)

        def do_GET(self) -> None:
            self._answer(200, script.held) if script.held else self._answer(404, b"")

        def do_HEAD(self) -> None:
            self.do_GET()

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
