"""An HTTP server for this computer only: few connections, and slow ones make room for others."""

import os
import secrets
import socket
import socketserver
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ADDRESSES = ("127.0.0.1", "::1")
MOST_PORT = 65535
CONNECTIONS = 32
HEAD_S = 10.0  # within which a request's head must be there
BUSY = b"HTTP/1.0 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"


class LoopbackServer(ThreadingHTTPServer):
    """One thread a connection, at most CONNECTIONS of them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    allow_reuse_address = os.name == "posix"  # elsewhere another program could take the port too

    def __init__(self, address: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        if address not in ADDRESSES:
            raise ValueError(
                f"{address!r} is no loopback address; allowed are {ADDRESSES}. The page is for "
                "this computer only; from another one, reach it through an SSH tunnel."
            )
        if not 0 <= port <= MOST_PORT:
            raise ValueError(
                f"The port is {port}; allowed are 1 to {MOST_PORT}, and 0 for any that is free."
            )
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.token = secrets.token_urlsafe(32)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._unheard: dict[socket.socket, float] = {}  # when each came, the oldest first
        super().__init__((address, port), handler)
        names = [f"[{address}]" if ":" in address else address, "localhost"]
        self.hosts = [f"{name}:{self.server_port}" for name in names]
        if self.server_port == 80:  # which browsers leave out
            self.hosts += names

    def server_bind(self) -> None:
        """Bind without looking up our own name: that may ask another computer."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    @property
    def place(self) -> tuple[str, int]:
        """Address and port."""
        return self.server_name, self.server_port

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{self.hosts[0]}/"

    @property
    def connections(self) -> int:
        """How many are open."""
        with self._lock:
            return len(self._open)

    def heard(self, connection: socket.socket) -> None:
        """The head of a connection's request is there: it may take its time from now on."""
        with self._lock:
            self._unheard.pop(connection, None)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread; where all are taken, who has said nothing for longest leaves."""
        with self._lock:
            if len(self._open) >= CONNECTIONS and self._unheard:
                oldest = next(iter(self._unheard))
                del self._unheard[oldest]
                self._open.discard(oldest)
                _hang_up(oldest)
            free = len(self._open) < CONNECTIONS
            if free:
                self._open.add(request)
                self._unheard[request] = time.monotonic()
        if free:
            super().process_request(request, client_address)
            return
        with suppress(OSError):
            request.setblocking(False)
            request.send(BUSY)
        self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that ends."""
        with self._lock:
            self._open.discard(request)
            self._unheard.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Twice a second: hang up on who began a request and does not end it."""
        now = time.monotonic()
        with self._lock:
            late = [one for one, came in self._unheard.items() if now - came > HEAD_S]
            for connection in late:
                del self._unheard[connection]
                _hang_up(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is nothing to tell; other errors the handler has logged."""


def _hang_up(connection: socket.socket) -> None:
    """End a connection whose thread waits for it; that thread closes it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
