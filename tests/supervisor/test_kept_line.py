import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.supervisor.kept_line import KeptLine, LineError
from tests.support.certificates import Authority

OK = b"HTTP/1.1 200 OK\r\n"
FOUR = OK + b"content-length: 4\r\n\r\nbusy"


class Server:
    """Sends one of `answers` for each question, and closes where it is told to."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.closes = False
        self.questions: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None

    async def open(self, context: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.questions.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(self.answers.pop(0))
                await writer.drain()
                if self.closes:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def line(server: Server) -> AsyncIterator[KeptLine]:
    url = f"http://127.0.0.1:{server.port}/metrics?all=1"
    made = KeptLine(url, {"accept": "text/plain"}, None, "", 100)
    yield made
    made.close()


async def test_a_question_names_the_server_its_path_and_its_headers(
    server: Server, line: KeptLine
) -> None:
    server.answers = [FOUR]
    assert await line.get() == b"busy"
    assert server.questions == [
        b"GET /metrics?all=1 HTTP/1.1\r\n"
        b"host: 127.0.0.1:%d\r\naccept: text/plain\r\n\r\n" % server.port
    ]


async def test_a_connection_is_kept_between_questions(server: Server, line: KeptLine) -> None:
    server.answers = [FOUR] * 3
    assert [await line.get() for _ in range(3)] == [b"busy"] * 3
    assert server.connections == 1


async def test_one_that_the_server_closes_after_each_answer_is_made_anew(
    server: Server, line: KeptLine
) -> None:
    server.answers, server.closes = [FOUR] * 3, True
    assert [await line.get() for _ in range(3)] == [b"busy"] * 3
    assert server.connections == 3


async def test_a_server_that_says_it_closes_is_not_asked_on_that_connection(
    server: Server, line: KeptLine
) -> None:
    server.answers = [FOUR.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")] * 2
    assert [await line.get() for _ in range(2)] == [b"busy"] * 2
    assert server.connections == 2


async def test_an_answer_in_chunks_is_read_whole(server: Server, line: KeptLine) -> None:
    server.answers = [OK + b"transfer-encoding: chunked\r\n\r\n2\r\nbu\r\n2\r\nsy\r\n0\r\n\r\n"] * 2
    assert [await line.get() for _ in range(2)] == [b"busy"] * 2
    assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 503 no\r\ncontent-length: 0\r\n\r\n", "status 503"),
        (OK + b"content-encoding: gzip\r\ncontent-length: 1\r\n\r\nx", "encoding"),
        (OK + b"content-length: 101\r\n\r\n" + b"x" * 101, "more than 100 bytes"),
        (b"SSH-2.0-x\r\n\r\n", "no HTTP"),
        (OK + b"x: " + b"y" * 200_000 + b"\r\n\r\n", "no HTTP"),
    ],
    ids=["status", "encoding", "long", "other protocol", "long head"],
)
async def test_what_is_no_answer_is_refused_and_the_next_question_gets_its_own(
    server: Server, line: KeptLine, answer: bytes, says: str
) -> None:
    server.answers = [answer, FOUR]
    with pytest.raises(LineError, match=says):
        await line.get()
    assert await line.get() == b"busy"


async def test_half_an_answer_is_none(server: Server, line: KeptLine) -> None:
    server.answers, server.closes = [OK + b"content-length: 9\r\n\r\nhalf"], True
    with pytest.raises(LineError, match="no HTTP"):
        await line.get()


async def test_a_server_that_never_says_anything_is_asked_once(
    server: Server, line: KeptLine
) -> None:
    server.answers, server.closes = [b"", b""], True
    with pytest.raises(LineError, match="closed"):
        await line.get()
    assert server.connections == 1


async def test_a_question_that_is_given_up_leaves_nothing_for_the_next(
    server: Server, line: KeptLine
) -> None:
    server.answers = [FOUR, OK + b"content-length: 4\r\n\r\n", FOUR]
    assert await line.get() == b"busy"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await line.get()
    assert await line.get() == b"busy"


@pytest.mark.parametrize(("name", "trusted"), [("gpu.internal", True), ("other.internal", False)])
async def test_a_server_must_have_the_certificate_of_its_name(
    tmp_path: Path, name: str, trusted: bool
) -> None:
    authority = Authority(tmp_path)
    pair = authority.server("gpu.internal")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server = Server()
    await server.open(context)
    server.answers = [FOUR]
    line = KeptLine(
        f"https://127.0.0.1:{server.port}/metrics",
        {},
        ssl.create_default_context(cafile=str(authority.ca)),
        name,
        100,
    )
    try:
        if trusted:
            assert await line.get() == b"busy"
        else:
            with pytest.raises(ssl.SSLCertVerificationError):
                await line.get()
    finally:
        line.close()
        await server.close()
