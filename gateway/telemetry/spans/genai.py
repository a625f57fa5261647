"""Spans of requests to model servers. Pure: no I/O, no clock.

Source: OpenTelemetry GenAI, docs/gen-ai/gen-ai-spans.md.
"""

from collections.abc import Collection

from gateway.model.call import Call
from gateway.model.usage import Usage
from gateway.telemetry import conventions as names
from gateway.telemetry.asked import Names
from gateway.telemetry.spans.description import Attributes, Description, Value, bounded


def describe(call: Call, known: Names, aliases: Collection[str] = ()) -> Description:
    """The span of one request; the provider is the protocol that the route speaks."""
    operation = names.genai_operation_name(call.method)
    attributes: Attributes = {names.OPERATION: operation, names.PROVIDER: call.protocol}
    attributes |= _parameters(call)
    if call.target is None:
        return Description(operation, attributes)
    attributes[names.REQUEST_MODEL] = bounded(call.target)
    model = call.target if call.target in aliases else known.known("models", call.target)
    return Description(f"{operation} {model}", attributes)


def answered(usage: Usage | None, first_chunk: float | None) -> Attributes:
    """What the answer said, where it was read; `first_chunk` is in seconds."""
    values: dict[str, Value | None] = {names.FIRST_CHUNK: first_chunk}
    if usage is not None:
        values |= {
            names.RESPONSE_ID: bounded(usage.id) or None,
            names.RESPONSE_MODEL: bounded(usage.model) or None,
            names.FINISH_REASONS: (bounded(usage.finish),) if usage.finish else None,
            names.INPUT_TOKENS: usage.input,
            names.OUTPUT_TOKENS: usage.output,
            names.CACHED_TOKENS: usage.cached or None,
            names.REASONING_TOKENS: usage.reasoning or None,
        }
    return {name: value for name, value in values.items() if value is not None}


def _parameters(call: Call) -> Attributes:
    """Those that the request sets; what it does not set is absent, 0 or the default."""
    asked = call.attributes
    found: Attributes = {}
    for name, key in (
        (names.REQUEST_MAX_TOKENS, "max_tokens"),
        (names.REQUEST_TEMPERATURE, "temperature"),
        (names.REQUEST_TOP_P, "top_p"),
    ):
        value = asked.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            found[name] = value
    choices = asked.get("n")
    if isinstance(choices, int) and choices != 1:
        found[names.REQUEST_CHOICES] = choices
    if asked.get("stream") is True:
        found[names.REQUEST_STREAM] = True
    return found
