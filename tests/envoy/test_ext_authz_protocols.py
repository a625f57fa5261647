"""Access control alone for the protocols of models and agents, as in the other mode."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.envoy.checked import MODES, Stage, staged


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("checked")) as started:
        yield started


CHAT: dict[str, Any] = {"model": "good", "messages": [{"role": "user", "content": "hi"}]}
MESSAGE: dict[str, Any] = {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "hi"}]}


def rpc(method: str) -> bytes:
    params = {"message": MESSAGE} if method == "SendMessage" else {"id": "t"}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return json.dumps(body).encode()


def chat(**changes: Any) -> bytes:
    return json.dumps(CHAT | {"max_tokens": 5} | changes).encode()


OTHER_CASES: dict[str, tuple[str, str, bytes, int]] = {
    "chat": ("openai", "/chat/completions", chat(), 200),
    "chat in a stream": ("openai", "/chat/completions", chat(stream=True), 200),
    "chat denied": ("openai", "/chat/completions", chat(model="bad"), 403),
    "chat of two models": (
        "openai", "/chat/completions", chat()[:-1] + b',"model":"good"}', 400
    ),
    "no such path": ("openai", "/chat", chat(), 404),
    "messages": ("anthropic", "/v1/messages", chat(), 200),
    "messages denied": ("anthropic", "/v1/messages", chat(model="bad"), 403),
    "messages broken": ("anthropic", "/v1/messages", chat()[:-1], 400),
    "send": ("a2a", "", rpc("SendMessage"), 200),
    "denied over JSON-RPC": ("a2a", "", rpc("GetTask"), 200),
    "send over REST": (
        "a2a", "/message:send", json.dumps({"message": MESSAGE}).encode(), 200
    ),
    "denied over REST": ("a2a", "/tasks/t:cancel", b"{}", 404),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_CASES)
def test_other_protocols_are_answered_the_same_in_both_modes(stage: Stage, name: str) -> None:
    protocol, path, body, status = OTHER_CASES[name]
    found = [stage.answer(mode, protocol, "POST", path, body) for mode in MODES]
    assert found[0] == found[1]
    assert found[1][0] == status


@pytest.mark.parametrize(
    ("protocol", "path"),
    [
        ("openai", "/models"),
        ("anthropic", "/v1/models"),
        ("a2a", "/.well-known/agent-card.json"),
    ],
)
def test_lists_and_cards_are_refused_where_there_is_no_response(
    stage: Stage, protocol: str, path: str
) -> None:
    stage.upstream.take()
    status, *_ = stage.answer("check", protocol, "GET", path)
    assert status == 500
    assert stage.gateway.wait_for_records(1, route=f"{protocol}-check", reason="wiring")
    assert stage.upstream.take() == []
