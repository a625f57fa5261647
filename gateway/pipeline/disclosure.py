"""Which attributes of a call Envoy is told as dynamic metadata, and which never. Pure: no I/O.

Names are the fields of the protocols' messages in protos/attributes.proto; each of them stands in
one of the two tables. What a filter behind the gateway is told can end in its log, so content and
whatever may hold secrets is withheld.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from gateway.model.call import Call
from gateway.model.jsonvalue import JsonObject, JsonValue

TEXT_LIMIT: Final = 256
"""Characters of a string; longer ones are cut."""
LIST_LIMIT: Final = 16
"""Entries of a list."""
LISTED_LIMIT: Final = 2048
"""Characters of all lists of a request together; a list that passes it is left out."""
EXACT: Final = 1 << 53
"""Numbers of a Struct are doubles: those beyond this are left out."""
TRUNCATED: Final = "truncated"
"""Is true beside values that were cut or left out."""

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_DATA: Final = "data:"

Told: TypeAlias = Callable[[JsonValue, "Bounds"], JsonValue]


class Bounds:
    """What one request's metadata may still take. `cut` is whether something did not fit."""

    __slots__ = ("cut", "left")

    def __init__(self) -> None:
        self.cut = False
        self.left = LISTED_LIMIT

    def text(self, value: str) -> str:
        """`value` as UTF-8 can carry it (a claim of a token may hold half of a surrogate pair),
        at most TEXT_LIMIT characters."""
        if not value.isascii():
            value = value.encode("utf-8", "replace").decode("utf-8")
        if len(value) <= TEXT_LIMIT:
            return value
        self.cut = True
        return value[:TEXT_LIMIT]

    def texts(self, values: list[str]) -> list[JsonValue] | None:
        """At most LIST_LIMIT of `values`; None where they pass what all lists may take."""
        kept: list[JsonValue] = [self.text(one) for one in values[:LIST_LIMIT]]
        self.cut = self.cut or len(values) > LIST_LIMIT
        self.left -= sum(map(len, values[:LIST_LIMIT]))
        if self.left >= 0:
            return kept
        self.cut = True
        return None


def _text(value: JsonValue, bounds: Bounds) -> JsonValue:
    return bounds.text(value) if isinstance(value, str) and value else None


def _name_of_resource(value: JsonValue, bounds: Bounds) -> JsonValue:
    return bounds.text(plain_uri(value)) if isinstance(value, str) and value else None


def _number(value: JsonValue, bounds: Bounds) -> JsonValue:
    if isinstance(value, int | float) and -EXACT <= value <= EXACT:
        return value
    bounds.cut = True
    return None


def _flag(value: JsonValue, _bounds: Bounds) -> JsonValue:
    return value if isinstance(value, bool) else None


def _texts(value: JsonValue, bounds: Bounds) -> JsonValue:
    return bounds.texts(_strings(value)) or None


def _resources(value: JsonValue, bounds: Bounds) -> JsonValue:
    return bounds.texts([plain_uri(one) for one in _strings(value)]) or None


def _origins(value: JsonValue, bounds: Bounds) -> JsonValue:
    return bounds.texts(list(dict.fromkeys(map(origin, _strings(value))))) or None


def _strings(value: JsonValue) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def plain_uri(uri: str) -> str:
    """A URI without query, fragment and user information, where credentials and content are. Of
    one that is content ("data:...") the scheme; nothing of a host on which readers differ."""
    if "?" in uri or "#" in uri:
        uri = uri.partition("#")[0].partition("?")[0]
    if "," in uri and uri[: len(_DATA)].lower() == _DATA:
        return _DATA
    if "@" not in uri:
        return uri
    scheme, slashes, rest = uri.partition("//")
    if not slashes:
        return uri
    authority, slash, path = rest.partition("/")
    if "\\" in authority:
        return scheme + slashes
    return f"{scheme}{slashes}{authority.rpartition('@')[2]}{slash}{path}"


def origin(url: str) -> str:
    """SCHEME://HOST:PORT of a URL: paths hold tokens, too. Of one without a host ("data:...") the
    scheme; "" of what is no URL, which may be content, or has a host on which readers differ."""
    scheme = _SCHEME.match(url)
    if scheme is None:
        return ""
    rest = url[scheme.end() :].partition("#")[0].partition("?")[0]
    if not rest.startswith("//"):
        return scheme[0]
    authority = rest[2:].partition("/")[0]
    # Browsers' readers of URLs take it for a slash, RFC 3986's do not.
    return "" if "\\" in authority else f"{scheme[0]}//{authority.rpartition('@')[2]}"


