"""The two-URL HTTP+SSE transport of 2024-11-05 is recognised, and told the way out."""

import json
from collections.abc import Iterator

import httpx2
import pytest
from mcp.client.sse import sse_client

from tests.cases.hazard import BASIC
from tests.envoy.hazards import CALL, MODES, Tap, tapped
from tests.support.gatehouse import KEY
from tests.support.node import SCRIPTS, node_command
from tests.support.processes import running
from tests.support.wire import Message, request

STREAM = (("accept", "text/event-stream"), ("x-api-key", KEY))


@pytest.fixture(scope="module")
def tap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tap]:
    with tapped(tmp_path_factory.mktemp("tap")) as started:
        yield started


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def check_way_out(answer: Message, allowed: str) -> None:
    assert answer.status == 405
    assert answer.all("allow") == [allowed]
    error = answer.json()["error"]
    assert error["code"] == -32600
    for part in ("HTTP+SSE", "Streamable HTTP", "POST initialize to this URL"):
        assert part in error["message"]


def test_the_stream_that_an_old_client_opens_is_405(tap: Tap, mode: str) -> None:
    answer = tap.refused(request("GET", f"/{mode}", STREAM))
    check_way_out(answer, "POST, DELETE")
    (record,) = tap.gateway.wait_for_records(1, audit_id=answer.all("x-gatehouse-audit-id")[0])
    assert (record["decision"], record["reason"]) == ("refuse", "method_not_allowed")


@pytest.mark.parametrize("key", ["sessionId", "session_id", "SESSION-ID", "%73essionId"])
def test_a_message_to_a_url_with_a_session_is_405(tap: Tap, mode: str, key: str) -> None:
    lines = (("x-api-key", KEY), *BASIC)
    answer = tap.refused(request("POST", f"/{mode}?a=b&{key}=0123456789abcdef", lines, CALL))
    check_way_out(answer, "POST")


async def test_the_old_client_of_the_python_sdk_sees_the_405(tap: Tap, mode: str) -> None:
    tap.upstream.take()
    with pytest.raises(httpx2.HTTPStatusError, match="405 Method Not Allowed") as raised:
        async with sse_client(tap.gateway.url(mode), headers={"x-api-key": KEY}):
            pass
    assert raised.value.response.status_code == 405
    assert tap.upstream.take() == []


def test_the_old_client_of_the_typescript_sdk_sees_the_405(tap: Tap, mode: str) -> None:
    tap.upstream.take()
    script = SCRIPTS / "sse_client.mjs"
    with running(node_command(script, tap.gateway.url(mode), f"x-api-key={KEY}")) as client:
        outcome = json.loads(client.wait_for_line(r"^\{.*")[0])
    assert outcome == {"ok": False, "code": 405, "message": outcome["message"]}
    assert "405" in outcome["message"]
    assert tap.upstream.take() == []
