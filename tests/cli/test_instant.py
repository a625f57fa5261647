"""The configuration that `gatehouse up --pool` makes of the servers' own words."""

import hashlib
import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap.load import load
from gateway.cli.instant import Instant, InstantError, free_port, instant
from gateway.model.jsonvalue import JsonValue
from tests.support.engines import engine, engines
from tests.support.http_server import Handler, serving
from tests.support.ports import free_port as any_port


def made(urls: Sequence[str], port: int | None = 12345) -> Instant:
    return instant(urls, port)


def pools(one: Instant) -> list[dict[str, Any]]:
    found: JsonValue = one.gateway["pools"]
    return json.loads(json.dumps(found))


def test_servers_with_the_same_models_are_one_pool(tmp_path: Path) -> None:
    with engines(2, speed=20) as each:
        one = made([each[0].url, f"{each[1].url}/v1", each[0].url])
    (pool,) = pools(one)
    assert pool["endpoints"] == [each[0].address, each[1].address]
    assert (pool["engine"], pool["models"], pool["path"]) == ("vllm", ["base-model"], "/v1")
    loaded = load(one.write(tmp_path), {})
    assert loaded.warnings == ()
    (listener,) = loaded.gateway.listeners
    assert (listener.address, listener.port) == ("127.0.0.1", 12345)


def test_servers_with_different_models_are_pools_of_one_route(tmp_path: Path) -> None:
    with engines(2, each=[{"model": "one"}, {"model": "two", "engine": "sglang"}]) as each:
        one = made([server.url for server in each])
    assert [(pool["models"], pool["engine"]) for pool in pools(one)] == [
        (["one"], "vllm"),
        (["two"], "sglang"),
    ]
    assert one.models == ("one", "two")
    (route,) = load(one.write(tmp_path), {}).gateway.routes
    assert (route.backend, route.pools) == ("pool-1", ("pool-2",))


def test_only_the_key_of_the_run_is_let_in_and_it_is_written_nowhere(tmp_path: Path) -> None:
    with engine() as server:
        one, other = made([server.url]), made([server.url])
    assert one.key != other.key
    assert len(one.key) >= 32
    file = one.write(tmp_path)
    written = "".join(path.read_text() for path in tmp_path.rglob("*.yaml"))
    assert one.key not in written
    assert one.key not in repr(one)
    (key,) = load(file, {}).gateway.identity.keys
    assert key.sha256 == hashlib.sha256(one.key.encode()).hexdigest()
    assert json.loads(json.dumps(one.policy))["spec"]["rules"][0]["principals"] == ["key:local"]


def test_every_server_that_does_not_answer_is_named() -> None:
    gone = f"http://127.0.0.1:{any_port()}"
    with engine() as server, pytest.raises(InstantError) as found:
        made([gone, server.url, "https://gpu:1"])
    first, second = str(found.value).splitlines()
    assert first.startswith(f"{gone}: GET /v1/models")
    assert second.startswith("https://gpu:1: ")


def test_servers_that_share_only_some_models_want_a_file() -> None:
    each = [{"model": "one,two"}, {"model": "two"}]
    with engines(2, each=each) as servers, pytest.raises(InstantError, match="both serve two"):
        made([server.url for server in servers])


class Served(Handler):
    """A server with the models that its path names."""

    def do_GET(self) -> None:  # noqa: N802  http.server calls it
        name = {"/a/models": "${HOME}", "/b/models": "file:/etc/passwd "}.get(self.path)
        body = {"data": [{"id": name}] if name else []}
        self.answer(200 if "models" in self.path else 404, json.dumps(body).encode())


@pytest.mark.parametrize("path", ["a", "b"])
def test_a_name_that_a_configuration_would_read_as_something_else_is_refused(path: str) -> None:
    with serving(Served) as address, pytest.raises(InstantError, match="the name"):
        made([f"http://{address}/{path}"])


def test_a_server_without_models_is_refused() -> None:
    with serving(Served) as address, pytest.raises(InstantError, match="serves no model"):
        made([f"http://{address}/c"])


def test_a_port_that_is_taken_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        assert free_port(port) != port
    free = any_port()
    assert free_port(free) == free
