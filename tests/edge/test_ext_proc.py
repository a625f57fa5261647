from pathlib import Path

import pytest
from envoy_data_plane.envoy.config.core.v3 import HeaderValue, HeaderValueOption
from envoy_data_plane.envoy.extensions.filters.http.ext_proc.v3 import (
    MetadataOptions,
    ProcessingMode,
    ProcessingModeBodySendMode,
    ProcessingModeHeaderSendMode,
)
from envoy_data_plane.envoy.service.ext_proc.v3 import (
    BodyMutation,
    BodyResponse,
    CommonResponse,
    HeaderMutation,
    HeadersResponse,
    ProcessingRequest,
    ProcessingResponse,
)

from gateway.config.schema import Gateway, Limits, Listener, Telling
from gateway.config.wiring import METADATA_KEY, parse_wiring
from gateway.edge.ext_proc import external_processor, message_timeout, route_override
from tests.edge.stage import Service, Upstream, gateway_of, go_on, running, serving, stream_on

ROUTES = [
    {"name": "mcp", "path": "/mcp", "protocol": "mcp", "backend": "tracker"},
    {
        "name": "duplex",
        "path": "/duplex",
        "protocol": "mcp",
        "backend": "tracker",
        "mode": "duplex",
    },
    {"name": "raw", "path": "/raw", "protocol": "unjudged", "backend": "tracker"},
]

DUPLEX_MESSAGES = [
    *("request_headers", "request_body", "request_body"),
    *("response_headers", "response_body", "response_body"),
]


@pytest.fixture
def wired(service: Service, upstream: Upstream) -> tuple[Service, Gateway]:
    """The service, and a configuration with a route of every mode."""
    return service, gateway_of(endpoints=[upstream.address], routes=ROUTES)


def test_envoy_waits_longer_than_the_services_own_deadline() -> None:
    limits = Limits(decision_seconds=7)
    assert message_timeout(limits) > 7
    processor = external_processor(Listener(name="main", port=1), limits)
    assert processor.message_timeout is not None
    assert processor.message_timeout.total_seconds() > 7
    assert processor.failure_mode_allow is False


@pytest.mark.parametrize(
    ("method", "path", "kinds"),
    [
        ("GET", "/mcp", ["request_headers"]),
        ("POST", "/mcp", ["request_headers", "request_body"]),
        ("GET", "/raw", ["request_headers"]),
        ("POST", "/raw", ["request_headers"]),
        ("POST", "/nowhere", ["request_headers"]),
        (
            "POST",
            "/duplex",
            DUPLEX_MESSAGES,
        ),
    ],
)
async def test_the_service_gets_the_messages_of_the_routes_mode(
    method: str, path: str, kinds: list[str], wired: tuple[Service, Gateway], tmp_path: Path
) -> None:
    service, gateway = wired
    service.answer = stream_on if path == "/duplex" else go_on
    async with running(gateway, [service.address], tmp_path) as edge:
        content = b"{}" if method == "POST" else None
        await edge.client.request(method, path, content=content)
    assert service.kinds() == kinds


@pytest.mark.parametrize(
    ("path", "route", "mode"),
    [
        ("/mcp", "mcp:mcp@tracker", "buffered"),
        ("/duplex", "mcp:duplex@tracker", "duplex"),
        ("/raw", "unjudged:raw@tracker", "head"),
        ("/nowhere", "_unknown", "head"),
        ("/.well-known/oauth-protected-resource/mcp", "_metadata:mcp:mcp@tracker", "head"),
    ],
)
async def test_the_service_is_told_the_route_and_its_wiring(
    path: str, route: str, mode: str, wired: tuple[Service, Gateway], tmp_path: Path
) -> None:
    service, gateway = wired
    service.answer = stream_on
    async with running(gateway, [service.address], tmp_path) as edge:
        await edge.client.get(path)
    wiring = parse_wiring(service.metadata[0][METADATA_KEY])
    assert (wiring.listener, wiring.mode, wiring.override) == ("main", mode, mode != "duplex")
    attributes = service.requests[0].attributes["envoy.filters.http.ext_proc"].to_dict()
    assert attributes["xds.route_name"] == route
    assert str(attributes["source.address"]).startswith("127.0.0.1:")


