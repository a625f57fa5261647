import gzip
import json
from dataclasses import replace

import pytest
from a2a.types.a2a_pb2 import GetTaskRequest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.call import Deframed
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a import A2a
from gateway.protocols.a2a.screening import AnswerReader
from gateway.protocols.a2a.streaming import EventReader
from gateway.protocols.base import Reading
from tests.protocols.a2a.clients import (
    EVENTS,
    GRPC,
    JSON,
    LIMIT,
    PATH,
    SERVICE_03,
    SERVICE_10,
    V10,
    Lines,
    a2a,
    call,
    encode,
    framed,
    got,
    head,
    message_03,
    message_10,
    posted,
    refusal,
    rpc,
    wire_03,
    wire_10,
)
from tests.support.answer_screen import RuleScreen

READING = Reading(shows=lambda _method, _name: True, limit=LIMIT)
INNER = b'{"url":"http://10.0.0.7/a2a"}'


def test_json_rpc_rest_and_grpc_tell_the_same() -> None:
    message = GetTaskRequest(id="t", history_length=2).SerializeToString()
    grpc = wire_10.open(head((*GRPC, *V10), f"{SERVICE_10}/GetTask")).deframe(framed(message))
    rest = got("/tasks/t?historyLength=2")
    json_rpc = posted(rpc("GetTask", {"id": "t", "historyLength": 2}))
    told = [dict(call(found).attributes) for found in (json_rpc, rest, grpc)]
    assert [found.pop("binding") for found in told] == ["jsonrpc", "rest", "grpc"]
    assert told[0] == told[1] == told[2]
    assert told[0]["task_id"] == "t"


def test_both_versions_tell_the_same() -> None:
    new = call(posted(rpc("SendMessage", message_10())))
    old = call(posted(rpc("message/send", message_03()), JSON))
    assert (new.method, new.version, old.method, old.version) == (
        "SendMessage",
        "1.0",
        "SendMessage",
        "0.3",
    )
    apart = {"version", "message"}
    assert {key: new.attributes[key] for key in new.attributes.keys() - apart} == {
        key: old.attributes[key] for key in old.attributes.keys() - apart
    }


def test_a_get_is_whole_with_its_head() -> None:
    opening = a2a.open(head(V10, f"{PATH}/tasks/t", "GET"))
    assert isinstance(opening.verdict, Deframed)
    assert opening.deframe(b"") is opening.verdict
    assert refusal(opening.deframe(b"{}")).reason is Reason.INVALID_REQUEST


@pytest.mark.parametrize("line", [("content-length", "2"), ("transfer-encoding", "chunked")])
def test_a_get_has_no_body(line: tuple[str, str]) -> None:
    assert refusal(got("/tasks/t", (*V10, line))).reason is Reason.INVALID_REQUEST


def test_a_post_that_could_pass_waits_for_its_body() -> None:
    assert a2a.open(head()).verdict is None
    assert isinstance(a2a.open(head(path=f"{PATH}/nothing")).verdict, Refusal)


def test_a_rest_post_may_say_everything_by_its_path() -> None:
    for verb, method in (("cancel", "CancelTask"), ("subscribe", "SubscribeToTask")):
        found = got(f"/tasks/t:{verb}", V10, "POST")
        assert (call(found).method, call(found).attributes["task_id"]) == (method, "t")
    assert refusal(got("/message:send", V10, "POST")).reason is Reason.INVALID_PARAMS


def test_a_body_that_readers_could_differ_on_is_replaced() -> None:
    body = encode(rpc()).replace(b'"params"', b'"p\\u0061rams"')
    found = a2a.open(head()).deframe(body)
    assert isinstance(found, Deframed)
    assert found.body == encode(rpc())
    zipped = (*JSON, *V10, ("content-encoding", "gzip"))
    found = a2a.open(head(zipped)).deframe(gzip.compress(encode(rpc())))
    assert isinstance(found, Deframed)
    assert (found.body, found.drop_headers) == (encode(rpc()), ("content-encoding",))


NEEDS: list[tuple[Lines, str, str, bool, bool]] = [
    ((*JSON, *V10), "", "POST", True, False),
    ((*JSON, *V10, *EVENTS), "", "POST", True, True),
    (V10, "/.well-known/agent-card.json", "GET", True, False),
    (V10, "/extendedAgentCard", "GET", True, False),
    (V10, "/tasks/t", "GET", False, False),
    ((*JSON, *V10), "/message:send", "POST", False, False),
    ((*JSON, *V10), "/message:stream", "POST", True, True),
    (V10, "/tasks/t:subscribe", "GET", True, True),
    (V10, "/nothing", "GET", False, False),
]


@pytest.mark.parametrize(("lines", "below", "method", "needs", "lasts"), NEEDS)
def test_the_head_tells_what_of_the_answer_is_needed(
    lines: Lines, below: str, method: str, *, needs: bool, lasts: bool
) -> None:
    opening = a2a.open(head(lines, PATH + below, method))
    assert (opening.needs_response, opening.lasts) == (needs, lasts)
    assert opening.has_sessions is False


