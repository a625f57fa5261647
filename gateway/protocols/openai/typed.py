"""The objects of a JSON body, read by key and type. Pure: no I/O, no clock."""

import math
from itertools import chain
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.protocols.base import MAX_MODEL_NAME
from gateway.wire.keyfold import MAX_MEMBERS, ProtocolKeys

_INT64: Final = 1 << 63

_ROWS: Final = (
    ("model", "messages", "input", "instructions", "prompt", "variables", "stream"),
    ("stream_options", "include_usage", "max_tokens", "max_completion_tokens"),
    ("max_output_tokens", "n", "best_of", "temperature", "top_p", "reasoning"),
    ("reasoning_effort", "effort", "tools", "functions", "tool_choice", "function_call"),
    ("user", "safety_identifier", "prompt_cache_key", "service_tier", "store"),
    ("background", "previous_response_id", "conversation", "metadata", "dimensions"),
    ("size", "quality", "voice", "response_format", "purpose", "images", "image", "mask"),
    ("file", "role", "content", "type", "text", "refusal", "name", "id", "image_url"),
    ("video_url", "audio_url", "file_url", "url", "input_audio", "file_data", "file_id"),
    ("filename", "tool_calls", "function", "custom", "arguments", "output", "summary"),
    ("server_url", "server_label", "connector_id", "tunnel_id", "allowed_tools", "tool_names"),
    ("prediction", "suffix", "input_image_mask", "markup", "data"),
)

NAMES: Final = frozenset(chain.from_iterable(_ROWS))
"""Every key to which some object of the API gives a meaning that policy sees."""

KEYS: Final = ProtocolKeys(NAMES)


class WrongError(Exception):
    """A request that means nothing; the message is for the caller and quotes no content."""


class Members:
    """One object. A known key that is absent or null is the same; of another type it is a
    `WrongError`, and so is an unknown key that lenient parsers take for a known one.

    `place` names the object in messages, "" for the body itself.
    """

    __slots__ = ("_place", "values")

    def __init__(self, values: JsonObject, place: str = "") -> None:
        if len(values) > MAX_MEMBERS:
            raise WrongError(f"{place or 'the body'} has over {MAX_MEMBERS} members")
        if (key := KEYS.mimicked(values)) is not None:
            raise WrongError(f'a key can be mistaken for "{key}"')
        self.values = values
        self._place = place

    def place(self, key: str) -> str:
        """How messages name the member `key`."""
        return f"{self._place}.{key}" if self._place else key

    def wrong(self, key: str, wanted: str) -> WrongError:
        """What to raise when `key` is not `wanted`."""
        return WrongError(f"{self.place(key)} must be {wanted}")

    def get(self, key: str) -> JsonValue:
        """The value, whatever its type; None where there is none."""
        return self.values.get(key)

    def string(self, key: str) -> str | None:
        """A string."""
        value = self.values.get(key)
        if value is None or isinstance(value, str):
            return value
        raise self.wrong(key, "a string")

    def required(self, key: str) -> str:
        """A string that must be there."""
        value = self.string(key)
        if value is None:
            raise WrongError(f"{self.place(key)} is required")
        return value

    def model(self) -> str | None:
        """The name of the model: 1 to MAX_MODEL_NAME characters. An empty one is refused, since
        vLLM takes it for the model that it was started with, whatever rules say of that."""
        name = self.string("model")
        if name is not None and not 0 < len(name) <= MAX_MODEL_NAME:
            raise self.wrong("model", f"a string of 1 to {MAX_MODEL_NAME} characters")
        return name

    def integer(self, key: str) -> int | None:
        """An integer of 64 bits; 1.0 is none, since servers differ on it."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not -_INT64 <= value < _INT64:
            raise self.wrong(key, "an integer of 64 bits")
        return value

    def number(self, key: str) -> float | None:
        """A finite number."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, "a number")
        if not math.isfinite(number := float(value)):
            raise self.wrong(key, "a finite number")
        return number

    def boolean(self, key: str) -> bool | None:
        """true or false."""
        value = self.values.get(key)
        if value is None or isinstance(value, bool):
            return value
        raise self.wrong(key, "true or false")

    def object(self, key: str) -> "Members | None":
        """An object of the API, its keys checked."""
        value = self.free(key)
        return None if value is None else Members(value, self.place(key))

    def free(self, key: str) -> "JsonObject | None":
        """An object whose keys are the client's own."""
        value = self.values.get(key)
        if value is None or isinstance(value, dict):
            return value
        raise self.wrong(key, "an object")

    def list(self, key: str) -> "list[JsonValue] | None":
        """A list of anything."""
        value = self.values.get(key)
        if value is None or isinstance(value, list):
            return value
        raise self.wrong(key, "a list")

    def objects(self, key: str) -> "list[Members]":
        """A list of objects, empty where there is none."""
        return [self._element(key, at, one) for at, one in enumerate(self.list(key) or ())]

    def strings(self, key: str) -> "list[str]":
        """A list of strings, empty where there is none."""
        values = self.list(key) or []
        found = [one for one in values if isinstance(one, str)]
        if len(found) != len(values):
            raise self.wrong(key, "a list of strings")
        return found

    def _element(self, key: str, at: int, value: JsonValue) -> "Members":
        place = f"{self.place(key)}[{at}]"
        if not isinstance(value, dict):
            raise WrongError(f"{place} must be an object")
        return Members(value, place)