TOLD: Final[Mapping[str, Mapping[str, Told]]] = MappingProxyType(
    {
        "mcp": {
            "method": _text,
            "kind": _text,
            "version": _text,
            "name": _text,
            "uri": _name_of_resource,
            "ref_type": _text,
            "ref_name": _text,
            "ref_uri": _name_of_resource,
            "argument_name": _text,
            "task_id": _text,
            "progress_token": _text,
            "progress": _number,
            "request_id": _text,
            "protocol_version": _text,
            "client_name": _text,
            "client_version": _text,
            "level": _text,
            "tools_list_changed": _flag,
            "prompts_list_changed": _flag,
            "resources_list_changed": _flag,
            "resource_subscriptions": _resources,
            "task_ids": _texts,
        },
        "llm": {
            "method": _text,
            "protocol": _text,
            "model": _text,
            "stream": _flag,
            "max_tokens": _number,
            "n": _number,
            "temperature": _number,
            "top_p": _number,
            "reasoning_effort": _text,
            "roles": _texts,
            "message_count": _number,
            "text_bytes": _number,
            "part_types": _texts,
            "urls": _origins,
            "tools": _texts,
            "tool_types": _texts,
            "tool_choice": _text,
            "mcp_urls": _origins,
            "mcp_labels": _texts,
            "mcp_tools": _texts,
            "user": _text,
            "safety_identifier": _text,
            "service_tier": _text,
            "store": _flag,
            "background": _flag,
            "previous_response_id": _text,
            "conversation": _text,
            "response_id": _text,
            "input_count": _number,
            "dimensions": _number,
            "size": _text,
            "quality": _text,
            "voice": _text,
            "response_format": _text,
            "file_id": _text,
            "purpose": _text,
            "file_types": _texts,
            "file_bytes": _number,
            "betas": _texts,
            "version": _text,
        },
        "a2a": {
            "method": _text,
            "binding": _text,
            "version": _text,
            "agent": _text,
            "tenant": _text,
            "extensions": _texts,
            "task_id": _text,
            "context_id": _text,
            "role": _text,
            "text_bytes": _number,
            "part_types": _texts,
            "media_types": _texts,
            "urls": _origins,
            "reference_task_ids": _texts,
            "push_urls": _origins,
            "push_config_id": _text,
            "output_modes": _texts,
            "history_length": _number,
            "return_immediately": _flag,
            "status": _text,
        },
    }
)
"""How each attribute is told, by variable and name."""

WITHHELD: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "mcp": {
            "arguments": "content",
            "context_arguments": "content",
            "argument_value": "content",
            "input_responses": "content: what user or model answered",
            "task": "free-form",
            "meta": "free-form",
            "capabilities": "free-form",
            "cursor": "opaque state of the server, which may hold anything",
            "request_state": "opaque state of the server, which may hold anything",
        },
        "llm": {
            "body": "content",
            "metadata": "free-form",
            "file_names": "written by people, about people",
            "prompt_cache_key": "often made from the prompt",
        },
        "a2a": {
            "message": "content",
            "metadata": "free-form",
            "file_names": "written by people, about people",
            "message_id": "made up by the client for one message; no filter can use it",
        },
    }
)
"""Why an attribute is never told, by variable and name."""

VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {"mcp": "mcp", "openai": "llm", "anthropic": "llm", "a2a": "a2a"}
)
"""The variable of a protocol's attributes, as in policies."""


def disclosed(call: Call, variable: str, bounds: Bounds) -> JsonObject:
    """The attributes of `call` that are told, those of `variable`; what it does not carry has no
    entry."""
    values: JsonObject = {"method": call.method}
    if variable == "mcp":
        values["kind"] = call.kind.value
    elif variable == "llm":
        values["protocol"] = call.protocol
    if call.version:
        values["version"] = bounds.text(call.version)
    plan = TOLD[variable]
    for name, value in call.attributes.items():
        tell = plan.get(name)
        if tell is not None and name not in values and (shown := tell(value, bounds)) is not None:
            values[name] = shown
    return values
