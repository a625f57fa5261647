"""Which method a URL and an HTTP method name. Pure: no I/O, no clock.

Source: the paths of openai-openapi 2.3.0, below "/v1". What is not in the table is refused: a path
that nobody judges is a way around the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final


class Body(Enum):
    """The media types in which a request of a method comes."""

    NONE = "none"
    JSON = "application/json"
    FORM = "multipart/form-data"
    EITHER = "either of them"
    OPTIONAL = "an empty body"  # or JSON without a meaning


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method, as attributes.proto names it, the body that it takes, and the attribute that holds
    the id in its path, "" if there is none."""

    method: str
    body: Body
    id: str = ""


_ID: Final = "{}"

_TABLE: Final[Mapping[tuple[str, ...], Mapping[str, Endpoint]]] = MappingProxyType(
    {
        ("chat", "completions"): {"POST": Endpoint("chat/completions", Body.JSON)},
        ("completions",): {"POST": Endpoint("completions", Body.JSON)},
        ("responses",): {"POST": Endpoint("responses", Body.JSON)},
        ("responses", _ID): {
            "GET": Endpoint("responses/get", Body.NONE, "response_id"),
            "DELETE": Endpoint("responses/delete", Body.NONE, "response_id"),
        },
        ("responses", _ID, "cancel"): {
            "POST": Endpoint("responses/cancel", Body.OPTIONAL, "response_id")
        },
        ("responses", _ID, "input_items"): {
            "GET": Endpoint("responses/input_items", Body.NONE, "response_id")
        },
        ("embeddings",): {"POST": Endpoint("embeddings", Body.JSON)},
        ("moderations",): {"POST": Endpoint("moderations", Body.JSON)},
        ("models",): {"GET": Endpoint("models/list", Body.NONE)},
        ("models", _ID): {"GET": Endpoint("models/get", Body.NONE, "model")},
        ("images", "generations"): {"POST": Endpoint("images/generations", Body.JSON)},
        ("images", "edits"): {"POST": Endpoint("images/edits", Body.EITHER)},
        ("images", "variations"): {"POST": Endpoint("images/variations", Body.FORM)},
        ("audio", "speech"): {"POST": Endpoint("audio/speech", Body.JSON)},
        ("audio", "transcriptions"): {"POST": Endpoint("audio/transcriptions", Body.FORM)},
        ("audio", "translations"): {"POST": Endpoint("audio/translations", Body.FORM)},
        ("files",): {
            "POST": Endpoint("files/create", Body.FORM),
            "GET": Endpoint("files/list", Body.NONE),
        },
        ("files", _ID): {
            "GET": Endpoint("files/get", Body.NONE, "file_id"),
            "DELETE": Endpoint("files/delete", Body.NONE, "file_id"),
        },
        ("files", _ID, "content"): {"GET": Endpoint("files/content", Body.NONE, "file_id")},
    }
)

METHODS: Final = frozenset(
    endpoint.method for methods in _TABLE.values() for endpoint in methods.values()
)
"""Every method of the API that can be judged."""


def endpoints(segments: tuple[str, ...]) -> tuple[Mapping[str, Endpoint], str] | None:
    """What the HTTP methods of a path mean, and the id in the path ("" without one); None for a
    path that is none of the API.

    A literal wins over an id. The names of models may have slashes, which reach us as segments.
    """
    if len(segments) > 1 and segments[0] == "models":
        return _TABLE["models", _ID], "/".join(segments[1:])
    exact = _TABLE.get(segments)
    if exact is not None and _ID not in segments:
        return exact, ""
    if len(segments) < 2:
        return None
    with_id = _TABLE.get((segments[0], _ID, *segments[2:]))
    return None if with_id is None else (with_id, segments[1])
