"""The gRPC service against real servers, also such that misbehave."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from gateway.adapters.guardrails.guardrail_pb2 import (
    BLOCK,
    LOW,
    MASK,
    NONE,
    RESPONSE,
    CheckRequest,
    CheckResponse,
    Finding,
)
from gateway.adapters.guardrails.providers import opened
from gateway.guardrails.provider import (
    PASSED,
    Direction,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
)
from gateway.model.finding import Level, SkipReason
from gateway.model.passage import Part, Stage
from tests.adapters.guardrails.asked import provider, question
from tests.support.certificates import Authority

Act = Callable[[bytes, "grpc.aio.ServicerContext[Any, Any]"], Awaitable[bytes]]


def saying(response: CheckResponse) -> Act:
    async def act(_request: bytes, _context: object) -> bytes:
        return response.SerializeToString()

    return act


@asynccontextmanager
async def service(
    act: Act, credentials: grpc.ServerCredentials | None = None
) -> AsyncGenerator[str]:
    """The address of a server that does what the test says, with raw bytes."""
    server = grpc.aio.server()
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "Check": grpc.unary_unary_rpc_method_handler(act)
    }
    name = "gatehouse.guardrail.v1.Guardrail"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


async def asked(
    address: str, asked: Question, section: dict[str, Any] | None = None, **values: Any
) -> ProviderVerdict:
    one = opened(provider("grpc", {"address": address, "tls": False, **(section or {})}, **values))
    try:
        return await one.ask(asked)
    finally:
        await one.close()


async def test_everything_of_a_question_is_sent() -> None:
    seen: list[CheckRequest] = []

    async def act(request: bytes, _context: object) -> bytes:
        seen.append(CheckRequest.FromString(request))
        return CheckResponse(action=NONE).SerializeToString()

    parts = (Part.TOOL_ARGUMENTS, Part.METADATA)
    one = Question(("ä", "b"), Stage.TOOL_CALL, parts, Direction.RESPONSE, "m", "shell")
    async with service(act) as address:
        assert await asked(address, one) == PASSED
    (request,) = seen
    assert [(text.text, text.part) for text in request.texts] == [
        ("ä", "tool_arguments"),
        ("b", "metadata"),
    ]
    assert (request.stage, request.direction) == ("tool_call", RESPONSE)
    assert (request.model, request.tool) == ("m", "shell")


async def test_findings_have_their_level_and_place() -> None:
    findings = [
        Finding(category="hate", level=LOW, text=1, start=0, end=2),
        Finding(category="sexual", text=0),
        Finding(category="Not a NAME \n", level=9),  # pyright: ignore[reportArgumentType]
    ]
    async with service(saying(CheckResponse(action=BLOCK, findings=findings))) as address:
        verdict = await asked(address, question("ab", "cd"))
    assert verdict == ProviderVerdict(
        ProviderAction.BLOCK,
        (
            ProviderFinding("hate", Level.LOW, 1, (0, 2)),
            ProviderFinding("sexual", Level.HIGH, 0),
            ProviderFinding("other", Level.HIGH),
        ),
    )


async def test_masked_texts_replace_those_that_were_sent() -> None:
    async with service(saying(CheckResponse(action=MASK, masked=["[X]", "b"]))) as address:
        verdict = await asked(address, question("a", "b"))
    assert verdict.texts == ("[X]", "b")
    assert [one.category for one in verdict.findings] == ["other"]


@pytest.mark.parametrize(
    "response",
    [
        CheckResponse(),
        CheckResponse(action=7),  # pyright: ignore[reportArgumentType]
        CheckResponse(action=MASK),
        CheckResponse(action=MASK, masked=["one"]),
    ],
    ids=["no action", "unknown action", "no texts", "too few texts"],
)
async def test_an_answer_that_says_nothing_is_unreadable(response: CheckResponse) -> None:
    async with service(saying(response)) as address:
        verdict = await asked(address, question("a", "b"))
    assert verdict.skipped is SkipReason.UNREADABLE


async def test_bytes_that_are_no_message_are_unreadable() -> None:
    async def garbage(_request: bytes, _context: object) -> bytes:
        return b"\xff\xff\xff\xff"

    async with service(garbage) as address:
        assert (await asked(address, question("a"))).skipped is SkipReason.UNREADABLE


async def test_an_answer_above_the_limit_is_an_error() -> None:
    huge = saying(CheckResponse(action=MASK, masked=["x" * (2 << 20)]))
    async with service(huge) as address:
        assert (await asked(address, question("a"))).skipped is SkipReason.ERROR


async def test_a_question_above_what_servers_take_is_not_sent() -> None:
    seen: list[bytes] = []

    async def act(request: bytes, _context: object) -> bytes:
        seen.append(request)
        return b""

    async with service(act) as address:
        verdict = await asked(address, question("\U0001f600" * 1_000_000), max_characters=2_000_000)
    assert verdict.skipped is SkipReason.OVERSIZE
    assert seen == []


async def test_a_server_that_takes_too_long_is_skipped() -> None:
    async def never(_request: bytes, _context: object) -> bytes:
        await asyncio.Event().wait()
        return b""

    async with service(never) as address:
        verdict = await asked(address, question("a"), timeout=0.3)
    assert verdict.skipped is SkipReason.TIMEOUT


@pytest.mark.parametrize(
    ("code", "opens"),
    [
        (grpc.StatusCode.UNAVAILABLE, True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, True),
        (grpc.StatusCode.INVALID_ARGUMENT, False),
    ],
)
async def test_an_error_is_a_skipped_check_and_opens_the_circuit_if_the_service_is_at_fault(
    code: grpc.StatusCode, opens: bool
) -> None:
    async def fails(_request: bytes, context: "grpc.aio.ServicerContext[Any, Any]") -> bytes:
        await context.abort(code, "s3cret")
        return b""

    async with service(fails) as address:
        config = provider(
            "grpc", {"address": address, "tls": False}, breaker={"failures": 1, "rest": 60}
        )
        one = opened(config)
        reasons = [(await one.ask(question("a"))).skipped for _ in range(2)]
        await one.close()
    assert reasons == [SkipReason.ERROR, SkipReason.CIRCUIT_OPEN if opens else SkipReason.ERROR]


async def test_nobody_who_listens_is_a_skipped_check() -> None:
    verdict = await asked("127.0.0.1:1", question("a"))
    assert verdict.skipped is SkipReason.ERROR


async def test_over_tls_the_server_proves_its_name_and_gets_the_token(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.server("127.0.0.1")
    credentials = grpc.ssl_server_credentials(
        [(pair.key.read_bytes(), pair.certificate.read_bytes())]
    )
    tokens: list[str] = []

    async def act(_request: bytes, context: "grpc.aio.ServicerContext[Any, Any]") -> bytes:
        tokens.extend(
            str(value)
            for key, value in context.invocation_metadata() or ()
            if key == "authorization"
        )
        return CheckResponse(action=NONE).SerializeToString()

    section = {"tls": True, "token": "t", "ca": str(authority.ca)}
    (tmp_path / "other").mkdir()
    other = {**section, "ca": str(Authority(tmp_path / "other").ca)}
    async with service(act, credentials) as address:
        assert await asked(address, question("a"), section) == PASSED
        assert (await asked(address, question("a"), other)).skipped is SkipReason.ERROR
    assert tokens == ["Bearer t"]
