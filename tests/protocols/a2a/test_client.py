import pytest

from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a.client import Client, binding_of, client_of
from gateway.protocols.a2a.operation import V03, V10, Binding, Operation
from tests.protocols.a2a.clients import (
    JSON,
    ORIGIN,
    PATH,
    SERVICE_03,
    SERVICE_10,
    Lines,
    head,
    settings,
)
from tests.protocols.a2a.clients import (
    V10 as HEADER_10,
)


def client(lines: Lines = (), below: str = "", method: str = "POST") -> Client:
    found = client_of(head(lines, PATH + below, method), settings())
    assert isinstance(found, Client), found
    return found


def reason(lines: Lines = (), below: str = "", method: str = "POST") -> Reason:
    found = client_of(head(lines, PATH + below, method), settings())
    assert isinstance(found, Refusal), found
    return found.reason


@pytest.mark.parametrize(
    ("lines", "query", "version"),
    [
        ((), "", V03),
        ((("a2a-version", ""),), "", V03),
        ((("a2a-version", "0.3"),), "", V03),
        ((("a2a-version", " 1.0\t"),), "", V10),
        ((), "?A2A-Version=1.0", V10),
        ((), "?A2A-Version=", V03),
        (HEADER_10, "?A2A-Version=1.0", V10),
    ],
)
def test_the_version_is_that_of_header_or_query(lines: Lines, query: str, version: str) -> None:
    assert client(lines, query).version == version


@pytest.mark.parametrize(
    "version", ["1", "1.7", "1.0.0", "v1.0", "0.2", "1.0,1.0", "1.0 1.0", "\u0661.0"]
)
def test_a_version_that_sdks_read_differently_is_refused(version: str) -> None:
    assert reason((("a2a-version", version),)) is Reason.UNSUPPORTED_VERSION


def test_two_versions_are_refused() -> None:
    assert reason((*HEADER_10, *HEADER_10)) is Reason.HEADER_MISMATCH
    assert reason(HEADER_10, "?A2A-Version=0.3") is Reason.HEADER_MISMATCH
    assert reason((), "?A2A-Version=1.0&A2A-Version=1.0") is Reason.INVALID_REQUEST


@pytest.mark.parametrize("name", ["content-type", "content-encoding", "authorization", "origin"])
def test_a_header_that_has_one_value_may_not_repeat(name: str) -> None:
    assert reason(((name, ORIGIN), (name, ORIGIN))) is Reason.HEADER_MISMATCH


def test_a_page_of_another_origin_may_not_call() -> None:
    assert reason((("origin", "https://evil.example"),)) is Reason.DENIED
    assert client((("origin", ORIGIN.upper()),)).binding is Binding.JSON_RPC


def test_extensions_are_those_of_all_lines() -> None:
    lines = (
        ("a2a-extensions", "https://a.example, https://b.example"),
        ("a2a-extensions", "https://a.example,,"),
        ("x-a2a-extensions", "https://c.example"),
    )
    expected = ("https://a.example", "https://b.example", "https://c.example")
    assert client(lines).extensions == expected


def test_headers_that_replace_the_method_do_not_reach_the_agent() -> None:
    assert client((("x-http-method-override", "DELETE"),)).drop == ("x-http-method-override",)


def test_json_rpc_is_posted_to_the_path_itself() -> None:
    assert client(HEADER_10).operation is None
    assert client(HEADER_10).binding is Binding.JSON_RPC
    assert reason(HEADER_10, "", "GET") is Reason.METHOD_NOT_ALLOWED


def test_rest_is_below_the_path() -> None:
    found = client(HEADER_10, "/acme/tasks/t%3Acancel?A2A-Version=1.0")
    assert found.operation == Operation("CancelTask", V10, "acme", "t")
    assert (found.binding, found.query) == (Binding.REST, {"A2A-Version": "1.0"})


@pytest.mark.parametrize(
    "below", ["/tasks/a%2Fb", "//tasks", "/tasks/..", "/", "x/tasks", "/tasks/%ff"]
)
def test_an_unreadable_path_is_refused(below: str) -> None:
    assert reason(HEADER_10, below, "GET") is Reason.INVALID_REQUEST


CALLS = [
    (SERVICE_10, "SendMessage", HEADER_10, "SendMessage"),
    (SERVICE_10, "GetExtendedAgentCard", HEADER_10, "GetExtendedAgentCard"),
    (SERVICE_03, "TaskSubscription", (), "SubscribeToTask"),
    (SERVICE_03, "GetAgentCard", (("a2a-version", "0.3"),), "GetExtendedAgentCard"),
]


@pytest.mark.parametrize(("service", "name", "lines", "method"), CALLS)
def test_a_grpc_call_is_the_segment_below_its_service(
    service: str, name: str, lines: Lines, method: str
) -> None:
    found = client_of(head(lines, f"{service}/{name}"), settings(service))
    assert isinstance(found, Client), found
    assert found.operation is not None
    assert (found.binding, found.operation.method) == (Binding.GRPC, method)


@pytest.mark.parametrize(
    ("service", "below", "lines", "method", "expected"),
    [
        (SERVICE_10, "/SendMessage", (), "POST", Reason.UNSUPPORTED_VERSION),
        (SERVICE_03, "/SendMessage", HEADER_10, "POST", Reason.UNSUPPORTED_VERSION),
        (SERVICE_10, "/TaskSubscription", HEADER_10, "POST", Reason.UNKNOWN_METHOD),
        (SERVICE_03, "/ListTasks", (), "POST", Reason.UNKNOWN_METHOD),
        (SERVICE_10, "/SendMessage/x", HEADER_10, "POST", Reason.UNKNOWN_METHOD),
        (SERVICE_10, "", HEADER_10, "POST", Reason.UNKNOWN_METHOD),
        (SERVICE_10, "/SendMessage", HEADER_10, "GET", Reason.METHOD_NOT_ALLOWED),
    ],
)
def test_a_service_has_its_own_calls_and_version(
    service: str, below: str, lines: Lines, method: str, expected: Reason
) -> None:
    found = client_of(head(lines, service + below, method), settings(service))
    assert isinstance(found, Refusal)
    assert found.reason is expected


def test_a_refused_request_has_a_binding_too() -> None:
    assert binding_of(head(path=PATH), PATH) is Binding.JSON_RPC
    assert binding_of(head(path=PATH, method="GET"), PATH) is Binding.REST
    assert binding_of(head(path=f"{PATH}/a%2Fb"), PATH) is Binding.REST
    assert binding_of(head(path=f"{SERVICE_03}/x"), SERVICE_03) is Binding.GRPC
    assert binding_of(head(JSON, path=f"{SERVICE_10}"), SERVICE_10) is Binding.GRPC
