"""The trace context that an MCP message carries in `_meta` (SEP-414). Pure: no I/O, no clock."""

import re
from typing import Final

from gateway.model.jsonvalue import JsonValue

_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_LISTS: Final = {
    "tracestate": re.compile(r"[\x20-\x7e]{1,512}"),
    "baggage": re.compile(r"[\x20-\x7e]{1,8192}"),
}


def trace_context(meta: JsonValue) -> dict[str, str]:
    """`traceparent`, `tracestate` and `baggage` of `_meta`, each only if W3C allows its form.

    Without a valid traceparent there is no context: a broken one restarts the trace (W3C Trace
    Context 3.2) and never refuses the message.
    """
    if not isinstance(meta, dict):
        return {}
    parent = meta.get("traceparent")
    if not isinstance(parent, str) or _TRACEPARENT.fullmatch(parent) is None:
        return {}
    found = {"traceparent": parent}
    for name, form in _LISTS.items():
        value = meta.get(name)
        if isinstance(value, str) and form.fullmatch(value):
            found[name] = value
    return found
