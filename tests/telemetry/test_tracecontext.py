"""What clients say of their traces, and what backends are told."""

import pytest

from gateway.model.head import Headers
from gateway.telemetry.tracecontext import (
    Propagated,
    context_of,
    propagated,
    received,
    traceparent_of,
)

ONE = "00-11111111111111111111111111111111-aaaaaaaaaaaaaaaa-01"
TWO = "00-22222222222222222222222222222222-bbbbbbbbbbbbbbbb-00"
OURS = "00-11111111111111111111111111111111-cccccccccccccccc-01"
STATE = ("tracestate", "vendor=1")


def headers(*lines: tuple[str, str]) -> Headers:
    return Headers(lines)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        "",
        ONE.replace("1", "0"),
        ONE.replace("a", "0"),
        "ff" + ONE[2:],
        TWO.upper(),
        ONE + ",x",
    ],
)
def test_a_broken_traceparent_is_none(broken: str | None) -> None:
    assert context_of(broken) is None


def test_a_valid_one_comes_out_as_it_went_in() -> None:
    for text in (ONE, TWO):
        context = context_of(text)
        assert context is not None
        assert traceparent_of(context) == text


def told(*lines: tuple[str, str], meta: dict[str, str] | None = None) -> Propagated:
    context = context_of(OURS)
    assert context is not None
    return propagated(context, headers(*lines), meta or {})


def test_a_header_that_is_repeated_is_no_context() -> None:
    assert received(headers(("traceparent", ONE), ("traceparent", TWO)), {}, ()).parent is None


def test_a_context_that_comes_twice_is_not_linked_to_itself() -> None:
    found = received(headers(("traceparent", ONE)), {"traceparent": ONE}, (ONE, TWO, TWO))
    assert found.parent == context_of(ONE)
    assert [traceparent_of(one) for one in found.links] == [TWO]


def test_the_state_of_the_continued_trace_stays_as_the_client_sent_it() -> None:
    assert told(("traceparent", ONE), STATE) == Propagated(OURS)
    assert told() == Propagated(OURS)


def test_the_state_of_another_trace_goes_no_further() -> None:
    assert told(("traceparent", TWO), STATE, meta={"traceparent": ONE}) == Propagated(OURS, "")
    assert told(("traceparent", "broken"), STATE) == Propagated(OURS, "")
    assert told(STATE) == Propagated(OURS, "")


def test_the_state_of_the_message_goes_into_the_header_with_its_trace() -> None:
    meta = {"traceparent": ONE, "tracestate": " own=2 "}
    assert told(meta=meta) == Propagated(OURS, "own=2")
    assert told(("traceparent", TWO), STATE, meta=meta) == Propagated(OURS, "own=2")
