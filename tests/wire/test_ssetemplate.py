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
EVENTS = "text/event-stream"


def chunk(text: str, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return event({"id": "c", "choices": [choice], **more})


def read(raw: bytes) -> Event:
    (one,) = [each for each in Reader(10_000).feed(raw) if each.raw.strip(b"\xef\xbb\xbf")]
    return one


def knowing(raw: bytes, said: bytes = b"") -> Templates[tuple[int, str]]:
    templates = Templates[tuple[int, str]]()
    templates.add(KEY, read(raw), PATH, said or None)
    return templates


def text_of(templates: Templates[tuple[int, str]], raw: bytes) -> str | None:
    found = templates.find(raw)
    return None if found is None else found.text


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
    assert documents(found.saying('"é\n')) == documents(chunk('"é\n', model="seen"))


@pytest.mark.parametrize(
    "raw",
    [
        chunk("a").replace(b"\n", b"\r\n"),
        chunk("a")[:-1] + b"id: 1\n\n",
        b"data: {}\n" + chunk("a"),
        chunk("a").replace(b'"choices"', b'\rdata: "choices"'),
        chunk("a").replace(b"data: ", b"data:"),
        event({"choices": []}),
        event({"choices": [{"delta": {"content": None}}]}),
    ],
)
def test_an_event_in_a_form_that_servers_do_not_write_is_not_remembered(raw: bytes) -> None:
    assert text_of(knowing(raw), raw) is None


def test_what_counts_events_and_hides_their_length_may_differ() -> None:
    templates = knowing(chunk("a", sequence_number=7, obfuscation="xyz"))
    raw = chunk("b", sequence_number=12, obfuscation="")
    found = templates.find(raw)
    assert found is not None
    assert (found.text, found.number, found.saying("b")) == ("b", 12, raw)
    assert found.saying("c") == chunk("c", sequence_number=12, obfuscation="")
    for other in (
        {"sequence_number": "12", "obfuscation": ""},
        {"sequence_number": 1.5, "obfuscation": ""},
        {"sequence_number": 12, "obfuscation": "a b"},
        {"sequence_number": 12, "obfuscation": None},
        {"sequence_number": 12},
    ):
        assert templates.find(chunk("b", **other)) is None


def test_members_that_are_not_what_they_should_be_do_not_vary() -> None:
    templates = knowing(chunk("a", sequence_number="x", obfuscation="see a b"))
    assert text_of(templates, chunk("b", sequence_number="x", obfuscation="see a b")) == "b"
    assert templates.find(chunk("b", sequence_number="y", obfuscation="see a b")) is None


def test_an_event_that_is_renamed_and_varies_has_to_be_read() -> None:
    raw = chunk("a", sequence_number=1)
    assert knowing(raw, chunk("", sequence_number=1)).find(raw) is None


def test_the_last_few_are_remembered() -> None:
    templates = Templates[tuple[int, str]]()
    for number in range(MOST + 1):
        raw = chunk("a", number=number)
        templates.add((number, "content"), read(raw), PATH)
    assert templates.find(chunk("b", number=0)) is None
    found = templates.find(chunk("b", number=MOST))
    assert found is not None
    assert found.template.key == (MOST, "content")


def test_a_stream_that_has_none_is_not_looked_at_for_ever() -> None:
    templates = Templates[str]()
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


def responses(texts: list[str]) -> list[bytes]:
    at = {"item_id": "i", "output_index": 0, "content_index": 0}

    def says(number: int, kind: str, **members: Any) -> bytes:
        document = {"type": kind, "sequence_number": number, **members}
        return event(document, kind)

    deltas = (
        says(number, "response.output_text.delta", **at, delta=text, logprobs=[])
        for number, text in enumerate(texts)
    )
    whole = "".join(texts)
    return [*deltas, says(len(texts), "response.output_text.done", **at, text=whole)]


MAKES = {"openai": openai, "anthropic": anthropic, "responses": responses}


def passed(events: list[bytes], hold: int, kind: str) -> tuple[list[Any], RuleScreen]:
    screen = RuleScreen(hold)
    using = reading(screen, renames=("m", "seen"))
    if kind == "anthropic":
        one = screened_reader(EVENTS, using, screen)
    else:
        one = answer_reader(EVENTS, using, strips=False, named_events=kind == "responses")
    assert one is not None
    return documents(fed(one, b"".join(events))), screen


@settings(deadline=None)
@given(TEXTS, st.integers(0, 12), st.sampled_from([*MAKES]), st.sampled_from(["", "m"]))
def test_a_stream_goes_on_as_if_all_of_it_had_been_read(
    texts: list[str], hold: int, kind: str, model: str
) -> None:
    events = MAKES[kind](texts)
    if model:
        events = [one.replace(b'"id": "c"', b'"model": "m"') for one in events]
    out, screen = passed(events, hold, kind)
    with patch.object(ssetemplate, "TRIES", 0):
        want, read_all = passed(events, hold, kind)
    assert out == want
    assert json.dumps(out) == json.dumps(want)
    assert screen.blocked == read_all.blocked
    assert {key: text.raw for key, text in screen.texts.items()} == {
        key: text.raw for key, text in read_all.texts.items()
    }
