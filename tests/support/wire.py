"""HTTP/1.1 byte by byte, both ends: a client that sends anything, a server that keeps everything.

Real clients refuse to send what a hostile one sends, and real servers do not tell what they read.
"""

import contextlib
import json
import socket
import socketserver
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import Any
from urllib.parse import urlsplit

SECONDS = 10.0

Lines = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Message:
    """A request or response: its first line, its header lines (names in lower case), its body."""

    start: str
    lines: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def status(self) -> int:
        """The status code of a response."""
        return int(self.start.split(" ")[1])

    @property
    def path(self) -> str:
        """The target of a request."""
        return self.start.split(" ")[1]

    @property
    def names(self) -> set[str]:
        """The names of all headers."""
        return {name for name, _ in self.lines}

    def all(self, name: str) -> list[str]:
        """The values of a header, in order."""
        return [value for key, value in self.lines if key == name]

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


def request(method: str, target: str, lines: Lines = (), body: bytes | None = None) -> bytes:
    """The bytes of a request. `lines` may name host or the length themselves, else they are added;
    values are Latin-1."""
    names = {name.lower() for name, _ in lines}
    every = [*(() if "host" in names else (("host", "127.0.0.1:80"),)), *lines]
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        every.append(("content-length", str(len(body))))
    head = "".join(f"{name}: {value}\r\n" for name, value in every)
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (body or b"")


class Connection:
    """One connection to a server."""

    def __init__(self, url: str) -> None:
        """Connects to the host and port of `url`."""
        address = urlsplit(url)
        assert address.hostname is not None
        self._socket = socket.create_connection((address.hostname, address.port or 80), SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reading = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        """Sends bytes as they are; what the server no longer takes is lost."""
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(data)

    def reply(self, method: str = "POST") -> Message | None:
        """The next response, to a request with this method; None when the server has closed."""
        try:
            return read_message(self._reading, bodiless=method == "HEAD")
        except ConnectionError:
            return None

    def ask(self, data: bytes) -> Message:
        """Sends a request and returns its response; the method is that of the first line."""
        self.send(data)
        reply = self.reply(data.split(b" ", 1)[0].decode("latin-1"))
        assert reply is not None, "the server closed the connection"
        return reply

    def read(self, count: int) -> bytes:
        """The next bytes as they are, fewer only if the server has closed."""
        return self._reading.read(count)

    def close(self) -> None:
        """Closes the connection at once."""
        self._reading.close()
        self._socket.close()


@contextlib.contextmanager
def connected(url: str) -> Generator[Connection]:
    """A connection for the length of the block."""
    connection = Connection(url)
    try:
        yield connection
    finally:
        connection.close()


def read_message(stream: BufferedIOBase, *, bodiless: bool = False) -> Message | None:
    """One whole message, or None at the end of the stream."""
    start = stream.readline()
    if not start.endswith(b"\r\n"):
        return None
    lines: list[tuple[str, str]] = []
    while (line := stream.readline()) not in {b"\r\n", b""}:
        name, _, value = line.decode("latin-1").partition(":")
        lines.append((name.lower(), value.strip()))
    first = start.decode("latin-1").rstrip("\r\n")
    if bodiless or first.startswith(("HTTP/1.1 204", "HTTP/1.1 304", "HTTP/1.1 1")):
        return Message(first, tuple(lines), b"")
    return Message(first, tuple(lines), _body(stream, dict(lines), first))


def _body(stream: BufferedIOBase, headers: dict[str, str], first: str) -> bytes:
    if headers.get("transfer-encoding") == "chunked":
        return b"".join(_chunks(stream))
    if "content-length" in headers:
        return stream.read(int(headers["content-length"]))
    return stream.read() if first.startswith("HTTP/") else b""


def _chunks(stream: BufferedIOBase) -> Generator[bytes]:
    while size := int(stream.readline() or b"0", 16):
        yield stream.read(size)
        stream.readline()
    stream.readline()


@dataclass
class Capture:
    """A server that answers every request with `answer`, as JSON, and keeps what it was asked.

    An upgraded connection is an echo.
    """

    url: str
    answer: Any
    requests: list[Message] = field(default_factory=list[Message])

    def take(self) -> list[Message]:
        """The requests since the last time; one that has been answered is certainly in it."""
        taken = list(self.requests)
        self.requests.clear()
        return taken


@contextlib.contextmanager
def capturing(answer: Any) -> Generator[Capture]:
    """A `Capture` on a free port of loopback."""
    capture = Capture("", answer)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):
                while (message := read_message(self.rfile)) is not None:
                    capture.requests.append(message)
                    if "upgrade" in message.names:
                        self.echo()
                        return
                    body = json.dumps(capture.answer).encode()
                    head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
                    self.wfile.write(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body)

        def echo(self) -> None:
            upgrade = b"connection: upgrade\r\nupgrade: websocket\r\n\r\n"
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade)
            while data := self.connection.recv(4096):
                self.wfile.write(data)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        capture.url = f"http://127.0.0.1:{server.server_address[1]}/mcp"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield capture
        finally:
            server.shutdown()
            thread.join()