def test_the_body_tells_a_stream_from_an_answer() -> None:
    for name, lasts in (("SendMessage", False), ("SendStreamingMessage", True)):
        opening = a2a.open(head((*JSON, *V10, *EVENTS)))
        call(opening.deframe(encode(rpc(name))))
        assert opening.lasts is lasts


def test_a_grpc_stream_is_told_by_its_path() -> None:
    for name, lasts in (("SendMessage", False), ("SubscribeToTask", True)):
        opening = wire_10.open(head((*GRPC, *V10), f"{SERVICE_10}/{name}"))
        assert (opening.needs_response, opening.lasts) == (lasts, lasts)


def test_cards_are_read_and_nothing_else() -> None:
    for below, reads in ((".well-known/agent.json", True), ("tasks/t", False)):
        opening = a2a.open(head(V10, f"{PATH}/{below}", "GET"))
        assert opening.reads is reads
    for name, reads in (("GetExtendedAgentCard", True), ("GetTask", False)):
        opening = a2a.open(head())
        call(opening.deframe(encode(rpc(name, {"id": "t"}))))
        assert opening.reads is reads


def test_a_card_names_the_url_that_was_asked() -> None:
    reader = a2a.open(head(V10, f"{PATH}/.well-known/agent.json", "GET")).reader(
        "application/json", READING
    )
    assert reader is not None
    assert reader.feed(INNER) == b""
    assert json.loads(reader.finish()) == {"url": f"https://gateway.example:8443{PATH}"}


def test_a_card_in_a_json_rpc_answer_is_the_result() -> None:
    reader = a2a.open(head()).reader("application/json", READING)
    assert reader is not None
    reader.feed(b'{"jsonrpc":"2.0","id":1,"result":' + INNER + b"}")
    result = json.loads(reader.finish())["result"]
    assert result == {"url": f"https://gateway.example:8443{PATH}"}


def test_a_large_message_is_refused_in_every_binding() -> None:
    large = b" " * (LIMIT + 1)
    for opening in (
        a2a.open(head()),
        a2a.open(head(path=f"{PATH}/message:send")),
        wire_10.open(head((*GRPC, *V10), f"{SERVICE_10}/SendMessage")),
    ):
        assert refusal(opening.deframe(large)).reason is Reason.TOO_LARGE


KEYS = (
    "message messageId parts content text url file kind data id taskId name parent config "
    "configuration role metadata tenant"
)
JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
BODIES = st.binary(max_size=60) | JSONISH.map(lambda value: json.dumps(value).encode())
METHODS = st.sampled_from(("SendMessage", "message/send", "GetTask", "tasks/get", "ListTasks"))
MESSAGES = st.builds(rpc, METHODS, JSONISH, JSONISH).map(lambda value: json.dumps(value).encode())
HEADS = st.sampled_from(((*JSON, *V10), JSON, (*JSON, *V10, *EVENTS), ()))
PATHS = st.sampled_from(
    (
        "",
        "/message:send",
        "/v1/message:send",
        "/tasks/t:cancel",
        "/acme/tasks/t/pushNotificationConfigs",
    )
) | st.text(max_size=20).map(lambda text: f"/{text}")


@given(body=BODIES | MESSAGES, lines=HEADS, below=PATHS, method=st.sampled_from(("POST", "GET")))
def test_any_request_is_deframed_or_refused(
    body: bytes, lines: Lines, below: str, method: str
) -> None:
    found = a2a.open(head(lines, PATH + below, method)).deframe(body)
    assert isinstance(found, Deframed | Refusal)


@given(
    message=st.binary(max_size=60),
    name=st.sampled_from(("SendMessage", "GetTask", "ListTasks", "TaskSubscription")),
    version=st.sampled_from((V10, ())),
)
def test_any_grpc_message_is_deframed_or_refused(message: bytes, name: str, version: Lines) -> None:
    services: list[tuple[A2a, str]] = [(wire_10, SERVICE_10), (wire_03, SERVICE_03)]
    for wire, service in services:
        for body in (message, framed(message)):
            found = wire.open(head((*GRPC, *version), f"{service}/{name}")).deframe(body)
            assert isinstance(found, Deframed | Refusal)


def test_with_a_screen_every_answer_is_read_but_those_of_grpc() -> None:
    screened = replace(READING, screen=RuleScreen())
    asking = encode(rpc("GetTask", {"id": "t"}))
    opening = a2a.open(head())
    assert isinstance(opening.deframe(asking), Deframed)
    assert isinstance(opening.reader("application/json", screened), AnswerReader)
    assert isinstance(opening.reader("text/event-stream", screened), EventReader)
    grpc = wire_10.open(head((*GRPC, *V10), f"{SERVICE_10}/GetTask"))
    assert grpc.reader("application/grpc", screened) is None
    assert grpc.reader("application/json", screened) is None


def test_with_a_screen_a_card_still_leads_to_the_gateway() -> None:
    opening = a2a.open(head(V10, f"{PATH}/.well-known/agent.json", "GET"))
    reader = opening.reader("application/json", replace(READING, screen=RuleScreen()))
    assert reader is not None
    reader.feed(INNER)
    assert json.loads(reader.finish()) == {"url": f"https://gateway.example:8443{PATH}"}
