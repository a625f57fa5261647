"""The one table of an ext_proc exchange: what may come when. Pure: no I/O, no clock."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from gateway.extproc.events import (
    RequestBody,
    RequestHeaders,
    RequestTrailers,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
)
from gateway.model.verdict import Emit, Forward, PassResponse, Proceed, ReadResponse, Refuse


class StreamError(Exception):
    """An event or conclusion that is illegal in the present state; the stream must fail closed."""


class State(Enum):
    """Where an exchange stands; the name says what it waits for."""

    START = "the request's headers"
    PREVIEWING = "the verdict on the headers"
    HOLDING = "the rest of the body"
    JUDGING = "the verdict on the request"
    FORWARDED = "the response's headers"
    ANSWERING = "the verdict on the response"
    READING = "the next piece of the response"
    FILTERING = "the verdict on a piece of the response"
    COLLECTING = "the whole body of the response, which Envoy holds with its head"
    WEIGHING = "the verdict on the whole response"
    RELAYING = "the end, nothing left to read"
    ANSWERED = "the end of an answer of Envoy's own"
    ENDED = "nothing: the gateway answered"

    __hash__ = object.__hash__  # Enum hashes the name, in Python, at every step


class End(Enum):
    """With what a request or response ended."""

    HEADERS = "headers"
    BODY = "body"
    TRAILERS = "trailers"


S = State
TRANSITIONS: Final[Mapping[tuple[State, type], frozenset[State]]] = MappingProxyType(
    {
        (S.START, RequestHeaders): frozenset({S.PREVIEWING, S.JUDGING}),
        (S.START, ResponseHeaders): frozenset({S.ANSWERED}),  # a filter before ours refused
        (S.PREVIEWING, Proceed): frozenset({S.HOLDING}),
        (S.PREVIEWING, Refuse): frozenset({S.ENDED}),
        (S.HOLDING, RequestBody): frozenset({S.HOLDING, S.JUDGING}),
        (S.HOLDING, RequestTrailers): frozenset({S.JUDGING}),
        (S.HOLDING, ResponseHeaders): frozenset({S.ANSWERED}),  # Envoy's own 413, 408, ...
        (S.JUDGING, Forward): frozenset({S.FORWARDED}),
        (S.JUDGING, Refuse): frozenset({S.ENDED}),
        (S.FORWARDED, RequestTrailers): frozenset({S.FORWARDED}),
        (S.FORWARDED, ResponseHeaders): frozenset({S.ANSWERING}),
        (S.FORWARDED, ResponseTrailers): frozenset({S.FORWARDED}),  # asked for without the headers
        (S.ANSWERING, PassResponse): frozenset({S.RELAYING}),
        (S.ANSWERING, ReadResponse): frozenset({S.READING, S.COLLECTING, S.RELAYING}),
        (S.ANSWERING, Refuse): frozenset({S.ENDED}),
        (S.READING, ResponseBody): frozenset({S.FILTERING}),
        (S.READING, ResponseTrailers): frozenset({S.FILTERING}),
        (S.FILTERING, Emit): frozenset({S.READING, S.RELAYING}),
        (S.COLLECTING, ResponseBody): frozenset({S.WEIGHING}),
        (S.COLLECTING, ResponseTrailers): frozenset({S.WEIGHING}),
        (S.WEIGHING, Emit): frozenset({S.RELAYING}),
        (S.WEIGHING, Refuse): frozenset({S.ENDED}),
        (S.RELAYING, RequestTrailers): frozenset({S.RELAYING}),
        (S.RELAYING, ResponseBody): frozenset({S.RELAYING}),  # duplex: every piece comes here
        (S.RELAYING, ResponseTrailers): frozenset({S.RELAYING}),
        (S.ANSWERED, ResponseBody): frozenset({S.ANSWERED}),
        (S.ANSWERED, ResponseTrailers): frozenset({S.ANSWERED}),
        # What was on its way when the gateway answered; Envoy has dropped the exchange.
        (S.ENDED, RequestBody): frozenset({S.ENDED}),
        (S.ENDED, RequestTrailers): frozenset({S.ENDED}),
        (S.ENDED, ResponseHeaders): frozenset({S.ENDED}),
        (S.ENDED, ResponseBody): frozenset({S.ENDED}),
        (S.ENDED, ResponseTrailers): frozenset({S.ENDED}),
    }
)
"""Every legal step. A pair that is missing, or a target outside its set, is a `StreamError`."""
