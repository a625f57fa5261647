"""Guardrails see every string of an A2A request, and can replace it where it came as JSON."""

import gzip
import json
from base64 import b64encode
from typing import Any

import pytest
from a2a.helpers import new_text_message
from a2a.types.a2a_pb2 import Role, SendMessageRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.call import Deframed
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a.passages import passages_of, passages_of_call
from tests.protocols.a2a.clients import (
    EVENTS,
    GRPC,
    JSON,
    LIMIT,
    PATH,
    SERVICE_10,
    V10,
    a2a,
    encode,
    framed,
    got,
    head,
    message_03,
    message_10,
    posted,
    rpc,
    wire_10,
)
from tests.support.said import NEW, PROSE, channels, check_places, check_prose, place_of, texts

CODED = b64encode(b"coded words").decode()
NOISE = b64encode(bytes(range(128, 256))).decode()


def said(deframed: Deframed | Refusal) -> tuple[Passage, ...]:
    assert isinstance(deframed, Deframed), deframed
    assert deframed.passages is not None
    found = deframed.passages()
    assert {one.stage for one in found} <= {Stage.A2A_MESSAGE}
    return found


def with_text(deframed: Deframed | Refusal, text: str, new: str = NEW) -> Deframed:
    assert isinstance(deframed, Deframed), deframed
    assert deframed.with_texts is not None
    changed = deframed.with_texts({place_of(said(deframed), text): new})
    assert isinstance(changed, Deframed), changed
    return changed


def test_every_part_of_a_message_of_1_0_is_seen() -> None:
    parts: list[dict[str, Any]] = [
        {"text": "t t", "metadata": {"k": "m m"}},
        {"raw": CODED, "filename": "my plan.txt", "mediaType": "text/plain"},
        {"raw": NOISE, "mediaType": "image/png"},
        {"url": "https://e.x/a b"},
        {"data": {"key": ["v v"]}},
    ]
    params = message_10(*parts, metadata={"of": "all"}) | {"metadata": {"and": "more"}}
    assert channels(said(posted(rpc(params=params)))) == [
        ("t t", "message/parts/0", "user"),
        ("k", "message/parts/0/metadata", "metadata"),
        ("m m", "message/parts/0/metadata", "metadata"),
        ("coded words", "message/parts/1", "user"),
        ("my plan.txt", "message/parts/1", "user"),
        ("https://e.x/a b", "message/parts/3", "user"),
        ("key", "message/parts/4", "user"),
        ("v v", "message/parts/4", "user"),
        ("of", "message/metadata", "metadata"),
        ("all", "message/metadata", "metadata"),
        ("and", "metadata", "metadata"),
        ("more", "metadata", "metadata"),
    ]


def test_every_part_of_a_message_of_0_3_is_seen() -> None:
    parts = [
        {"kind": "text", "text": "t t"},
        {"kind": "file", "file": {"name": "n n", "bytes": CODED}},
        {"kind": "file", "file": {"uri": "https://e.x", "mimeType": "text/plain"}},
        {"kind": "data", "data": {"k": "v v"}},
    ]
    params = message_03(*parts)
    params["configuration"] = {"pushNotificationConfig": {"url": "https://p.x", "token": "s3cr3t"}}
    deframed = posted(rpc("message/send", params), JSON)
    assert channels(said(deframed)) == [
        ("t t", "message/parts/0", "user"),
        ("n n", "message/parts/1", "user"),
        ("coded words", "message/parts/1", "user"),
        ("https://e.x", "message/parts/2", "user"),
        ("k", "message/parts/3", "user"),
        ("v v", "message/parts/3", "user"),
        ("https://p.x", "configuration/pushNotificationConfig", "metadata"),
    ]


def test_the_role_says_whose_words_they_are() -> None:
    roles = {"user": Part.USER, "agent": Part.ASSISTANT}
    for role, part in roles.items():
        (found,) = said(posted(rpc("message/send", message_03(role=role)), JSON))
        assert found.part is part


