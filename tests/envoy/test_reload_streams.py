"""Streams that last: a reload leaves them alone, unless they would not be let through now."""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.envoy.reload_stage import RELOAD_SECONDS, answer
from tests.support.echo import Seen
from tests.support.gatehouse import KEY, Gateway, allow, gatehouse, key_entry
from tests.support.messages import ACCEPT, LEGACY, modern, modern_call
from tests.support.ports import free_port
from tests.support.raw_backend import Reply, raw_backend
from tests.support.token_issuer import TokenIssuer, token_issuer

OTHER_KEY = "another-key-0123456789"
AUDIENCE = "https://gateway.example/tracker"
EVENT = b": still here\n\n"
PATIENCE = 10.0


@dataclass
class Source:
    """What the upstream sends on its streams: an event for each `tick`, until `stop`."""

    stop: threading.Event = field(default_factory=threading.Event)

    def answer(self, seen: Seen) -> Reply:
        if seen.method == "GET" or b"subscriptions/listen" in seen.body:
            return Reply(200, [("content-type", "text/event-stream")], self._events())
        return answer(seen)

    def _events(self) -> Iterator[bytes]:
        while not self.stop.wait(0.05):
            yield EVENT


@dataclass
class Stream:
    """A stream that a client listens to. `end` is how it ended: "closed", or what broke it."""

    lines: "queue.Queue[str]"
    end: "queue.Queue[str]"

    def goes_on(self) -> bool:
        """Whether events that the upstream sends from now on arrive."""
        while not self.lines.empty():
            self.lines.get()
        deadline = time.monotonic() + PATIENCE
        while self.lines.qsize() < 4 and self.end.empty() and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.lines.qsize() >= 4


@contextmanager
def listening(url: str, method: str = "GET", **request: Any) -> Generator[Stream]:
    """Listens in a thread for the length of the block."""
    stream, leave = Stream(queue.Queue(), queue.Queue()), threading.Event()

    def listen() -> None:
        try:
            with (
                httpx.Client(timeout=PATIENCE, trust_env=False) as client,
                client.stream(method, url, **request) as answered,
            ):
                if answered.status_code != 200 or "json" in answered.headers["content-type"]:
                    stream.end.put(str(answered.status_code))
                    return
                for line in answered.iter_lines():
                    stream.lines.put(line)
                    if leave.is_set():
                        return
                stream.end.put("closed")
        except httpx.HTTPError as error:
            stream.end.put(type(error).__name__)

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield stream
    finally:
        leave.set()
        thread.join()


def legacy_get(**headers: str) -> dict[str, Any]:
    lines = {"accept": ACCEPT, "mcp-protocol-version": LEGACY}
    return {"headers": lines | {name.replace("_", "-"): text for name, text in headers.items()}}


def subscription(**headers: str) -> dict[str, Any]:
    params = {"notifications": {"toolsListChanged": True}}
    return {"method": "POST", **modern("subscriptions/listen", params, **headers)}


def policies(*, principals: tuple[str, ...]) -> list[dict[str, Any]]:
    """Who may call a tool may also listen, to a session's stream and to subscriptions."""
    return [
        allow("calls", tools=["echo"], principals=principals),
        allow("listens", methods=["subscriptions/listen"], principals=principals),
    ]


BOTH = policies(principals=("key:tester", "key:other", "jwt:*"))


def identity(issuer: TokenIssuer) -> dict[str, Any]:
    """Two API keys and one issuer of tokens."""
    trusted = {
        "issuer": issuer.issuer,
        "audiences": [AUDIENCE],
        "jwks_url": issuer.jwks_url,
        "leeway": 0,
    }
    return {
        "keys": [key_entry("tester", KEY), key_entry("other", OTHER_KEY)],
        "jwt": [trusted],
    }


@dataclass
class Stage:
    """A gateway with two workers before an upstream whose streams do not end."""

    gateway: Gateway
    issuer: TokenIssuer
    identity: dict[str, Any]

    @property
    def url(self) -> str:
        """The MCP endpoint."""
        return self.gateway.url("tracker")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    source, folder = Source(), tmp_path_factory.mktemp("gateway")
    with ExitStack() as stack:
        issuer = stack.enter_context(token_issuer())
        upstream = stack.enter_context(raw_backend(source.answer))
        stack.callback(source.stop.set)
        listener = {"name": "agents", "port": free_port(), "identity": {"accept": ["key", "jwt"]}}
        gateway = gatehouse(
            folder,
            backends={"tracker": [upstream.url]},
            policies=BOTH,
            workers=2,
            listeners=[listener],
            identity=identity(issuer),
        )
        yield Stage(stack.enter_context(gateway), issuer, identity(issuer))