async def test_routes_that_lead_nowhere_stay_refused_when_the_service_says_continue(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    gateway = gateway_of(endpoints=[upstream.address], routes=ROUTES)
    async with running(gateway, [service.address], tmp_path) as edge:
        unknown = await edge.client.post("/nowhere", content=b"{}")
        metadata = await edge.client.get("/.well-known/oauth-protected-resource/mcp")
    assert (unknown.status_code, metadata.status_code) == (404, 404)
    assert upstream.hits == 0


async def test_a_response_is_read_when_the_service_asks_for_it(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    send, body = ProcessingModeHeaderSendMode, ProcessingModeBodySendMode

    def answer(request: ProcessingRequest) -> ProcessingResponse:
        response = go_on(request)
        if request.request_headers:
            response.mode_override = ProcessingMode(
                request_body_mode=body.BUFFERED, response_header_mode=send.SEND
            )
        elif request.response_headers:
            response.mode_override = ProcessingMode(response_body_mode=body.STREAMED)
            gone = HeaderMutation(remove_headers=["content-length"])
            common = CommonResponse(header_mutation=gone)
            response.response_headers = HeadersResponse(response=common)
        elif request.response_body:
            text = b"filtered" if request.response_body.end_of_stream else b""
            mutation = BodyMutation(body=text) if text else BodyMutation(clear_body=True)
            common = CommonResponse(body_mutation=mutation)
            response.response_body = BodyResponse(response=common)
        return response

    service.answer = answer
    gateway = gateway_of(endpoints=[upstream.address])
    async with running(gateway, [service.address], tmp_path) as edge:
        reply = await edge.client.post("/mcp", content=b"{}")
    assert reply.text == "filtered"
    attributes = service.requests[2].attributes["envoy.filters.http.ext_proc"].to_dict()
    assert attributes["upstream.address"] == upstream.address
    assert attributes["response.code_details"] == "via_upstream"


async def test_an_override_without_the_request_body_would_let_it_pass_unread(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    def answer(request: ProcessingRequest) -> ProcessingResponse:
        response = go_on(request)
        response.mode_override = ProcessingMode(
            response_header_mode=ProcessingModeHeaderSendMode.SEND
        )
        return response

    service.answer = answer
    gateway = gateway_of(endpoints=[upstream.address])
    async with running(gateway, [service.address], tmp_path) as edge:
        await edge.client.post("/mcp", content=b"{}")
    assert service.kinds() == ["request_headers", "response_headers"]


async def test_changing_a_header_outside_the_list_ends_the_request(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    def answer(request: ProcessingRequest) -> ProcessingResponse:
        header = HeaderValueOption(header=HeaderValue(key="host", raw_value=b"other"))
        common = CommonResponse(header_mutation=HeaderMutation(set_headers=[header]))
        if request.request_headers:
            return ProcessingResponse(request_headers=HeadersResponse(response=common))
        return go_on(request)

    service.answer = answer
    gateway = gateway_of(endpoints=[upstream.address])
    async with running(gateway, [service.address], tmp_path) as edge:
        reply = await edge.client.get("/mcp")
    assert reply.status_code == 503
    assert upstream.hits == 0


async def test_a_request_that_one_worker_drops_unanswered_goes_to_another(
    service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    async with serving(Service(broken=True)) as broken:
        gateway = gateway_of(endpoints=[upstream.address])
        async with running(gateway, [broken.address, service.address], tmp_path) as edge:
            replies = [await edge.client.post("/mcp", content=b"{}") for _ in range(10)]
    assert {reply.status_code for reply in replies} == {200}
    assert broken.metadata
    assert service.kinds() == ["request_headers", "request_body"] * 10


@pytest.mark.parametrize(
    ("telling", "written"),
    [
        ("gatehouse", None),
        ("off", None),
        ("native", ["gatehouse", "envoy.lb", "envoy.filters.http.mcp"]),
    ],
)
def test_a_route_opens_exactly_the_namespaces_that_the_service_writes_for_it(
    telling: Telling, written: list[str] | None
) -> None:
    listener, limits = Listener(name="main", port=1), Limits()
    overrides = route_override(listener, limits, "buffered", telling).overrides
    assert overrides is not None
    options = overrides.metadata_options
    assert (options and receiving(options)) == written
    always = external_processor(listener, limits).metadata_options
    assert always is not None
    assert receiving(always) == ["gatehouse", "envoy.lb"]


def receiving(options: MetadataOptions) -> list[str]:
    assert options.receiving_namespaces is not None
    return options.receiving_namespaces.untyped
