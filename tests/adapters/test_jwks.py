"""Key sets over real HTTP and from real files."""

import asyncio
import gzip
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gateway.adapters.jwks import JwksKeeper, KeySetState
from gateway.adapters.jwks_schedule import EARLY_INTERVAL
from gateway.config.schema import JwtIssuer
from gateway.identity.identify import identify
from gateway.identity.keys import MAX_DOCUMENT, KeySets, parse_key_set
from gateway.model.principal import Principal
from gateway.model.refusal import Refusal
from tests.identity.issuer import (
    ISSUER,
    NOW,
    bearing,
    issuer_config,
    jwks,
    private_key,
    public_jwk,
    rules,
    token,
)

FIRST = jwks(public_jwk(private_key("ES256"), kid="ES256"))
SECOND = jwks(public_jwk(private_key("ES256", "second"), kid="second"))


class Server:
    """An issuer's key set endpoint that serves what the test says."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {"content-type": "application/json"}
        self.body = FIRST
        self.asked: list[dict[str, str]] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/jwks.json"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(server.status)
                for name, value in server.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.flush()
                server.go_on.wait(10)
                self.wfile.write(server.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name there
                pass

        return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()
    thread = threading.Thread(target=served.http.serve_forever, args=(0.01,))
    thread.start()
    yield served
    served.go_on.set()
    served.http.shutdown()
    served.http.server_close()
    thread.join()


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def ignored(issuer: str, document: bytes) -> None:
    """An `OnChange` that nobody needs."""


class Kept:
    """A keeper of one issuer on a clock of its own, with what it announced."""

    def __init__(self, config: JwtIssuer) -> None:
        self.clock = Clock()
        self.changes: list[bytes] = []
        self.keeper = JwksKeeper(
            (config,), lambda _, document: self.changes.append(document), self.clock, lambda: 0.0
        )

    @property
    def state(self) -> KeySetState:
        return self.keeper.states()[0]

    async def after(self, seconds: float) -> KeySetState:
        """The state after time has passed and what is due then was fetched."""
        self.clock.now += seconds
        await self.keeper.refresh_due()
        return self.state


def from_url(url: str, refresh: float = 300.0) -> JwtIssuer:
    return issuer_config(jwks_file=None, jwks_url=url, refresh=refresh)


async def test_a_key_set_is_fetched_once_and_kept(server: Server) -> None:
    kept = Kept(from_url(server.url))
    assert kept.state.keys == 0
    state = await kept.after(0)
    await kept.after(299)
    assert (state.keys, state.error, state.next_at) == (1, "", 1300.0)
    assert kept.keeper.documents() == {ISSUER: FIRST}
    assert len(server.asked) == 1
    assert "authorization" not in server.asked[0]


async def test_a_rotated_key_set_is_found_at_the_next_refresh(server: Server) -> None:
    kept = Kept(from_url(server.url))
    await kept.after(0)
    await kept.after(300)
    server.body = SECOND
    await kept.after(300)
    assert kept.changes == [FIRST, SECOND]


async def test_an_unknown_kid_is_found_early_and_asked_for_seldom(server: Server) -> None:
    kept = Kept(from_url(server.url))
    await kept.after(0)
    server.body = SECOND
    new = token(key=private_key("ES256", "second"), header={"kid": "second"})

    def judged() -> Principal | Refusal:
        sets = {name: parse_key_set(text) for name, text in kept.keeper.documents().items()}
        return identify(bearing(new), rules("jwt"), KeySets(sets, kept.keeper.hurry), NOW)

    assert isinstance(judged(), Refusal)
    await kept.after(EARLY_INTERVAL - 1)
    assert isinstance(judged(), Refusal)
    assert len(server.asked) == 1
    await kept.after(1)
    assert len(server.asked) == 2
    assert isinstance(judged(), Principal)


async def test_failures_back_off_and_keep_the_last_good_set(server: Server) -> None:
    kept = Kept(from_url(server.url))
    await kept.after(0)
    server.status = 500
    state = await kept.after(300)
    assert (state.failures, state.error) == (1, "answered with HTTP 500")
    assert state.next_at == kept.clock.now + 1
    state = await kept.after(1)
    assert (state.failures, state.next_at) == (2, kept.clock.now + 2)
    assert (state.keys, state.fetched_at) == (1, 1000.0)
    assert kept.keeper.documents() == {ISSUER: FIRST}
    server.status = 200
    state = await kept.after(2)
    assert (state.failures, state.error, state.fetched_at) == (0, "", kept.clock.now)
    assert kept.changes == [FIRST]


@pytest.mark.parametrize(
    ("headers", "body", "error"),
    [
        ({}, b"<html>", "not a JSON Web Key Set"),
        ({}, b'{"keys":[]}', "no key of the set"),
        ({}, b" " * (MAX_DOCUMENT + 1), "more than"),
        ({"content-encoding": "gzip"}, gzip.compress(FIRST), "content encoding"),
        ({"content-length": "100000"}, FIRST, "RemoteProtocolError"),
    ],
)
async def test_an_answer_that_is_no_key_set_changes_nothing(
    server: Server, headers: dict[str, str], body: bytes, error: str
) -> None:
    kept = Kept(from_url(server.url))
    await kept.after(0)
    server.headers, server.body = headers, body
    state = await kept.after(300)
    assert error in state.error
    assert kept.keeper.documents() == {ISSUER: FIRST}


async def test_a_redirect_is_not_followed(server: Server) -> None:
    server.status, server.headers = 302, {"location": server.url + "?elsewhere"}
    state = await Kept(from_url(server.url)).after(0)
    assert state.error == "answered with HTTP 302"
    assert len(server.asked) == 1


async def test_an_issuer_that_does_not_listen_is_an_error_of_its_own() -> None:
    closed = Server()
    closed.http.server_close()
    state = await Kept(from_url(closed.url)).after(0)
    assert state.error == "cannot be fetched: ConnectError"


async def test_an_answer_that_does_not_end_is_given_up(server: Server) -> None:
    server.go_on.clear()
    keeper = JwksKeeper((from_url(server.url),), ignored, fetch_seconds=0.05)
    await keeper.refresh_due()
    assert keeper.states()[0].error == "no complete answer within 0.05 s"


async def test_a_key_set_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    kept = Kept(issuer_config(jwks_file=str(path)))
    assert (await kept.after(0)).error == "cannot be read: No such file or directory"
    path.write_bytes(FIRST)
    assert (await kept.after(1)).keys == 1
    path.write_bytes(b" " * (MAX_DOCUMENT + 1))
    assert "more than" in (await kept.after(300)).error
    path.write_bytes(SECOND)
    await kept.after(300)
    assert kept.changes == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"jwks_file": None}, "exactly one"),
        ({"jwks_url": "https://idp.example/jwks"}, "exactly one"),
        ({"jwks_file": None, "jwks_url": "http://idp.example/jwks"}, "https"),
        ({"jwks_file": None, "jwks_url": "http://127.0.0.1.example/jwks"}, "https"),
        ({"jwks_file": None, "jwks_url": "https://u:p@idp.example/jwks"}, "credentials"),
    ],
)
def test_a_source_that_could_be_tampered_with_is_an_error(
    members: dict[str, object], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        JwksKeeper((issuer_config(**members),), ignored)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_plain_http_is_allowed_on_loopback(host: str) -> None:
    JwksKeeper((from_url(f"http://{host}:1/jwks"),), ignored)


class Announced:
    """Awaits what a running keeper announces."""

    def __init__(self) -> None:
        self._documents: asyncio.Queue[bytes] = asyncio.Queue()

    def __call__(self, issuer: str, document: bytes) -> None:
        del issuer
        self._documents.put_nowait(document)

    async def next(self) -> bytes:
        """The next document, within ten seconds."""
        return await asyncio.wait_for(self._documents.get(), 10)


async def test_the_keeper_runs_until_cancelled_and_wakes_for_unknown_keys(server: Server) -> None:
    announced, later = Announced(), 0.0
    keeper = JwksKeeper((from_url(server.url),), announced, lambda: time.monotonic() + later)
    running = asyncio.create_task(keeper.run())
    assert await announced.next() == FIRST
    server.body, later = SECOND, EARLY_INTERVAL
    keeper.hurry("https://nobody.example")
    keeper.hurry(ISSUER)
    assert await announced.next() == SECOND
    assert len(server.asked) == 2
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_the_keeper_refreshes_by_the_clock(server: Server) -> None:
    announced = Announced()
    keeper = JwksKeeper((from_url(server.url, refresh=0.02),), announced)
    running = asyncio.create_task(keeper.run())
    assert await announced.next() == FIRST
    server.body = SECOND
    assert await announced.next() == SECOND
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_issuers_come_and_go_while_the_keeper_runs(server: Server) -> None:
    announced = Announced()
    known = from_url(server.url)
    other = known.model_copy(update={"issuer": "https://other.example"})
    keeper = JwksKeeper((), announced)
    running = asyncio.create_task(keeper.run())
    assert keeper.replace((known,))
    assert await announced.next() == FIRST
    assert not keeper.replace((known,))
    server.body = SECOND
    assert keeper.replace((known, other))
    assert await announced.next() == SECOND
    assert keeper.documents() == {ISSUER: FIRST, "https://other.example": SECOND}
    assert len(server.asked) == 2  # the one that stayed kept its set
    assert keeper.replace((from_url(server.url, refresh=60),))
    assert await announced.next() == SECOND
    assert keeper.documents() == {ISSUER: SECOND}
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_changed_issuer_keeps_its_set_until_another_is_fetched(server: Server) -> None:
    kept = Kept(from_url(server.url))
    await kept.after(0)
    server.status = 500
    assert kept.keeper.replace((from_url(server.url, refresh=60),))
    assert kept.keeper.documents() == {ISSUER: FIRST}
    failed = await kept.after(0)
    assert (failed.keys, failed.error) == (1, "answered with HTTP 500")
    server.status, server.body = 200, SECOND
    await kept.after(60)
    assert kept.keeper.documents() == {ISSUER: SECOND}
