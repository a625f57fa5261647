"""HTTP/1.1 servers in threads of the test process, on loopback, plain or over TLS."""

import contextlib
import socketserver
import ssl
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

from typing_extensions import override

from tests.support.certificates import Pair
from tests.support.tls import server_context

IDLE_SECONDS = 5.0


class Handler(BaseHTTPRequestHandler):
    """A silent HTTP/1.1 handler; subclasses have `do_GET` and the like."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm: ClassVar[bool] = True  # pyright: ignore[reportIncompatibleVariableOverride]

    @override
    def log_message(self, format: str, *args: Any) -> None:
        del format, args

    def body(self) -> bytes:
        """The request's body, whole."""
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", "0")))
        pieces: list[bytes] = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size + 2)[:-2])
        self.rfile.readline()
        return b"".join(pieces)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """One whole answer; underscores in header names stand for hyphens."""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, handler: type[Handler], port: int, context: ssl.SSLContext | None) -> None:
        self._context = context
        self.allow_reuse_address = True
        super().__init__(("127.0.0.1", port), handler)

    @override
    def finish_request(self, request: Any, client_address: Any) -> None:
        """The TLS handshake happens in the connection's own thread, so that none blocks others."""
        if self._context is None:
            super().finish_request(request, client_address)
            return
        with (
            contextlib.suppress(OSError),
            self._context.wrap_socket(request, server_side=True) as secured,
        ):
            super().finish_request(secured, client_address)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that goes away in the middle is no failure of the test."""
        del request, client_address


@contextlib.contextmanager
def serving(
    handler: type[Handler], *, port: int = 0, tls: Pair | ssl.SSLContext | None = None
) -> Generator[str]:
    """The `host:port` of a server that runs `handler` for the length of the block."""
    context = server_context(tls) if isinstance(tls, Pair) else tls
    with _Server(handler, port, context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
