"""A service that picks endpoints, servers that fail, and a configuration with two pools."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc.aio
from envoy_data_plane.envoy.config.core.v3 import HeaderValue, HeaderValueOption
from envoy_data_plane.envoy.service.ext_proc.v3 import (
    BodyResponse,
    CommonResponse,
    HeaderMutation,
    ProcessingRequest,
    ProcessingResponse,
)
from envoy_data_plane.google.protobuf import Struct
from typing_extensions import override

from gateway.config.schema import Gateway
from gateway.config.wiring import (
    AUDIT_ID,
    DESTINATION,
    LB_NAMESPACE,
    METADATA_NAMESPACE,
    POOL_HEADER,
    RETRY_HEADER,
    RETRY_REPEATABLE,
)
from tests.edge.stage import Service, Upstream, gateway_of, go_on

PATH = "/v1/chat/completions"


@dataclass
class Picker(Service):
    """Lets each body pass to `pool`, with `endpoints` as its pick; "" is a verdict without one."""

    pool: str = "gpu"
    endpoints: Sequence[str] = ()
    repeatable: bool = False
    queue_seconds: float = 0
    """How long a request waits before it is given to an endpoint; Envoy is asked to wait."""
    ended: int = 0
    """How many streams have come to their end."""

    @override
    async def process(
        self, messages: AsyncIterator[bytes], context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[bytes]:
        async for message in messages:
            request = ProcessingRequest.parse(message)
            self.requests.append(request)
            if not request.request_body:
                yield bytes(go_on(request))
                continue
            if self.queue_seconds:
                patience = timedelta(seconds=2 * self.queue_seconds)
                yield bytes(ProcessingResponse(override_message_timeout=patience))
                await asyncio.sleep(self.queue_seconds)
            yield bytes(self._verdict())
        self.ended += 1

    def _verdict(self) -> ProcessingResponse:
        headers = {POOL_HEADER: self.pool} if self.pool else {}
        if self.repeatable:
            headers[RETRY_HEADER] = RETRY_REPEATABLE
        common = CommonResponse(
            header_mutation=HeaderMutation(set_headers=[_header(*one) for one in headers.items()]),
            clear_route_cache=bool(self.pool),
        )
        written = {
            METADATA_NAMESPACE: {AUDIT_ID: "a"},
            LB_NAMESPACE: {DESTINATION: ",".join(self.endpoints)},
        }
        return ProcessingResponse(
            request_body=BodyResponse(response=common), dynamic_metadata=Struct.from_dict(written)
        )


def _header(name: str, value: str) -> HeaderValueOption:
    return HeaderValueOption(header=HeaderValue(key=name, raw_value=value.encode()))


def pooled(gpu: Sequence[Upstream | str], big: Sequence[Upstream] = (), **changes: Any) -> Gateway:
    """A route to two pools of these servers."""
    addresses = [one if isinstance(one, str) else one.address for one in gpu]
    return gateway_of(
        backends=[],
        pools=[
            {"name": "gpu", "endpoints": addresses, "models": ["small"]},
            {"name": "big", "endpoints": [one.address for one in big], "models": ["large"]},
        ],
        routes=[
            {
                "name": "llm",
                "path": "/v1",
                "protocol": "openai",
                "backend": "gpu",
                "pools": ["big"],
            }
        ],
        **changes,
    )


@dataclass
class Failing(Upstream):
    """Reads a request and then hangs up, or with `status` answers that instead."""

    status: int = 0

    @override
    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.hits += 1
        if self.status:
            line = f"HTTP/1.1 {self.status} x"
            writer.write(f"{line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
            await writer.drain()
        writer.close()
