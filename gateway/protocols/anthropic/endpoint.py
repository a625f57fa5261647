"""Which operation a request asks for, by its path and HTTP method. Pure: no I/O, no clock.

What is not in the table (batches, files, skills, the legacy /v1/complete) is not served: nothing
could judge it.
"""

from dataclasses import dataclass
from typing import Final

from gateway.model.head import RequestHead
from gateway.model.refusal import Reason, Refusal
from gateway.wire.urlpath import segments

MESSAGES: Final = "messages"
COUNT_TOKENS: Final = "messages/count_tokens"
MODELS_LIST: Final = "models/list"
MODELS_GET: Final = "models/get"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An operation by its name in attributes.proto. `model` is the one that the path names."""

    method: str
    model: str | None = None


def endpoint_of(head: RequestHead, base: str) -> Endpoint | Refusal:
    """The operation below the route's path `base`; 404 for no path of the table, 405 with Allow
    for another HTTP method."""
    found = _found(segments(head.path, base))
    if found is None:
        return Refusal(Reason.UNKNOWN_METHOD, "there is no such endpoint")
    wanted = "POST" if found.method in {MESSAGES, COUNT_TOKENS} else "GET"
    if head.method == wanted:
        return found
    message = f"{found.method} needs {wanted}"
    return Refusal(Reason.METHOD_NOT_ALLOWED, message, headers=(("allow", wanted),))


def _found(parts: tuple[str, ...] | None) -> Endpoint | None:
    match parts:
        case ("v1", "messages"):
            return Endpoint(MESSAGES)
        case ("v1", "messages", "count_tokens"):
            return Endpoint(COUNT_TOKENS)
        case ("v1", "models"):
            return Endpoint(MODELS_LIST)
        case ("v1", "models", model, *rest):  # the names of models may have slashes
            return Endpoint(MODELS_GET, "/".join((model, *rest)))
        case _:
            return None
