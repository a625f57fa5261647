"""Tools as servers of every revision list them, and servers that misbehave."""

import json
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.mcp_tools import MAX_BYTES, MAX_PAGES, ToolListError, ToolServer, list_tools
from gateway.model.jsonvalue import JsonObject
from tests.support.backends import python_backend
from tests.support.certificates import Authority
from tests.support.echo import Seen
from tests.support.http_server import Handler, serving
from tests.support.raw_backend import RawBackend, Reply, raw_backend

SEARCH: JsonObject = {"name": "search", "inputSchema": {"type": "object"}}
PLAIN = [("content-type", "application/json")]
EVENTS = [("content-type", "text/event-stream")]
QUICKLY = 2.0

Answer = Callable[[dict[str, Any]], Any]


def replying(result: Answer, headers: Any = PLAIN) -> Callable[[Seen], Reply]:
    """Answers each message with what `result` makes of it."""

    def reply(seen: Seen) -> Reply:
        message: dict[str, Any] = json.loads(seen.body)
        body = {"jsonrpc": "2.0", "id": message.get("id"), "result": result(message)}
        return Reply(200, headers, [json.dumps(body).encode()])

    return reply


def saying(*pieces: bytes, headers: Any = PLAIN, status: int = 200) -> Callable[[Seen], Reply]:
    return lambda _: Reply(status, headers, pieces)


def message_of(value: Any, ident: Any = 1) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": ident, "result": value}).encode()


def server(backend: RawBackend, **more: Any) -> ToolServer:
    return ToolServer(backend.address, "/mcp", **more)


@contextmanager
def answering(answer: Callable[[Seen], Reply]) -> Generator[RawBackend]:
    with raw_backend(answer) as backend:
        yield backend


async def refused(answer: Callable[[Seen], Reply], patience: float = QUICKLY) -> str:
    with answering(answer) as backend, pytest.raises(ToolListError) as found:
        await list_tools(server(backend), patience)
    return str(found.value)


@pytest.mark.parametrize("options", [{}, {"stateless": True}, {"json_response": True}])
async def test_a_real_server_tells_its_tools(tmp_path: Path, options: Any) -> None:
    with python_backend(tmp_path, **options) as backend:
        found = await list_tools(ToolServer(f"127.0.0.1:{backend.port}", "/mcp"))
    assert [one["name"] for one in found] == ["echo", "delete", "whoami"]


async def test_a_server_is_asked_as_envoy_would_ask_it() -> None:
    with answering(replying(lambda _: {"tools": [SEARCH]})) as backend:
        credential = ("authorization", "Bearer own")
        asked = server(backend, host="tracker.example", header=credential)
        assert await list_tools(asked) == [SEARCH]
        (seen,) = backend.seen
    lines = dict(seen.headers)
    assert (seen.method, seen.path) == ("POST", "/mcp")
    assert lines["host"] == "tracker.example"
    assert lines["authorization"] == "Bearer own"
    assert (lines["mcp-protocol-version"], lines["mcp-method"]) == ("2026-07-28", "tools/list")
    assert "own" not in repr(asked)


async def test_all_pages_are_read() -> None:
    pages: dict[Any, Any] = {
        None: ([SEARCH], "a"),
        "a": ([], "b"),
        "b": ([{**SEARCH, "name": "last"}], None),
    }

    def page(message: dict[str, Any]) -> Any:
        tools, more = pages[message["params"].get("cursor")]
        return {"tools": tools, **({"nextCursor": more} if more else {})}

    with answering(replying(page)) as backend:
        found = await list_tools(server(backend))
    assert [one["name"] for one in found] == ["search", "last"]


def legacy(seen: Seen) -> Reply:
    """A server of 2025-11-25 with sessions."""
    lines = dict(seen.headers)
    if seen.method == "DELETE":
        return Reply(204)
    message: dict[str, Any] = json.loads(seen.body)
    if message["method"] == "initialize":
        about = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "x"}}
        return Reply(200, [*PLAIN, ("mcp-session-id", "s1")], [message_of(about, message["id"])])
    if lines.get("mcp-session-id") != "s1" or lines["mcp-protocol-version"] != "2025-06-18":
        return Reply(400, PLAIN, [b"{}"])
    if message["method"] == "notifications/initialized":
        return Reply(202)
    return Reply(200, PLAIN, [message_of({"tools": [SEARCH]}, message["id"])])


