import json
from typing import Any

import httpx
import pytest
from a2a.client.transports.jsonrpc import JsonRpcTransport
from a2a.client.transports.rest import RestTransport
from a2a.types.a2a_pb2 import AgentCard
from a2a.utils.errors import (
    ContentTypeNotSupportedError,
    InvalidParamsError,
    InvalidRequestError,
    MethodNotFoundError,
    TaskNotFoundError,
    VersionNotSupportedError,
)

from gateway.model.refusal import JSON_RPC_FORMS, REST_FORMS, Answer, Reason, Refusal
from gateway.protocols.a2a.operation import Binding
from gateway.protocols.a2a.render import NO_TASK, render

DENIED = Refusal(Reason.DENIED, "no", (7,))
LIMITED = Refusal(
    Reason.LIMITED, "later", (7,), data={"retryAfterMs": 5}, headers=(("retry-after", "1"),)
)


def rendered(refusal: Refusal, binding: Binding, *, hides_task: bool = False) -> Answer:
    return render(refusal, "audit", binding, hides_task=hides_task)


def info(answer: Answer) -> dict[str, Any]:
    error = json.loads(answer.body)["error"]
    (only,) = error["data"] if "data" in error else error["details"]
    assert only["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    found: dict[str, Any] = only
    return found


@pytest.mark.parametrize("reason", Reason)
def test_json_rpc_has_the_form_of_the_table(reason: Reason) -> None:
    form = JSON_RPC_FORMS[reason]
    answer = rendered(Refusal(reason, "why", ("x",)), Binding.JSON_RPC)
    body = json.loads(answer.body)
    assert (answer.status, body["id"], body["error"]["message"]) == (form.status, "x", "why")
    assert info(answer)["metadata"] == {"reference": "audit"}
    assert dict(answer.headers)["content-type"] == "application/json"
    assert dict(answer.headers)["x-gatehouse-audit-id"] == "audit"
    nameless = rendered(Refusal(reason, "why"), Binding.JSON_RPC)
    assert nameless.status == form.status_without_id
    assert "id" not in json.loads(nameless.body)


@pytest.mark.parametrize("reason", Reason)
def test_rest_has_the_form_of_the_table(reason: Reason) -> None:
    form = REST_FORMS[reason]
    answer = rendered(Refusal(reason, "why"), Binding.REST)
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"], error["status"]) == (form.status, form.status, form.code)
    assert error["message"] == "why"
    assert info(answer)["metadata"]["reference"] == "audit"


@pytest.mark.parametrize("reason", Reason)
def test_grpc_is_told_by_headers_alone(reason: Reason) -> None:
    answer = rendered(
        Refusal(reason, "caf\u00e9 100%\n", headers=(("allow", "POST"),)), Binding.GRPC
    )
    assert (answer.status, answer.body) == (200, b"")
    headers = dict(answer.headers)
    assert headers["content-type"] == "application/grpc"
    assert headers["grpc-status"] == str(REST_FORMS[reason].number)
    assert headers["grpc-message"] == "caf%C3%A9 100%25%0A"
    assert headers["allow"] == "POST"


def test_data_and_headers_of_a_refusal_come_along() -> None:
    for binding in (Binding.JSON_RPC, Binding.REST):
        answer = rendered(LIMITED, binding)
        assert info(answer)["metadata"] == {"reference": "audit", "retryAfterMs": "5"}
        assert info(answer)["reason"] == "LIMITED"
        assert ("retry-after", "1") in answer.headers


def test_a_denied_task_is_not_there() -> None:
    rpc = rendered(DENIED, Binding.JSON_RPC, hides_task=True)
    assert json.loads(rpc.body)["error"]["code"] == -32001
    assert (rpc.status, info(rpc)["reason"]) == (200, "TASK_NOT_FOUND")
    rest = rendered(DENIED, Binding.REST, hides_task=True)
    assert (rest.status, json.loads(rest.body)["error"]["status"]) == (404, "NOT_FOUND")
    grpc = rendered(DENIED, Binding.GRPC, hides_task=True)
    assert dict(grpc.headers)["grpc-status"] == "5"
    for answer in (rpc, rest):
        assert json.loads(answer.body)["error"]["message"] == NO_TASK


def test_only_a_denial_is_hidden() -> None:
    answer = rendered(LIMITED, Binding.REST, hides_task=True)
    assert answer.status == 429


TYPED = [
    (Reason.UNSUPPORTED_VERSION, VersionNotSupportedError),
    (Reason.UNSUPPORTED_MEDIA, ContentTypeNotSupportedError),
    (Reason.UNKNOWN_METHOD, MethodNotFoundError),
    (Reason.INVALID_PARAMS, InvalidParamsError),
    (Reason.INVALID_REQUEST, InvalidRequestError),
]


async def shown(answer: Answer, transport: str) -> Exception:
    """What the official client makes of an answer."""
    async with httpx.AsyncClient() as http:
        if transport == "rest":
            rest = RestTransport(http, AgentCard(), "http://gateway")
            request = httpx.Request("POST", "http://gateway")
            response = httpx.Response(answer.status, content=answer.body, request=request)
            error = httpx.HTTPStatusError("refused", request=request, response=response)
            with pytest.raises(Exception) as caught:  # noqa: PT011  its type is the question
                rest._handle_http_error(error)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            return caught.value
        rpc = JsonRpcTransport(http, AgentCard(), "http://gateway")
        return rpc._create_jsonrpc_error(json.loads(answer.body)["error"])  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(("reason", "expected"), TYPED)
async def test_the_official_client_knows_what_a2a_names(
    reason: Reason, expected: type[Exception]
) -> None:
    refusal = Refusal(reason, "why", (1,))
    assert type(await shown(rendered(refusal, Binding.JSON_RPC), "jsonrpc")) is expected
    assert type(await shown(rendered(refusal, Binding.REST), "rest")) is expected


async def test_the_official_client_sees_no_task() -> None:
    for binding, transport in ((Binding.JSON_RPC, "jsonrpc"), (Binding.REST, "rest")):
        answer = rendered(DENIED, binding, hides_task=True)
        assert type(await shown(answer, transport)) is TaskNotFoundError
