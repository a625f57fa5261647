"""Headers and body agree exactly where the official SDK says so."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp.shared.inbound import (
    ERROR_CODE_HTTP_STATUS,
    InboundLadderRejection,
    classify_inbound_request,
    decode_header_value,
    encode_header_value,
)

from gateway.model.call import Deframed
from gateway.model.refusal import JSON_RPC_FORMS, Refusal
from gateway.protocols.mcp.agreement import decoded
from tests.protocols.mcp.clients import CAPABILITIES, JSON, META, VERSION, encode, head, mcp, rpc


@settings(max_examples=200)
@given(value=st.text(max_size=12))
def test_what_a_client_encodes_is_decoded(value: str) -> None:
    assert decoded(encode_header_value(value)) == value


@settings(max_examples=200)
@given(
    value=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
    | st.text("AQg=/+ ?", max_size=8).map(lambda payload: f"=?base64?{payload}?=")
)
def test_a_header_decodes_as_in_the_official_sdk(value: str) -> None:
    assert decoded(value) == decode_header_value(value)


METAS: list[Any] = [
    META,
    {VERSION: "2026-07-28"},
    {CAPABILITIES: {}},
    {**META, VERSION: "v999"},
    {**META, VERSION: 5},
    None,
    [],
]
METHODS = [("tools/call", "name"), ("resources/read", "uri"), ("tools/list", "cursor")]
HEADERS = [
    {"mcp-protocol-version": version, "mcp-method": method, "mcp-name": name}
    for version in ("2026-07-28", "v999")
    for method in (None, "tools/call", "resources/read", "tools/list")
    for name in (None, "x", "y", "=?base64?eA==?=")
]


@pytest.mark.parametrize("meta", METAS, ids=str)
@pytest.mark.parametrize(("method", "key"), METHODS)
def test_the_verdict_is_that_of_the_official_sdk(meta: Any, method: str, key: str) -> None:
    body = rpc(method, {key: "x", "_meta": meta})
    for lines in HEADERS:
        headers = {name: value for name, value in lines.items() if value is not None}
        theirs = classify_inbound_request(body, headers=headers)
        ours = mcp.open(head((*JSON, *headers.items()))).deframe(encode(body))
        if isinstance(theirs, InboundLadderRejection):
            assert isinstance(ours, Refusal), (lines, theirs)
            form = JSON_RPC_FORMS[ours.reason]
            assert (form.code, form.status) == (theirs.code, ERROR_CODE_HTTP_STATUS[theirs.code])
            assert dict(ours.data) == (theirs.data or {})
        else:
            assert isinstance(ours, Deframed), (lines, ours)


def test_repeated_values_joined_by_a_proxy_do_not_agree() -> None:
    for method, name in itertools.product(("tools/call", "tools/call,tools/call"), ("x", "x,x")):
        lines = (
            *JSON,
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", method),
            ("mcp-name", name),
        )
        found = mcp.open(head(lines)).deframe(
            encode(rpc("tools/call", {"name": "x", "_meta": META}))
        )
        assert isinstance(found, Deframed) is ("," not in method + name)