async def test_a_server_with_sessions_is_shaken_hands_with_and_left() -> None:
    with answering(legacy) as backend:
        assert await list_tools(server(backend)) == [SEARCH]
        last = backend.seen[-1]
    assert last.method == "DELETE"
    assert dict(last.headers)["mcp-session-id"] == "s1"


async def test_an_answer_in_events_is_found_among_others() -> None:
    note = b'data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n'
    pieces = (b": hello\n\n", note, b"data: " + message_of({"tools": [SEARCH]}) + b"\n\n")
    with answering(saying(*pieces, headers=EVENTS)) as backend:
        assert await list_tools(server(backend)) == [SEARCH]


async def test_a_stream_that_goes_on_after_the_answer_is_not_waited_for() -> None:
    released = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"data: " + message_of({"tools": []}) + b"\n\n"
        released.wait(QUICKLY)

    with answering(lambda _: Reply(200, EVENTS, pieces())) as backend:
        assert await list_tools(server(backend), QUICKLY / 2) == []
        released.set()


WRONG: dict[str, tuple[Callable[[Seen], Reply], str]] = {
    "unauthenticated": (saying(b"{}", status=401), "credential"),
    "denied": (saying(b"{}", status=403), "credential"),
    "broken": (saying(b"{}", status=500), "HTTP 500"),
    "elsewhere": (saying(headers=[("location", "http://127.0.0.1:1/")], status=302), "HTTP 302"),
    "a page": (saying(b"<p>", headers=[("content-type", "text/html")]), "neither JSON nor events"),
    "no JSON": (saying(b"not json"), "strict JSON"),
    "two ids": (saying(b'{"id":1,"id":1}'), "strict JSON"),
    "a batch": (saying(b"[]"), "no message"),
    "coded": (saying(b"x", headers=[*PLAIN, ("content-encoding", "gzip")]), "coding"),
    "a number in events": (saying(b"data: 7\n\n", headers=EVENTS), "no message"),
    "empty events": (saying(b": nothing\n\n", headers=EVENTS), "ends before"),
    "no list": (replying(lambda _: {"tools": {}}), "list of tools"),
    "numbers": (replying(lambda _: {"tools": [7]}), "list of tools"),
    "no cursor": (replying(lambda _: {"tools": [], "nextCursor": 7}), "go on"),
    "a circle": (replying(lambda _: {"tools": [], "nextCursor": "same"}), "go on"),
}


@pytest.mark.parametrize("how", WRONG)
async def test_what_cannot_be_understood_is_told_without_a_quote(how: str) -> None:
    answer, why = WRONG[how]
    assert why in await refused(answer)


async def test_a_list_without_an_end_is_left() -> None:
    count = iter(range(10_000))
    answer = replying(lambda _: {"tools": [], "nextCursor": str(next(count))})
    assert f"{MAX_PAGES} pages" in await refused(answer, 60)


async def test_a_server_that_says_too_much_is_left() -> None:
    page = {"tools": [{"name": "x", "description": "y" * 1_000_000}]}
    count = iter(range(10_000))
    answer = replying(lambda _: {**page, "nextCursor": str(next(count))})
    assert f"{MAX_BYTES} bytes" in await refused(answer, 60)


async def test_a_server_that_does_not_answer_is_left() -> None:
    released = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"{"
        released.wait(30)

    try:
        assert "no answer in 0.2 s" in await refused(lambda _: Reply(200, PLAIN, pieces()), 0.2)
    finally:
        released.set()


async def test_nobody_listens() -> None:
    with pytest.raises(ToolListError, match="cannot be reached: ConnectError"):
        await list_tools(ToolServer("127.0.0.1:1", "/mcp"))


class Listing(Handler):
    def do_POST(self) -> None:  # noqa: N802  the name that http.server looks for
        self.body()
        self.answer(200, message_of({"tools": [SEARCH]}), content_type="application/json")


async def test_a_certificate_has_to_name_the_server(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(Listing, tls=authority.server("tracker.example")) as address:
        known = ToolServer(
            address, "/mcp", tls=True, server_name="tracker.example", ca=str(authority.ca)
        )
        assert await list_tools(known) == [SEARCH]
        for other in (
            ToolServer(address, "/mcp", tls=True, server_name="other", ca=str(authority.ca)),
            ToolServer(address, "/mcp", tls=True, server_name="tracker.example"),
        ):
            with pytest.raises(ToolListError, match="cannot be reached"):
                await list_tools(other)
        missing = ToolServer(address, "/mcp", tls=True, ca=str(tmp_path / "none.pem"))
        with pytest.raises(ToolListError, match="TLS files"):
            await list_tools(missing)
