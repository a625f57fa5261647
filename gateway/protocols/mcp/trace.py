"""The trace context that an MCP message carries in `_meta` (SEP-414). Pure: no I/O, no clock."""

import re
from collections.abc import Iterator
from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.model.traceparent import TRACEPARENT_FORM, same_trace
from gateway.wire import jsonspans
from gateway.wire.jsonspans import Span

_LISTS: Final = {
    "tracestate": re.compile(r"[\x20-\x7e]{1,512}"),
    "baggage": re.compile(r"[\x20-\x7e]{1,8192}"),
}
_KEY: Final = '"traceparent"'
"""How the key is spelt in a strict document's text, where no key has needless escapes."""


def trace_context(meta: JsonValue) -> dict[str, str]:
    """`traceparent`, `tracestate` and `baggage` of `_meta`, each only if W3C allows its form.

    Without a valid traceparent there is no context: a broken one restarts the trace (W3C Trace
    Context 3.2) and never refuses the message.
    """
    if not isinstance(meta, dict):
        return {}
    parent = meta.get("traceparent")
    if not isinstance(parent, str) or TRACEPARENT_FORM.fullmatch(parent) is None:
        return {}
    found = {"traceparent": parent}
    for name, form in _LISTS.items():
        value = meta.get(name)
        if isinstance(value, str) and form.fullmatch(value):
            found[name] = value
    return found


def carries_trace(meta: JsonValue) -> bool:
    """Whether `_meta` has a traceparent, valid or not."""
    return isinstance(meta, dict) and "traceparent" in meta


def retraced(text: str, traceparent: str, carrying: int) -> str:
    """The strict JSON `text` of a message or a batch, `carrying` of whose messages have a
    `_meta.traceparent`: each is this one then. Every other byte stays.

    A tracestate is of the trace that it came with: in another one it becomes empty, which is how
    W3C Trace Context 3.3 says that there is none.
    """
    edits = _plain_edits(text, traceparent, carrying)
    if edits is None:
        edits = [edit for meta in _metas(text) for edit in _edits(text, meta, traceparent)]
    return jsonspans.spliced(text, edits)


def _plain_edits(text: str, traceparent: str, carrying: int) -> list[tuple[Span, str]] | None:
    """The edits where nothing but those keys looks like one, so that nothing else has to be read
    again; None where something does, or where a state has to end."""
    if text.count(_KEY) != carrying:
        return None
    edits: list[tuple[Span, str]] = []
    at = 0
    for _ in range(carrying):
        own = jsonspans.member_at(text, text.index(_KEY, at))
        if '"tracestate"' in text and not _continues(text, own, traceparent):
            return None
        edits.append((own, f'"{traceparent}"'))
        at = own.end
    return edits


def _metas(text: str) -> Iterator[Span]:
    """`params._meta` of each message that has one."""
    for message in jsonspans.objects(text):
        params = jsonspans.member(text, message, "params")
        meta = None if params is None else jsonspans.member(text, params, "_meta")
        if meta is not None:
            yield meta


def _edits(text: str, meta: Span, traceparent: str) -> Iterator[tuple[Span, str]]:
    members = jsonspans.members(text, meta) if text[meta.start] == "{" else {}
    own = members.get("traceparent")
    if own is None:
        return
    yield own, f'"{traceparent}"'
    if "tracestate" in members and not _continues(text, own, traceparent):
        yield members["tracestate"], '""'


def _continues(text: str, own: Span, traceparent: str) -> bool:
    """Whether the value at `own` is of the same trace; one with escapes counts as another."""
    return same_trace(text[own.start + 1 : own.end - 1], traceparent)
