"""A server of gatehouse.guardrail.v1.Guardrail, over gRPC."""

from pathlib import Path
from typing import Any, Final, cast

import grpc
from google.protobuf.message import DecodeError

from gateway.adapters.guardrails.client import MAX_ANSWER, UnusableError
from gateway.adapters.guardrails.guardrail_pb2 import (
    BLOCK,
    MASK,
    NONE,
    REQUEST,
    RESPONSE,
    CheckRequest,
    CheckResponse,
    Finding,
    Text,
)
from gateway.adapters.guardrails.reading import unreadable
from gateway.config.providers import GuardrailProvider, GuardService
from gateway.guardrails.provider import (
    Direction,
    ProviderAction,
    ProviderFinding,
    ProviderVerdict,
    Question,
)
from gateway.model.finding import Level, SkipReason

MAX_REQUEST: Final = 4_000_000
"""Bytes of a request: a server of gRPC takes 4 MiB unless it says otherwise. What is larger would
be refused as a rate is, and so by what a caller writes."""

METHOD: Final = "/gatehouse.guardrail.v1.Guardrail/Check"
_ACTIONS: Final = {
    NONE: ProviderAction.NONE,
    MASK: ProviderAction.MASK,
    BLOCK: ProviderAction.BLOCK,
}
_DIRECTIONS: Final = {Direction.REQUEST: REQUEST, Direction.RESPONSE: RESPONSE}
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_ANSWER),
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
)


class GrpcJudge:
    """Sends all texts of a question at once."""

    def __init__(self, provider: GuardrailProvider, config: GuardService) -> None:
        self._timeout = provider.timeout
        self._metadata = _metadata(config)
        self._channel = _channel(config)
        # grpc's own stubs do not say what a generic method takes.
        self._check = cast("Any", self._channel.unary_unary(METHOD))

    async def judge(self, question: Question) -> ProviderVerdict:
        """The verdict on all texts."""
        data = _request(question).SerializeToString()
        if len(data) > MAX_REQUEST:
            raise UnusableError(SkipReason.OVERSIZE, own=False)
        try:
            answer: bytes = await self._check(data, timeout=self._timeout, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            raise _refused(error.code()) from None
        try:
            return _verdict(CheckResponse.FromString(answer))
        except DecodeError:
            raise unreadable() from None

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()


def _channel(config: GuardService) -> grpc.aio.Channel:
    if not config.tls:
        return grpc.aio.insecure_channel(config.address, options=_OPTIONS)
    roots = None if config.ca is None else Path(config.ca).read_bytes()
    credentials = grpc.ssl_channel_credentials(roots)
    return grpc.aio.secure_channel(config.address, credentials, options=_OPTIONS)


def _metadata(config: GuardService) -> tuple[tuple[str, str], ...]:
    if config.token is None:
        return ()
    return (("authorization", f"Bearer {config.token.get_secret_value()}"),)


def _refused(code: grpc.StatusCode) -> UnusableError:
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return UnusableError(SkipReason.TIMEOUT)
    return UnusableError(SkipReason.ERROR, own=code is not grpc.StatusCode.INVALID_ARGUMENT)


def _request(question: Question) -> CheckRequest:
    texts = zip(question.texts, question.parts, strict=True)
    return CheckRequest(
        texts=[Text(text=text, part=part.value) for text, part in texts],
        stage=question.stage.value,
        direction=_DIRECTIONS[question.direction],
        model=question.model,
        tool=question.name,
    )


def _verdict(response: CheckResponse) -> ProviderVerdict:
    action = _ACTIONS.get(response.action)
    if action is None:
        raise unreadable()
    findings = tuple(_finding(found) for found in response.findings)
    masks = action is ProviderAction.MASK
    return ProviderVerdict(action, findings, tuple(response.masked) if masks else None)


def _finding(found: Finding) -> ProviderFinding:
    level = Level(found.level) if found.level in set(Level) else Level.HIGH
    return ProviderFinding(
        found.category,
        level,
        found.text if found.HasField("text") else None,
        (found.start, found.end) if found.end else None,
    )
