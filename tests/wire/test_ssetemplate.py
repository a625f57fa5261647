"""What is not read again of an event is what reading it again would find."""

import json
import re
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
from tests.support.answer_screen import MASKED, RuleScreen
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


def documents_of(out: bytes) -> list[Any]:
    """As `documents`, also of lines that are none."""
    lines = (line[6:] for line in re.split(rb"\r\n?|\n", out) if line.startswith(b"data: "))
    return [_read(line) for line in lines if line != b"[DONE]"]


def _read(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return repr(line)


def passed(events: list[bytes], hold: int, kind: str) -> tuple[list[Any], RuleScreen]:
    screen = RuleScreen(hold)
    using = reading(screen, renames=("m", "seen"))
    if kind == "anthropic":
        one = screened_reader(EVENTS, using, screen)
    else:
        one = answer_reader(EVENTS, using, strips=False, named_events=kind == "responses")
    assert one is not None
    return documents_of(fed(one, b"".join(events))), screen


SPOILT = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.integers(0, 150),
        st.sampled_from(
            [
                *(b'"', b"\\", b"\n", b"\r", b"\x00", b"\xff", b"1", b"{", b"}", b",", b"\\u0053"),
                *(b'"content":"x"', b',"delta":{"content":"FORBIDDEN"}', b'"finish_reason":"stop"'),
                *(b'"logprobs":{"content":[{"token":"SECRET"}]}', b'"tool_calls":[]', b"id: 3\n"),
            ]
        ),
    ),
    max_size=2,
)


def spoilt(events: list[bytes], what: list[tuple[int, int, bytes]]) -> list[bytes]:
    """Events into which something was put that may not belong there."""
    found = list(events)
    for number, at, more in what:
        one = found[number % len(found)]
        found[number % len(found)] = one[:at] + more + one[at:]
    return found


def same(events: list[bytes], hold: int, kind: str) -> None:
    """What the client gets and the screen sees is as if every event had been read."""
    out, screen = passed(events, hold, kind)
    with patch.object(ssetemplate, "TRIES", 0):
        want, read_all = passed(events, hold, kind)
    assert json.dumps(out) == json.dumps(want)
    assert screen.blocked == read_all.blocked
    assert {key: text.raw for key, text in screen.texts.items()} == {
        key: text.raw for key, text in read_all.texts.items()
    }


@settings(deadline=None)
@given(TEXTS, st.integers(0, 12), st.sampled_from([*MAKES]), st.sampled_from(["", "m"]))
def test_a_stream_goes_on_as_if_all_of_it_had_been_read(
    texts: list[str], hold: int, kind: str, model: str
) -> None:
    events = MAKES[kind](texts)
    if model:
        events = [one.replace(b'"id": "c"', b'"model": "m"') for one in events]
    same(events, hold, kind)


@settings(deadline=None, max_examples=300)
@given(TEXTS, st.integers(0, 12), st.sampled_from(["openai", "anthropic"]), SPOILT)
def test_so_does_one_that_no_server_would_write(
    texts: list[str], hold: int, kind: str, what: list[tuple[int, int, bytes]]
) -> None:
    same(spoilt(MAKES[kind](texts), what), hold, kind)


def test_what_a_chunk_says_of_itself_is_what_the_rest_of_its_text_says() -> None:
    events = [chunk("a"), chunk("b"), chunk("c", id="other"), chunk("d"), b"data: [DONE]\n\n"]
    out, _ = passed(events, 99, "openai")
    assert out[-1]["id"] == "c"
    assert out[-1]["choices"][0]["delta"]["content"] == "abcd"


def test_an_event_of_a_type_that_nobody_knows_is_not_remembered() -> None:
    begin, piece, *rest = anthropic(["SECRET"])
    strange = piece.replace(b'"content_block_delta"', b'"context_block_delta"')
    out, screen = passed([begin, strange, strange, *rest], 0, "anthropic")
    assert [one["delta"]["text"] for one in out[1:3]] == [MASKED, MASKED]
    assert [text.raw for text in screen.texts.values() if text.raw] == []
