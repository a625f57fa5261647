"""Results of MCP servers are judged alike as JSON, in a stream, and when a stream is resumed, by
the detectors that are shipped."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.guardrails.screen import Screen
from gateway.model.refusal import Reason
from gateway.protocols.base import ResponseReader
from gateway.protocols.mcp.screening import screened_reader_of
from tests.support.conversations import CUTS, SHORT_TEXTS, TEXTS
from tests.support.judged_alike import SETS, check_alike, guardrails
from tests.support.screened import documents, encode, event, fed, reading

LIMIT = 1_000_000
ID = 7
NOTE = event({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}})

Results = st.SearchStrategy[dict[str, Any]]

SAID: Results = TEXTS.map(lambda text: {"type": "text", "text": text})
LINKED: Results = SHORT_TEXTS.map(
    lambda text: {"type": "resource", "resource": {"uri": "file:///a", "text": text}}
)
CONTENT = st.lists(st.one_of(SAID, LINKED), max_size=3)
TOOL: Results = st.fixed_dictionaries(
    {
        "content": CONTENT,
        "structuredContent": st.dictionaries(SHORT_TEXTS, SHORT_TEXTS, max_size=2),
        "isError": st.booleans(),
    }
)
RESOURCE: Results = TEXTS.map(lambda text: {"contents": [{"uri": "file:///a", "text": text}]})
PROMPT: Results = st.tuples(TEXTS, SHORT_TEXTS).map(
    lambda texts: {
        "description": texts[1],
        "messages": [{"role": "user", "content": {"type": "text", "text": texts[0]}}],
    }
)
ANSWERS: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.one_of(
    st.tuples(st.just("tools/call"), TOOL),
    st.tuples(st.just("resources/read"), RESOURCE),
    st.tuples(st.just("prompts/get"), PROMPT),
)


def error(reason: Reason, why: str) -> bytes:
    value = {"code": 1, "message": why, "data": {"reference": "r", "reason": reason.value}}
    return encode({"jsonrpc": "2.0", "id": None, "error": value})


def reader(kind: str, screen: Screen, method: str | None, *, replay: bool) -> ResponseReader:
    calls = {} if method is None else {ID: method}
    known = reading(screen, limit=LIMIT, calls=calls, replay=replay, error=error)
    made = screened_reader_of(kind, known, screen)
    assert made is not None
    return made


@pytest.mark.parametrize("names", SETS.values(), ids=SETS)
@settings(max_examples=12, deadline=None)
@given(answer=ANSWERS, cuts=CUTS)
def test_a_result_is_judged_alike_wherever_it_comes(
    names: tuple[str, ...], answer: tuple[str, Any], cuts: list[int]
) -> None:
    method, result = answer
    message = {"jsonrpc": "2.0", "id": ID, "result": result}
    once = guardrails().screen(names)
    told = fed(reader("application/json", once, method, replay=False), encode(message))
    # On its first stream, resumed, and resumed without its context.
    streams: list[tuple[str | None, bool]] = [(method, False), (method, True)]
    if method == "tools/call":
        streams.append((None, True))
    for known, replay in streams:
        streamed = guardrails().screen(names)
        one = reader("text/event-stream", streamed, known, replay=replay)
        out = fed(one, NOTE + event(message) + NOTE, cuts)
        check_alike(once, streamed, texts=1)
        note, got, after = documents(out)
        assert note == after == documents(NOTE)[0]
        if known is not None:
            assert got == json.loads(told)
        elif once.blocked is None:
            assert got["result"] == json.loads(told)["result"]
        else:
            assert streamed.blocked is not None
            assert streamed.blocked in json.dumps(got, ensure_ascii=False)
