"""A bound on how long a stream may live at all."""

from collections.abc import Iterator
from typing import Final

from gateway.edge.clusters import HTTP_PROTOCOL_OPTIONS
from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import Manager, Setup

_COMMON: Final = "common_http_protocol_options.max_stream_duration"


def _find(setup: Setup) -> Found:
    for manager in setup.managers:
        if manager.judged:
            yield from _bounded(_places(manager))
    for cluster in setup.backends:
        own = cluster["typed_extension_protocol_options"].entry(HTTP_PROTOCOL_OPTIONS)
        yield from _bounded(iter((own[_COMMON], cluster[_COMMON])))


def _places(manager: Manager) -> Iterator[Node]:
    own = [route.action["max_stream_duration.max_stream_duration"] for route in manager.judged]
    yield from own
    if not all(one.given for one in own):  # a route's own takes the place of the general one
        yield manager.node[_COMMON]


def _bounded(places: Iterator[Node]) -> Iterator[tuple[Node, str]]:
    for place in places:
        if place.seconds:
            yield place, f"streams end after {place.text}"


DANGER: Final = Danger(
    name="stream-duration",
    level="danger",
    reason="event streams of judged routes are cut off, whatever they are about to say",
    fix="leave max_stream_duration out, or set 0s on the route",
    find=_find,
)
