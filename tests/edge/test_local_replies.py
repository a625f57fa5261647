import json
from pathlib import Path

import pytest
from envoy_data_plane.envoy.config.core.v3 import HeaderValue, HeaderValueOption
from envoy_data_plane.envoy.service.ext_proc.v3 import (
    HeaderMutation,
    ImmediateResponse,
    ProcessingRequest,
    ProcessingResponse,
)
from envoy_data_plane.envoy.type.v3 import HttpStatus

from tests.edge.stage import Answerer, Service, Upstream, gateway_of, running

OWN_BODY = b'{"own":true}'


def refusing(details: str) -> Answerer:
    def answer(_: ProcessingRequest) -> ProcessingResponse:
        headers = {"content-type": "application/json", "x-gatehouse-audit-id": "a1"}
        lines = [
            HeaderValueOption(header=HeaderValue(key=key, raw_value=value.encode()))
            for key, value in headers.items()
        ]
        refusal = ImmediateResponse(
            status=HttpStatus(code=503),  # pyright: ignore[reportArgumentType]  an open enum
            headers=HeaderMutation(set_headers=lines),
            body=OWN_BODY,
            details=details,
        )
        return ProcessingResponse(immediate_response=refusal)

    return answer


async def test_without_a_worker_everything_is_a_503_in_json(
    upstream: Upstream, tmp_path: Path
) -> None:
    gateway = gateway_of(endpoints=[upstream.address])
    async with running(gateway, ["unix:" + str(tmp_path / "nobody.sock")], tmp_path) as edge:
        for path in ("/mcp", "/nowhere", "/.well-known/oauth-protected-resource/mcp"):
            answer = await edge.client.post(path, content=b'{"jsonrpc":"2.0","id":7}')
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["error"]["code"] == -31503
            assert "id" not in answer.json()
    assert upstream.hits == 0


async def test_a_body_over_the_routes_limit_is_a_413_in_json(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = gateway_of(endpoints=[upstream.address])
    async with running(gateway, [service.address], tmp_path) as edge:
        fits = await edge.client.post("/mcp", content=b"x" * 4 * 1024 * 1024)
        over = await edge.client.post("/mcp", content=b"x" * (4 * 1024 * 1024 + 1))
    assert fits.json()["body"] == 4 * 1024 * 1024
    assert over.status_code == 413
    assert over.json()["error"]["code"] == -31413


async def test_a_dead_upstream_is_a_503_without_inner_reasons(
    service: Service, tmp_path: Path
) -> None:
    async with running(gateway_of(), [service.address], tmp_path) as edge:
        answer = await edge.client.get("/mcp")
    assert answer.status_code == 503
    assert answer.json() == {
        "jsonrpc": "2.0",
        "error": {"code": -31503, "message": "temporarily unavailable"},
    }


@pytest.mark.parametrize(("details", "own"), [("gatehouse_denied", True), ("denied", False)])
async def test_an_answer_of_the_service_keeps_its_body_if_it_says_whose_it_is(
    details: str, own: bool, service: Service, tmp_path: Path
) -> None:
    service.answer = refusing(details)
    async with running(gateway_of(), [service.address], tmp_path) as edge:
        answer = await edge.client.get("/mcp")
    assert answer.status_code == 503
    assert answer.headers["x-gatehouse-audit-id"] == "a1"
    assert (answer.json() == json.loads(OWN_BODY)) is own


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
async def test_a_model_servers_clients_get_its_own_form_of_error(
    service: Service, upstream: Upstream, tmp_path: Path, protocol: str
) -> None:
    route = {"name": "llm", "path": "/llm", "protocol": protocol, "backend": "tracker"}
    gateway = gateway_of(endpoints=[upstream.address], routes=[route])
    nobody = f"unix:{tmp_path}/nobody.sock"
    async with running(gateway, [service.address], tmp_path / "one") as edge:
        over = await edge.client.post("/llm/v1/x", content=b"x" * (4 * 1024 * 1024 + 1))
    async with running(gateway, [nobody], tmp_path / "two") as edge:
        late = await edge.client.post("/llm/v1/x", content=b"x")
    kinds = {
        "openai": ("invalid_request_error", "server_error"),
        "anthropic": ("request_too_large", "overloaded_error"),
    }
    assert (over.status_code, late.status_code) == (413, 503)
    assert (over.json()["error"]["type"], late.json()["error"]["type"]) == kinds[protocol]
    assert late.headers["retry-after"] == "1"
    assert "jsonrpc" not in over.text + late.text
