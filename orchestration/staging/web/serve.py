"""A page on this computer: drop a recording on it, see the night, download its files.

`serve(stager)` answers at a loopback address until Ctrl-C. Uploads and results lie in a temporary
folder that nobody else can read and that is deleted at the end.
"""

import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.staging.web.site import SiteServer
from orchestration.staging.web.turn import StagesEcg


def serve(
    stager: StagesEcg, port: int = 0, folder: Path | None = None, address: str = "127.0.0.1"
) -> None:
    """Serve the page until Ctrl-C (or SIGTERM); print where it is.

    Args:
        port: of the page, 0 to 65535; 0 takes a free one.
        folder: where the temporary folder is made; the system's own place if left out.
        address: "127.0.0.1" or "::1"; others are refused.

    Raises:
        ValueError: the address or the port is not allowed.
        OSError: the port is taken.
    """
    with serving(stager, port, folder, address) as server, _stopped_by(signal.SIGTERM):
        try:
            print(f"Stage a night at {server.url} (Ctrl-C ends it)", flush=True)
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nEnded; what was uploaded and staged is deleted.")


@contextmanager
def serving(
    stager: StagesEcg, port: int = 0, folder: Path | None = None, address: str = "127.0.0.1"
) -> Iterator[SiteServer]:
    """A server that listens and must be run; afterwards nothing is left of its folder."""
    place = Path(tempfile.mkdtemp(prefix="staging-", dir=folder))  # of mode 700
    try:
        server = SiteServer(stager, port, place, address)
        try:
            yield server
        finally:
            server.server_close()
            server.jobs.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _stopped_by(number: signal.Signals) -> Iterator[None]:
    """A signal ends the block as Ctrl-C does; only the main thread may ask for that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(number, before)
