"""The body of messages and messages/count_tokens as a `Call`. Pure: no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.model.call import Call, Kind
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.protocols.anthropic.endpoint import MESSAGES
from gateway.protocols.anthropic.members import Members, WrongError, each_once
from gateway.protocols.anthropic.prompt import Prompt
from gateway.protocols.anthropic.tools import FurtherModel, Path, Toolbox
from gateway.wire import jsonspans
from gateway.wire.jsonspans import Span
from gateway.wire.keyfold import ProtocolKeys
from gateway.wire.strictjson import dumps

PROTOCOL: Final = "anthropic"

MAX_FURTHER_MODELS: Final = 16
"""Models beside the first that one request may run; each is judged as a call of its own."""

_BODY: Final = ProtocolKeys(
    (
        "model",
        "messages",
        "system",
        "max_tokens",
        "stream",
        "temperature",
        "top_p",
        "tools",
        "tool_choice",
        "mcp_servers",
        "fallbacks",
        "metadata",
        "service_tier",
        # Read by no attribute, but `llm.body` shows them:
        "cache_control",
        "compaction",
        "container",
        "context_management",
        "inference_geo",
        "output_config",
        "output_format",
        "speed",
        "stop_sequences",
        "thinking",
        "thread",
        "top_k",
    )
)
_METADATA: Final = ProtocolKeys(("user_id",))


@dataclass(frozen=True, slots=True)
class Asked:
    """A body that was read. `models` are the paths to every name of a model, with the name."""

    call: Call
    stream: bool
    models: tuple[tuple[Path, str], ...]


def asked(method: str, value: JsonValue, version: str, betas: list[str]) -> Asked:
    """What the body `value` asks for; `version` and `betas` are what the head says of them.

    Further models (fallbacks, tools that run one) are implied calls: whoever may not use them may
    not have them used. Raises `WrongError` for a value of a wrong type.
    """
    body = Members(value, "", _BODY)
    model = body.required_model()
    tools = Toolbox()
    prompt = Prompt(tools)
    tools.read(body)
    prompt.read(body)
    attributes: JsonObject = {"method": method, "protocol": PROTOCOL, "model": model}
    attributes |= _of_prompt(prompt) | tools.attributes() | _of_head(version, betas)
    if method == MESSAGES:
        attributes |= _generation(body)
    attributes["body"] = body.value
    call = Call(
        PROTOCOL,
        method,
        Kind.REQUEST,
        target=model,
        version=version,
        attributes=attributes,
        implied=_implied(method, version, attributes, tools.models),
    )
    further = [(one.path, one.name) for one in tools.models]
    return Asked(call, attributes.get("stream") is True, ((("model",), model), *further))


def renamed(
    text: str,
    models: tuple[tuple[Path, str], ...],
    aliases: Mapping[str, str],
    first: str | None = None,
) -> str:
    """The body `text` with the names of models that are aliases replaced, of the first of them by
    `first` if that is given, every other character as it was; `text` itself where there is nothing
    to replace."""
    wanted = [(path, name, aliases.get(name, name)) for path, name in models]
    if first is not None:
        wanted[:1] = [(path, name, first) for path, name, _ in wanted[:1]]
    edits = [
        (_span(text, path), dumps(target).decode("ascii"))
        for path, name, target in wanted
        if target != name
    ]
    return jsonspans.spliced(text, edits) if edits else text


def _of_prompt(prompt: Prompt) -> JsonObject:
    found: JsonObject = {
        "roles": each_once(prompt.roles),
        "message_count": prompt.messages,
        "text_bytes": prompt.text_bytes,
        "part_types": each_once(prompt.types),
        "urls": each_once(prompt.urls),
    }
    return {name: value for name, value in found.items() if value != []}


def _of_head(version: str, betas: list[str]) -> JsonObject:
    found: JsonObject = {"version": version, "betas": each_once(betas)}
    return {name: value for name, value in found.items() if value}


def _generation(body: Members) -> JsonObject:
    """What only a request that generates has."""
    if body.get("max_tokens") is None:
        raise WrongError("max_tokens is required")
    metadata = body.members("metadata", _METADATA)
    found: JsonObject = {
        "max_tokens": body.count("max_tokens"),
        "stream": body.boolean("stream"),
        "temperature": body.number("temperature"),
        "top_p": body.number("top_p"),
        "service_tier": body.string("service_tier"),
        "metadata": None if metadata is None else metadata.value,
        "user": None if metadata is None else metadata.string("user_id"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _implied(
    method: str, version: str, attributes: JsonObject, models: list[FurtherModel]
) -> tuple[Call, ...]:
    """The same request to each further model."""
    if len(models) > MAX_FURTHER_MODELS:
        raise WrongError(f"over {MAX_FURTHER_MODELS} further models")
    calls: list[Call] = []
    for one in models:
        own = {**attributes, "model": one.name}
        own.pop("max_tokens", None)
        if method == MESSAGES and one.max_tokens is not None:
            own["max_tokens"] = one.max_tokens
        calls.append(
            Call(PROTOCOL, method, Kind.REQUEST, target=one.name, version=version, attributes=own)
        )
    return tuple(calls)


def _span(text: str, path: Path) -> Span:
    """Where the value is that `path` leads to, which is there."""
    (at,) = jsonspans.objects(text)
    for step in path:
        if isinstance(step, int):
            at = jsonspans.elements(text, at)[step]
        else:
            found = jsonspans.member(text, at, step)
            if found is None:
                raise LookupError(step)
            at = found
    return at