@contextmanager
def reloading(gateway: Gateway) -> Generator[None]:
    """Waits, after the block, until what it changed is in force."""
    before = gateway.status()["snapshot"]
    yield
    deadline = time.monotonic() + RELOAD_SECONDS
    while gateway.status()["snapshot"] == before:
        assert time.monotonic() < deadline, gateway.status()
        time.sleep(0.02)


FORMS: list[Callable[..., dict[str, Any]]] = [legacy_get, subscription]


@pytest.mark.parametrize("request_of", FORMS, ids=["session stream", "subscription"])
def test_a_stream_outlives_reloads_until_its_permit_is_gone(
    request_of: Callable[..., dict[str, Any]], stage: Stage
) -> None:
    gateway = stage.gateway
    with (
        listening(stage.url, **request_of(x_api_key=KEY)) as revoked,
        listening(stage.url, **request_of(x_api_key=OTHER_KEY)) as kept,
    ):
        assert revoked.goes_on()
        assert kept.goes_on()
        with reloading(gateway):
            gateway.write_policies(*BOTH, allow("more", tools=["more"]))
        with reloading(gateway):
            keys = [*stage.identity["keys"], key_entry("third", "a-third-key-0123456789")]
            gateway.write_config(identity={**stage.identity, "keys": keys})
        assert revoked.goes_on()
        assert kept.goes_on()
        count = gateway.metric("gatehouse_revoked_streams_total")
        with reloading(gateway):
            gateway.write_policies(*policies(principals=("key:other",)))
        assert revoked.end.get(timeout=PATIENCE) == "RemoteProtocolError"
        assert kept.goes_on()
        assert gateway.metric("gatehouse_revoked_streams_total") == count + 1
        with listening(stage.url, **request_of(x_api_key=KEY)) as again:
            assert not again.goes_on()
        with reloading(gateway):
            gateway.write_policies(*BOTH)


def test_a_stream_ends_with_the_key_that_opened_it(stage: Stage) -> None:
    gateway = stage.gateway
    with listening(stage.url, **legacy_get(x_api_key=OTHER_KEY)) as stream:
        assert stream.goes_on()
        with reloading(gateway):
            keys = [key_entry("tester", KEY)]
            gateway.write_config(identity={**stage.identity, "keys": keys})
        assert stream.end.get(timeout=PATIENCE) == "RemoteProtocolError"
    with reloading(gateway):
        gateway.write_config(identity=stage.identity)


def test_a_stream_ends_when_its_token_does(stage: Stage) -> None:
    now = time.time()
    token = stage.issuer.token(AUDIENCE, exp=int(now) + 4)
    with listening(stage.url, **legacy_get(authorization=f"Bearer {token}")) as stream:
        assert stream.goes_on()
        assert stream.end.get(timeout=PATIENCE) == "RemoteProtocolError"
        assert time.time() >= int(now) + 4


def test_an_issuer_of_tokens_comes_and_goes(stage: Stage) -> None:
    def answer(token: str) -> int:
        request = modern_call("echo", authorization=f"Bearer {token}")
        return httpx.post(stage.url, **request).status_code

    gateway, trusted = stage.gateway, stage.identity
    with token_issuer() as another:
        token = another.token(AUDIENCE)
        assert answer(token) == 401
        with reloading(gateway):
            both = [*trusted["jwt"], *identity(another)["jwt"]]
            gateway.write_config(identity={**trusted, "jwt": both})
        assert answer(token) == 200
        with reloading(gateway):
            gateway.write_config(identity=trusted)
        assert answer(token) == 401
        assert answer(stage.issuer.token(AUDIENCE)) == 200


def test_open_streams_are_counted(stage: Stage) -> None:
    gateway = stage.gateway
    assert counted(gateway, lambda open_streams: open_streams == 0)
    with listening(stage.url, **legacy_get(x_api_key=KEY)) as stream:
        assert stream.goes_on()
        assert counted(gateway, lambda open_streams: open_streams == 1)
    assert counted(gateway, lambda open_streams: open_streams == 0)


def counted(gateway: Gateway, right: Callable[[float], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not right(gateway.metric("gatehouse_open_streams")):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_the_record_of_a_stream_does_not_wait_for_its_end(stage: Stage) -> None:
    before = len(stage.gateway.wait_for_records(0, method="GET"))
    with listening(stage.url, **legacy_get(x_api_key=KEY)) as stream:
        assert stream.goes_on()
        records = stage.gateway.wait_for_records(before + 1, method="GET")
    assert records[-1]["decision"] == "allow"
    assert records[-1]["principal"] == "key:tester"