def test_a_file_that_is_declared_to_be_text_hides_nothing_behind_a_bad_byte() -> None:
    raw = b64encode(b"a\xffb").decode()
    for media_type, expected in (("text/plain", ["a\ufffdb"]), ("image/png", [])):
        params = message_10({"raw": raw, "mediaType": media_type})
        assert texts(said(posted(rpc(params=params)))) == expected
        (file,) = [{"bytes": raw, "mimeType": media_type}]
        older = message_03({"kind": "file", "file": file})
        assert texts(said(posted(rpc("message/send", older), JSON))) == expected


def test_over_rest_both_spellings_of_0_3_and_1_0_are_seen() -> None:
    ten = a2a.open(head(path=f"{PATH}/message:send")).deframe(encode(message_10()))
    assert channels(said(ten)) == [("hello", "message/parts/0", "user")]
    older = {"request": {"message_id": "m", "role": "ROLE_USER", "content": [{"text": "hello"}]}}
    three = a2a.open(head(JSON, f"{PATH}/v1/message:send")).deframe(encode(older))
    assert channels(said(three)) == [("hello", "request/parts/0", "user")]
    changed = with_text(three, "hello")
    assert json.loads(changed.body or b"")["request"]["content"] == [{"text": NEW}]


def test_over_grpc_texts_are_seen_and_cannot_be_replaced() -> None:
    sent = SendMessageRequest(message=new_text_message("hello", role=Role.ROLE_USER))
    opening = wire_10.open(head((*GRPC, *V10), f"{SERVICE_10}/SendMessage"))
    deframed = opening.deframe(framed(sent.SerializeToString()))
    assert channels(said(deframed)) == [("hello", "message/parts/0", "user")]
    assert isinstance(deframed, Deframed)
    assert deframed.with_texts is None


def test_what_nobody_knows_is_metadata_wherever_it_is() -> None:
    params = message_10({"text": "t t", "novel": "a a"}, unheard="b b") | {"extra": ["c c"]}
    found = [one for one in said(posted(rpc(params=params))) if one.part is Part.METADATA]
    assert texts(found) == ["novel", "a a", "unheard", "b b", "extra", "c c"]
    assert texts(said(posted(rpc("GetTask", {"id": "two words"})))) == ["two words"]


def test_what_has_no_body_has_no_passages() -> None:
    deframed = got("/tasks/t-1")
    assert isinstance(deframed, Deframed)
    assert deframed.passages is None


def test_a_request_with_another_text_is_the_same_otherwise() -> None:
    sent = json.dumps(rpc("SendStreamingMessage", ident=2**60), indent=1).encode()
    lines = (*JSON, *V10, *EVENTS, ("content-encoding", "gzip"), ("repr-digest", "x"))
    opening = a2a.open(head(lines))
    changed = with_text(opening.deframe(gzip.compress(sent)), "hello")
    assert changed.body == sent.replace(b'"hello"', encode(NEW))
    assert changed.calls[0].attributes["text_bytes"] == len(NEW)
    assert set(changed.drop_headers) == {"content-encoding", "repr-digest"}
    assert opening.lasts
    assert texts(said(changed)) == [NEW]


@pytest.mark.parametrize("large", [False, True])
def test_a_text_that_makes_the_request_unacceptable_refuses_it(large: bool) -> None:
    first = posted(rpc())
    assert isinstance(first, Deframed)
    assert first.with_texts is not None
    place = place_of(said(first), "hello") if large else Place(("nowhere",))
    refused = first.with_texts({place: "x" * LIMIT})
    assert isinstance(refused, Refusal)
    assert refused.reason is (Reason.TOO_LARGE if large else Reason.OWN_FAULT)


KEYS = (
    "jsonrpc params message parts content text raw data file bytes uri name metadata role "
    "configuration pushNotificationConfig url mediaType other"
)
keys = st.sampled_from(KEYS.split())
words = st.sampled_from(["user", "text/plain", "aGVsbG8=", "ROLE_AGENT"])
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.just(PROSE) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=14,
)


@settings(max_examples=150)
@given(value=values)
def test_whatever_params_hold_all_prose_is_seen_and_can_be_replaced(value: Any) -> None:
    check_places(value, passages_of)
    check_places(value, passages_of_call)
    check_prose(value, passages_of)
    check_prose(value, passages_of_call)
