"""An upstream that answers whatever the test says, also what no real server would.

with raw_backend(lambda request: Reply(200, [("content-type", "text/html")], [b"<p>"])) as raw:
    raw.url, raw.seen
"""

import contextlib
import socket
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field

from typing_extensions import override

from tests.support.echo import Seen
from tests.support.http_server import Handler, serving


@dataclass(frozen=True)
class Reply:
    """An answer. `pieces` are sent one by one as chunks, each at once; with `drop` the connection
    breaks after them, in the middle of the body. 204 and 304 have no body."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    pieces: Iterable[bytes] = ()
    drop: bool = False


@dataclass
class RawBackend:
    """A running upstream. `answer` may be exchanged while it runs."""

    answer: Callable[[Seen], Reply]
    url: str = ""
    seen: list[Seen] = field(default_factory=list[Seen])

    connections: list[socket.socket] = field(default_factory=list[socket.socket])

    def hang_up(self) -> None:
        """Ends every connection, as the end of a process would."""
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def address(self) -> str:
        """The "ip:port" that it listens on."""
        return self.url.split("/")[2]


@contextlib.contextmanager
def raw_backend(answer: Callable[[Seen], Reply], port: int = 0) -> Generator[RawBackend]:
    """The upstream for the length of the block."""
    backend = RawBackend(answer)

    class Raw(Handler):
        @override
        def setup(self) -> None:
            super().setup()
            backend.connections.append(self.connection)

        def _serve(self) -> None:
            lines = tuple((name.lower(), value) for name, value in self.headers.items())
            seen = Seen(self.command, self.path, lines, self.body())
            backend.seen.append(seen)
            try:
                self._send(backend.answer(seen))
            except OSError:  # the other side left, or `answer` wants the connection to end here
                self.close_connection = True

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815  the names that http.server looks for

        def _send(self, reply: Reply) -> None:
            self.send_response_only(reply.status)
            for line in reply.headers:
                self.send_header(*line)
            bodiless = reply.status in {204, 304}
            if not bodiless:
                self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for piece in () if bodiless else reply.pieces:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            if reply.drop:
                self.close_connection = True
            elif not bodiless:
                self.wfile.write(b"0\r\n\r\n")

    with serving(Raw, port=port) as address:
        backend.url = f"http://{address}/mcp"
        try:
            yield backend
        finally:
            backend.hang_up()
