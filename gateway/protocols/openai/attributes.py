"""What policy can know of a JSON body, by method. Pure: no I/O, no clock.

Names are the fields of message `Llm` in protos/attributes.proto, which says what each one is.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.protocols.openai.prompt import Prompt
from gateway.protocols.openai.tools import Tools, tool_choice
from gateway.protocols.openai.typed import Members, WrongError
from gateway.wire.keyfold import has_twins

Read = Callable[[Members, str], JsonValue]
Found = Callable[[Members], JsonObject]


def _string(body: Members, key: str) -> JsonValue:
    return body.string(key)


def _model(body: Members, _: str) -> JsonValue:
    return body.model()


def _integer(body: Members, key: str) -> JsonValue:
    return body.integer(key)


def _number(body: Members, key: str) -> JsonValue:
    return body.number(key)


def _boolean(body: Members, key: str) -> JsonValue:
    return body.boolean(key)


def _free(body: Members, key: str) -> JsonValue:
    return body.free(key)


def _string_or(inner: str) -> Read:
    """A string, or an object that has it in a member."""

    def read(body: Members, key: str) -> JsonValue:
        if not isinstance(body.get(key), dict):
            return body.string(key)
        members = body.object(key)
        return None if members is None else members.string(inner)

    return read


_PLAIN: Final[Mapping[str, Read]] = MappingProxyType(
    {
        "model": _model,
        "stream": _boolean,
        "temperature": _number,
        "top_p": _number,
        "user": _string,
        "safety_identifier": _string,
        "prompt_cache_key": _string,
        "service_tier": _string,
        "store": _boolean,
        "background": _boolean,
        "previous_response_id": _string,
        "conversation": _string_or("id"),
        "metadata": _free,
        "dimensions": _integer,
        "size": _string,
        "quality": _string,
        "voice": _string_or("id"),
        "response_format": _string_or("type"),
    }
)
"""Attributes that are members of the body, by name."""


def _max_tokens(body: Members) -> JsonObject:
    bounds = [
        body.integer(key) for key in ("max_completion_tokens", "max_tokens", "max_output_tokens")
    ]
    given = [bound for bound in bounds if bound is not None]
    return {"max_tokens": max(given)} if given else {}


def _answers(body: Members) -> JsonObject:
    given = [body.integer("n"), body.integer("best_of")]
    return {"n": max((one for one in given if one is not None), default=1)}


def _effort(body: Members) -> JsonObject:
    reasoning = body.object("reasoning")
    flat, nested = body.string("reasoning_effort"), reasoning and reasoning.string("effort")
    if flat is not None and nested is not None and flat != nested:
        raise WrongError("reasoning_effort and reasoning.effort differ")
    effort = nested if flat is None else flat
    return {} if effort is None else {"reasoning_effort": effort}


def _chat(body: Members) -> JsonObject:
    prompt = Prompt()
    prompt.chat(body)
    return _described(prompt)


def _response(body: Members) -> JsonObject:
    prompt = Prompt()
    prompt.response(body)
    return {"store": True, **_described(prompt)}


def _described(prompt: Prompt) -> JsonObject:
    return {
        "roles": list[JsonValue](prompt.roles),
        "message_count": prompt.count,
        "text_bytes": prompt.text,
        "part_types": list[JsonValue](prompt.parts),
        "urls": list[JsonValue](prompt.urls),
    }


def _tools(body: Members) -> JsonObject:
    return _named(body, _read_tools(body))


def _read_tools(body: Members) -> Tools:
    tools = Tools()
    tools.read(body)
    return tools


def _named(body: Members, tools: Tools) -> JsonObject:
    choice = tool_choice(body)
    return {
        "tools": list[JsonValue](tools.names),
        "tool_types": list[JsonValue](tools.types),
        **({} if choice is None else {"tool_choice": choice}),
    }


def _response_tools(body: Members) -> JsonObject:
    tools = _read_tools(body)
    return {
        **_named(body, tools),
        "mcp_urls": list[JsonValue](tools.mcp_urls),
        "mcp_labels": list[JsonValue](tools.mcp_labels),
        "mcp_tools": list[JsonValue](tools.mcp_tools),
    }


def _inputs(key: str) -> Found:
    def found(body: Members) -> JsonObject:
        prompt = Prompt()
        count = prompt.texts(body, key)
        prompt.searched(body.string("suffix"))  # of completions, around which the model writes
        return {"input_count": count, "text_bytes": prompt.text}

    return found


def _moderated(body: Members) -> JsonObject:
    prompt = Prompt()
    value = body.get("input")
    is_parts = isinstance(value, list) and any(isinstance(one, dict) for one in value)
    count = prompt.parts_of(body, "input") if is_parts else prompt.texts(body, "input")
    return {"input_count": count, "text_bytes": prompt.text}


def _text_of(*keys: str) -> Found:
    def found(body: Members) -> JsonObject:
        prompt = Prompt()
        for key in keys:
            prompt.searched(body.string(key))
        return {"text_bytes": prompt.text}

    return found


def _edited(body: Members) -> JsonObject:
    prompt = Prompt()
    for image in body.objects("images"):
        prompt.links(image)
    for key in ("mask", "markup"):
        if (given := body.object(key)) is not None:
            prompt.links(given)
    return {"urls": list[JsonValue](prompt.urls)}


_CALLER: Final = ("user", "safety_identifier", "prompt_cache_key", "service_tier", "metadata")
_GENERATION: Final = ("stream", "temperature", "top_p")

_METHODS: Final[Mapping[str, tuple[tuple[str, ...], tuple[Found, ...]]]] = MappingProxyType(
    {
        "chat/completions": (
            (*_GENERATION, *_CALLER, "store", "response_format"),
            (_max_tokens, _answers, _effort, _chat, _tools),
        ),
        "completions": ((*_GENERATION, "user"), (_max_tokens, _answers, _inputs("prompt"))),
        "responses": (
            (
                *_GENERATION,
                *_CALLER,
                "store",
                "background",
                "previous_response_id",
                "conversation",
            ),
            (_max_tokens, _effort, _response, _response_tools),
        ),
        "embeddings": (("user", "dimensions"), (_inputs("input"),)),
        "moderations": ((), (_moderated,)),
        "images/generations": (
            ("stream", "user", "size", "quality", "response_format"),
            (_answers, _text_of("prompt")),
        ),
        "images/edits": (("user", "size", "quality", "response_format"), (_answers, _edited)),
        "audio/speech": (("voice", "response_format"), (_text_of("input", "instructions"),)),
    }
)

_MODEL_REQUIRED: Final = frozenset(
    ("chat/completions", "completions", "embeddings", "audio/speech")
)
"""Of the other methods the model has a default, or is that of a stored prompt. A call that names
none is about no model that a rule could allow."""


def attributes(method: str, values: JsonObject) -> JsonObject:
    """The attributes that the body of a call of `method` carries; absent ones have no entry.

    Raises `WrongError` where a known member is not of its type.
    """
    body = Members(values)
    if has_twins(values):
        raise WrongError("two keys differ by case only")
    plain, found = _METHODS[method]
    names = ("model", *plain)
    read = {name: _PLAIN[name](body, name) for name in names}
    if method in _MODEL_REQUIRED:
        body.required("model")
    derived: JsonObject = {}
    for one in found:
        derived.update(one(body))
    derived.update({name: value for name, value in read.items() if value is not None})
    return {**derived, "body": values}


def check_stream_options(values: JsonObject) -> None:
    """`WrongError` unless `stream_options` can be added to."""
    options = Members(values).object("stream_options")
    if options is not None:
        options.boolean("include_usage")
