import asyncio
import base64
import ssl
from pathlib import Path

import httpx
import pytest
from envoy_data_plane.envoy.config.core.v3 import HeaderValue, HeaderValueOption
from envoy_data_plane.envoy.service.ext_proc.v3 import (
    CommonResponse,
    HeaderMutation,
    HeadersResponse,
    ProcessingRequest,
    ProcessingResponse,
)

from gateway.edge.ext_proc import PEER_ATTRIBUTE
from tests.edge.stage import Answerer, Service, Upstream, echoing, gateway_of, go_on, running
from tests.support.certificates import Authority

CLIENT_HEADERS = {
    "authorization": "Bearer client",
    "proxy-authorization": "Basic client",
    "cookie": "session=client",
    "x-api-key": "client",
    "api-key": "client",
    "x-forwarded-client-cert": "URI=spiffe://client",
    "x-gateway-session-endpoint": "client",
    "x-gateway-destination-endpoint-subset": "client",
    "x-gateway-destination-endpoint-served": "client",
    "x-prefiller-host-port": "client",
    "x-prefiller-url": "client",
    "x-data-parallel-rank": "client",
    "x-gatehouse-principal": "client",
    "x-envoy-retry-on": "client",
    "x-gateway-inference-objective": "client",
}


def setting(name: str, value: str) -> Answerer:
    """A service that sets one request header."""

    def answer(request: ProcessingRequest) -> ProcessingResponse:
        if not request.request_headers:
            return go_on(request)
        header = HeaderValueOption(header=HeaderValue(key=name, raw_value=value.encode()))
        mutation = HeaderMutation(set_headers=[header])
        common = CommonResponse(header_mutation=mutation)
        return ProcessingResponse(request_headers=HeadersResponse(response=common))

    return answer


async def test_credentials_and_the_gateways_own_headers_end_at_the_gateway(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = gateway_of(endpoints=[upstream.address])
    async with running(gateway, [service.address], tmp_path) as edge:
        answer = await edge.client.get("/mcp", headers=CLIENT_HEADERS)
    assert not set(CLIENT_HEADERS) & set(answer.json()["headers"])
    assert "client" not in answer.text


async def test_the_service_sees_credentials_and_hints_but_no_forged_header(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = gateway_of(endpoints=[upstream.address])
    async with running(gateway, [service.address], tmp_path) as edge:
        await edge.client.get("/mcp", headers=CLIENT_HEADERS)
    head = service.requests[0].request_headers
    assert head is not None
    assert head.headers is not None
    seen = {header.key for header in head.headers.headers} & set(CLIENT_HEADERS)
    assert seen == {"authorization", "x-api-key", "api-key", "x-gateway-inference-objective"}


async def test_a_bound_request_reaches_its_endpoint_and_the_binding_stays_inside(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    async with echoing(Upstream()) as other:
        gateway = gateway_of(endpoints=[upstream.address, other.address])
        bound = base64.b64encode(other.address.encode()).decode()
        service.answer = setting("x-gateway-session-endpoint", bound)
        async with running(gateway, [service.address], tmp_path) as edge:
            answers = [await edge.client.get("/mcp") for _ in range(6)]
    assert (upstream.hits, other.hits) == (0, 6)
    assert all("x-gateway-session-endpoint" not in answer.headers for answer in answers)
    assert all("x-gateway-session-endpoint" not in answer.text for answer in answers)


async def test_a_request_bound_to_an_endpoint_that_left_ends_with_404(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    service.answer = setting("x-gateway-session-endpoint", base64.b64encode(b"10.0.0.1:1").decode())
    gateway = gateway_of(endpoints=[upstream.address])
    async with running(gateway, [service.address], tmp_path) as edge:
        answer = await edge.client.get("/mcp")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == -31404
    assert upstream.hits == 0


async def test_what_an_upstream_says_in_the_gateways_name_does_not_reach_the_client(
    service: Service, tmp_path: Path
) -> None:
    forged = {"x-gatehouse-audit-id": "forged", "x-gateway-session-endpoint": "forged"}
    async with echoing(Upstream(headers=forged)) as upstream:
        gateway = gateway_of(endpoints=[upstream.address])
        async with running(gateway, [service.address], tmp_path) as edge:
            answer = await edge.client.get("/mcp")
    assert answer.status_code == 200
    assert not set(forged) & set(answer.headers)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/mcp%2fx", {}, 400),
        ("/mcp", {"under_score": "1"}, 400),
        ("/mcp", {"upgrade": "websocket", "connection": "upgrade"}, 403),
        ("/mcp", {"long": "x" * 70_000}, 431),
    ],
    ids=["escaped slash", "underscore", "upgrade", "large headers"],
)
async def test_envoy_refuses_what_no_deframer_should_see(
    path: str, headers: dict[str, str], status: int, service: Service, tmp_path: Path
) -> None:
    async with running(gateway_of(), [service.address], tmp_path) as edge:
        answer = await edge.client.get(path, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert service.requests == []


@pytest.mark.parametrize("line", ["CONNECT host:1", "OPTIONS *"])
async def test_requests_without_a_path_lead_nowhere(
    line: str, service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = gateway_of(endpoints=[upstream.address])
    async with running(gateway, [service.address], tmp_path):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.listeners[0].port)
        writer.write(f"{line} HTTP/1.1\r\nhost: host:1\r\nconnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
    assert answer.startswith((b"HTTP/1.1 403", b"HTTP/1.1 404"))
    assert upstream.hits == 0


async def test_a_certificate_names_the_peer_to_the_service(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    server = authority.server("127.0.0.1")
    tls = {
        "certificate": str(server.certificate),
        "key": str(server.key),
        "client_ca": str(authority.ca),
    }
    plain = gateway_of(endpoints=[upstream.address])
    listener = plain.listeners[0].model_dump(mode="json") | {"tls": tls}
    gateway = gateway_of(endpoints=[upstream.address], listeners=[listener])
    one = authority.client("spiffe://td/agent")
    two = authority.client("spiffe://td/agent", "spiffe://td/admin")
    seen: list[object] = []
    async with running(gateway, [service.address], tmp_path / "run", verify=False) as edge:
        for client in (one, two):
            context = ssl.create_default_context(cafile=authority.ca)
            context.load_cert_chain(client.certificate, client.key)
            async with httpx.AsyncClient(verify=context, trust_env=False) as http:
                answer = await http.get(edge.client.base_url.join("/mcp"))
            assert answer.status_code == 200
            fields = service.requests[-1].attributes["envoy.filters.http.ext_proc"].to_dict()
            seen.append((fields["connection.mtls"], fields.get(PEER_ATTRIBUTE)))
        with pytest.raises((httpx.TransportError, ssl.SSLError)):
            await edge.client.get("/mcp")
    assert seen == [(True, "spiffe://td/agent"), (True, "spiffe://td/agent,spiffe://td/admin")]
