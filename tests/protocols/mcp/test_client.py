"""Heads are judged before any body: HTTP methods, origins, sessions, the old transport."""

import pytest

from gateway.model.call import Deframed, Kind
from gateway.model.refusal import Reason, Refusal
from tests.protocols.mcp.clients import (
    JSON,
    META,
    MODERN,
    ORIGIN,
    SESSION,
    Lines,
    encode,
    head,
    mcp,
    modern_lines,
    rpc,
)

SSE: Lines = (("accept", "Text/Event-Stream; q=1, */*"),)


def refused(lines: Lines, method: str = "POST", path: str = "/mcp") -> Refusal:
    found = mcp.open(head(lines, method, path)).verdict
    assert isinstance(found, Refusal), found
    assert mcp.open(head(lines, method, path)).deframe(b"{}") == found
    return found


def whole(lines: Lines, method: str) -> Deframed:
    found = mcp.open(head(lines, method)).verdict
    assert isinstance(found, Deframed), found
    assert mcp.open(head(lines, method)).deframe(b"") == found
    return found


def test_a_post_that_could_pass_waits_for_its_body() -> None:
    assert mcp.open(head()).verdict is None
    assert mcp.open(head((*JSON, ("mcp-name", "a"), ("mcp-name", "b")))).verdict is None


def test_a_get_with_a_session_listens_and_may_resume() -> None:
    found = whole((*SESSION, *SSE, ("last-event-id", " e-9 ")), "GET")
    assert (found.session, found.resume) == ("s-1", "e-9")
    call = found.calls[0]
    assert (call.kind, call.method, call.version) == (Kind.LISTEN, "GET", "2025-11-25")
    assert call.attributes == {"method": "GET"}


@pytest.mark.parametrize("line", SESSION)
def test_a_session_or_a_version_tells_a_streamable_client(line: tuple[str, str]) -> None:
    assert whole((line, *SSE), "GET").calls[0].kind is Kind.LISTEN


def test_a_get_with_neither_session_nor_version_is_the_old_transport() -> None:
    found = refused(SSE, "GET")
    assert found.reason is Reason.METHOD_NOT_ALLOWED
    assert "Streamable HTTP" in found.message
    assert found.headers == (("allow", "POST, DELETE"),)


@pytest.mark.parametrize("key", ["sessionId", "session_id", "SESSION-ID", "session%49d"])
def test_a_session_in_the_query_is_the_old_transport(key: str) -> None:
    found = refused(JSON, "POST", f"/mcp?a=b&{key}=7")
    assert found.reason is Reason.METHOD_NOT_ALLOWED
    assert "Streamable HTTP" in found.message


def test_another_query_passes() -> None:
    assert mcp.open(head(JSON, "POST", "/mcp?tenant=a")).verdict is None


@pytest.mark.parametrize("accept", [(), (("accept", "application/json"),), (("accept", "*/*"),)])
def test_a_get_that_does_not_ask_for_a_stream_is_not_allowed(accept: Lines) -> None:
    assert refused((*SESSION, *accept), "GET").reason is Reason.METHOD_NOT_ALLOWED


def test_a_delete_ends_its_session() -> None:
    found = whole(SESSION, "DELETE")
    assert (found.session, found.resume) == ("s-1", None)
    assert (found.calls[0].kind, found.calls[0].method) == (Kind.END, "DELETE")


@pytest.mark.parametrize("session", [(), (("mcp-session-id", ""),)])
def test_a_delete_without_session_is_refused(session: Lines) -> None:
    assert refused(session, "DELETE").reason is Reason.INVALID_REQUEST


@pytest.mark.parametrize("line", [("content-length", "5"), ("transfer-encoding", "chunked")])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_body_where_none_belongs_is_refused(line: tuple[str, str], method: str) -> None:
    assert refused((*SESSION, *SSE, line), method).reason is Reason.INVALID_REQUEST


def test_a_body_that_comes_without_notice_is_refused() -> None:
    found = mcp.open(head(SESSION, "DELETE")).deframe(b"{}")
    assert isinstance(found, Refusal)
    assert found.reason is Reason.INVALID_REQUEST


def test_a_repeated_session_header_is_refused() -> None:
    lines = (*SESSION, *SSE, ("mcp-session-id", "s-2"))
    assert refused(lines, "GET").reason is Reason.HEADER_MISMATCH


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT", "post"])
def test_other_http_methods_are_not_allowed(method: str) -> None:
    found = refused(JSON, method)
    assert found.reason is Reason.METHOD_NOT_ALLOWED
    assert found.headers == (("allow", "POST, GET, DELETE"),)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_modern_revision_is_post_only(method: str) -> None:
    found = refused((*MODERN, *SSE, ("mcp-session-id", "s")), method)
    assert found.reason is Reason.METHOD_NOT_ALLOWED
    assert found.headers == (("allow", "POST"),)


def test_the_modern_revision_ignores_and_drops_a_session() -> None:
    lines = (*modern_lines("server/discover"), ("mcp-session-id", "s"), ("last-event-id", "e"))
    found = mcp.open(head(lines)).deframe(encode(rpc("server/discover", {"_meta": META})))
    assert isinstance(found, Deframed)
    assert (found.session, found.resume) == (None, None)
    assert found.drop_headers == ("mcp-session-id", "last-event-id")


def test_a_post_carries_its_session() -> None:
    found = mcp.open(head((*JSON, *SESSION))).deframe(encode(rpc("ping")))
    assert isinstance(found, Deframed)
    assert found.session == "s-1"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", f"{ORIGIN}.evil", ""])
def test_a_foreign_origin_is_refused(origin: str) -> None:
    found = refused((*JSON, ("origin", origin)))
    assert (found.reason, found.ids) == (Reason.DENIED, ())


def test_an_allowed_origin_passes_without_regard_to_case() -> None:
    assert mcp.open(head((*JSON, ("origin", ORIGIN.upper())))).verdict is None


def test_one_foreign_origin_among_two_is_refused() -> None:
    assert refused((*JSON, ("origin", ORIGIN), ("origin", "x"))).reason is Reason.DENIED
