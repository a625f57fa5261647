"""A small ext_authz service of somebody else, which judges by what the gateway told Envoy.

with foreign_authz(lambda told: None) as service:
    service.address, service.asked
"""

import contextlib
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
from google.protobuf.json_format import MessageToDict

from gateway.server import extauthz_pb2 as pb
from tests.support.ports import free_port

METHOD = "Check"
SERVICE = "envoy.service.auth.v3.Authorization"
PERMISSION_DENIED = 7
Told = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Denial:
    """An HTTP status, a body and headers of the service's own taste."""

    status: int = 403
    body: bytes = b"<h1>go away: inner reason 42</h1>"
    headers: tuple[tuple[str, str], ...] = (("content-type", "text/html"),)


@dataclass
class ForeignAuthz:
    """A running service. `judge` takes the metadata by namespace; None lets pass. It may be
    exchanged while the service runs."""

    judge: Callable[[Told], Denial | None]
    address: str = ""
    asked: list[Told] = field(default_factory=list[Told])

    def check(self, raw: bytes, _context: grpc.ServicerContext) -> bytes:
        """The answer to one CheckRequest."""
        context = pb.CheckRequest.FromString(raw).attributes.metadata_context.filter_metadata
        told: Told = {name: MessageToDict(one) for name, one in context.items()}
        self.asked.append(told)
        denial = self.judge(told)
        response = pb.CheckResponse()
        if denial is None:
            response.ok_response.SetInParent()
            return response.SerializeToString()
        response.status.code = PERMISSION_DENIED
        response.denied_response.status.code = denial.status
        response.denied_response.body = denial.body
        for name, value in denial.headers:
            option = response.denied_response.headers.add()
            option.header.key, option.header.value = name, value
        return response.SerializeToString()


@contextlib.contextmanager
def foreign_authz(judge: Callable[[Told], Denial | None]) -> Generator[ForeignAuthz]:
    """The service for the length of the block, on a port of its own."""
    service = ForeignAuthz(judge, f"127.0.0.1:{free_port()}")
    server = grpc.server(ThreadPoolExecutor(4))
    handler = cast("Any", grpc.unary_unary_rpc_method_handler(service.check))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler}),)
    )
    server.add_insecure_port(service.address)
    server.start()
    try:
        yield service
    finally:
        server.stop(None).wait()


def cluster_of(service: ForeignAuthz) -> dict[str, Any]:
    """The cluster `foreign_authz` of a bootstrap."""
    host, _, port = service.address.rpartition(":")
    address = {"socketAddress": {"address": host, "portValue": int(port)}}
    return {
        "name": "foreign_authz",
        "type": "STATIC",
        "connectTimeout": "1s",
        "typedExtensionProtocolOptions": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/"
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicitHttpConfig": {"http2ProtocolOptions": {}},
            }
        },
        "loadAssignment": {
            "clusterName": "foreign_authz",
            "endpoints": [{"lbEndpoints": [{"endpoint": {"address": address}}]}],
        },
    }


def ext_authz(*namespaces: str) -> dict[str, Any]:
    """The filter that asks the service and tells it what stands in `namespaces`. Its name is not
    the one that routes in mode `check` configure."""
    return {
        "name": "foreign.ext_authz",
        "typedConfig": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
            "grpcService": {"envoyGrpc": {"clusterName": "foreign_authz"}, "timeout": "2s"},
            "transportApiVersion": "V3",
            "metadataContextNamespaces": list(namespaces),
        },
    }
