"""What is not read again of an event is what reading it again would find."""

import json
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.protocols.anthropic.screening import screened_reader
from gateway.protocols.openai.reading import answer_reader
from gateway.wire import ssetemplate
from gateway.wire.sse import Event, Reader
from gateway.wire.ssetemplate import MOST, TRIES, Templates
from gateway.wire.strictjson import Document, decode
from tests.support.answer_screen import RuleScreen
from tests.support.screened import documents, event, fed, reading

PATH = ("choices", 0, "delta", "content")
KEY = (0, "content")


def chunk(text: str, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return event({"id": "c", "choices": [choice], **more})


def read(raw: bytes) -> Event:
    (one,) = [each for each in Reader(10_000).feed(raw) if each.raw.strip(b"\xef\xbb\xbf")]
    return one


def knowing(raw: bytes, said: bytes = b"") -> Templates:
    templates = Templates()
    templates.add(KEY, read(raw), said or raw, PATH)
    return templates


def text_of(templates: Templates, raw: bytes) -> str | None:
    found = templates.find(raw)
    return None if found is None else found[1]


@pytest.mark.parametrize("text", ["", "b", "größer 😀", 'a "b" \\ /', "a\nb\tc", "}]}"])
def test_the_text_of_an_event_like_one_before_is_found(text: str) -> None:
    assert text_of(knowing(chunk("a")), chunk(text)) == text


@pytest.mark.parametrize(
    "raw",
    [
        chunk("b", id="other"),
        chunk("b", more=1),
        chunk("b").replace(b'"b"', b'"\\u0062"'),
        chunk("b").replace(b'"b"', b'"\\ud800"'),
        chunk("b").replace(b'"b"', b'"\x01"'),
        chunk("b").replace(b'"b"', b'"\xff"'),
        chunk("b").replace(b'"b"', b'"\\x"'),
        chunk("b").replace(b'"b"', b'"\\"'),
        chunk("b").replace(b'"b"', b'"b", "content": "c"'),
        chunk("b").replace(b'"b"', b'"'),
        chunk("b").replace(b"data: ", b"data:"),
        b": x\n" + chunk("b"),
        chunk("b")[:-1],
    ],
)
def test_an_event_in_any_other_form_has_to_be_read(raw: bytes) -> None:
    assert text_of(knowing(chunk("a")), raw) is None


@given(st.binary(max_size=12) | st.text(max_size=12).map(str.encode))
def test_whatever_is_between_it_is_what_a_strict_reader_finds(within: bytes) -> None:
    raw = chunk("HERE").replace(b"HERE", within)
    text = text_of(knowing(chunk("a")), raw)
    if text is None:
        return
    document = decode(raw.removeprefix(b"data: ").strip(b"\n"), 10_000)
    assert isinstance(document, Document)
    assert document.canonical_safe
    assert document.value == documents(chunk(text))[0]


def test_it_goes_on_with_another_text_and_as_it_was_changed_before() -> None:
    templates = knowing(chunk("a"), chunk("", model="seen"))
    found = templates.find(chunk("b"))
    assert found is not None
    assert not found[0].same
    assert documents(found[0].said('"é\n')) == documents(chunk('"é\n', model="seen"))


@pytest.mark.parametrize(
    "raw",
    [
        chunk("a").replace(b"\n", b"\r\n"),
        chunk("a")[:-1] + b"id: 1\n\n",
        b"data: {}\n" + chunk("a"),
        chunk("a").replace(b"data: ", b"data:"),
        event({"choices": []}),
        event({"choices": [{"delta": {"content": None}}]}),
    ],
)
def test_an_event_in_a_form_that_servers_do_not_write_is_not_remembered(raw: bytes) -> None:
    assert text_of(knowing(raw), raw) is None


def test_the_last_few_are_remembered() -> None:
    templates = Templates()
    for number in range(MOST + 1):
        raw = chunk("a", number=number)
        templates.add((number, "content"), read(raw), raw, PATH)
    assert templates.find(chunk("b", number=0)) is None
    found = templates.find(chunk("b", number=MOST))
    assert found is not None
    assert found[0].key == (MOST, "content")


def test_a_stream_that_has_none_is_not_looked_at_for_ever() -> None:
    templates = Templates()
    assert [templates.try_once_more() for _ in range(TRIES + 2)] == [True] * TRIES + [False] * 2


WORDS = st.sampled_from(["SECRET", "SEC", "RET", "FORBIDDEN", "a", " ", "é", "\U0001f600", '"\n'])
TEXTS = st.lists(st.lists(WORDS, max_size=4).map("".join), max_size=8)


def openai(texts: list[str]) -> list[bytes]:
    return [*(chunk(text) for text in texts), b"data: [DONE]\n\n"]


def anthropic(texts: list[str]) -> list[bytes]:
    def says(kind: str, **members: Any) -> bytes:
        return event({"type": kind, "index": 0, **members}, kind)

    return [
        says("content_block_start", content_block={"type": "text", "text": ""}),
        *(
            says("content_block_delta", delta={"type": "text_delta", "text": text})
            for text in texts
        ),
        says("content_block_stop"),
        event({"type": "message_stop"}, "message_stop"),
    ]


def passed(events: list[bytes], hold: int, *, named: bool) -> tuple[list[Any], RuleScreen]:
    screen = RuleScreen(hold)
    using = reading(screen, renames=("m", "seen"))
    kind = "text/event-stream"
    if named:
        one = screened_reader(kind, using, screen)
    else:
        one = answer_reader(kind, using, strips=False, named_events=False)
    assert one is not None
    return documents(fed(one, b"".join(events))), screen


@settings(deadline=None)
@given(TEXTS, st.integers(0, 12), st.booleans(), st.sampled_from(["", "m"]))
def test_a_stream_goes_on_as_if_all_of_it_had_been_read(
    texts: list[str], hold: int, named: bool, model: str
) -> None:
    events = anthropic(texts) if named else openai(texts)
    if model:
        events = [one.replace(b'"id": "c"', b'"model": "m"') for one in events]
    out, screen = passed(events, hold, named=named)
    with patch.object(ssetemplate, "TRIES", 0):
        want, read_all = passed(events, hold, named=named)
    assert out == want
    assert json.dumps(out) == json.dumps(want)
    assert screen.blocked == read_all.blocked
    assert {key: text.raw for key, text in screen.texts.items()} == {
        key: text.raw for key, text in read_all.texts.items()
    }
