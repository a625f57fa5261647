"""A model server that tells its metrics as a test says, and notes who asked."""

import asyncio
import contextlib
from dataclasses import dataclass, field

HEAD = "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{more}\r\n"


def vllm(running: int = 0, waiting: int = 0) -> str:
    return f"vllm:num_requests_running 0{running}\nvllm:num_requests_waiting 0{waiting}\n"


@dataclass
class MetricsServer:
    """Answers with `text`, once `answers` is set if there is one; never where `hangs`. `most` is
    how many questions it had at a time."""

    text: str = field(default_factory=vllm)
    status: int = 200
    more: str = ""
    hangs: bool = False
    closes: bool = False
    answers: asyncio.Event | None = None
    asked: list[str] = field(default_factory=list[str])
    connections: int = 0
    most: int = 0
    port: int = 0
    _open: int = 0
    _server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self._open += 1
                self.most = max(self.most, self._open)
                self.asked.append(head.decode())
                if self.hangs:
                    await reader.read()
                if self.answers is not None:
                    await self.answers.wait()
                self._open -= 1
                body = self.text.encode()
                start = HEAD.format(status=self.status, length=len(body), more=self.more)
                writer.write(start.encode() + body)
                await writer.drain()
                if self.closes:
                    break
        writer.close()
