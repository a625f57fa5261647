"""The strings of a request that guardrails judge. Pure: no I/O, no clock.

Source: openai-openapi 2.3.0, and what vLLM and LiteLLM take beside it. Stage is REQUEST. Channels
are paths ("messages/3/content", "messages/3/tool_calls/0/arguments", "tools/2"), of which keys that
a client made up are no part. Parts go by the role of the message.

No passages are ids, names of models and values of enumerations that cannot be prose
(`jsonstrings.token`), token ids, and the bytes of media; their URLs and file names are, and text
that comes as a file is. Members that are not known are metadata, with their keys.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gateway.model.jsonvalue import JsonMapping, JsonObject, JsonValue
from gateway.model.passage import Part, Passage, Path, Place, Stage
from gateway.wire import multipart
from gateway.wire.bytestext import text_in
from gateway.wire.jsonstrings import (
    Collector,
    Rule,
    Shape,
    Spot,
    each,
    here,
    inner,
    is_text_type,
    medium,
    merged,
    nothing,
    parsed,
    sealed,
    text,
    token,
)
from gateway.wire.schemastrings import schema

_ROLES: Final[Mapping[str, Part]] = MappingProxyType(
    {
        "system": Part.SYSTEM,
        "developer": Part.SYSTEM,
        "user": Part.USER,
        "assistant": Part.ASSISTANT,
        "tool": Part.TOOL_RESULT,
        "function": Part.TOOL_RESULT,
    }
)


def passages_of(method: str, body: JsonObject) -> tuple[Passage, ...]:
    """The passages of the JSON body of a call of `method`."""
    out = Collector(Stage.REQUEST)
    out.shaped(body, (), Spot(Part.USER, ""), _SPEECH if method == "audio/speech" else _BODY)
    return tuple(out.found)


def passages_of_form(
    texts: JsonMapping, files: Sequence[multipart.Part] = (), body: bytes = b""
) -> tuple[Passage, ...]:
    """The passages of a form: its text fields `texts` by name, those of lists as lists, the names
    of its files, and what those of them say that are text; the parts are of `body`. Places are in
    an object of the fields, in which "files" has the names and "contents" what they say."""
    out = Collector(Stage.REQUEST)
    out.shaped(dict(texts), (), Spot(Part.USER, ""), _BODY)
    for index, name in enumerate([one.file_name for one in files if one.file_name]):
        out.add(name, Place(("files", index)), Spot(Part.METADATA, f"files/{index}"))
    for index, one in enumerate([one for one in files if one.file_name is not None]):
        declared = one.content_type is not None and is_text_type(one.content_type)
        said = text_in(body[one.start : one.end], declared=declared)
        spot = Spot(Part.RESOURCE, f"contents/{index}")
        out.add(said or "", Place(("contents", index)), spot)
    return tuple(out.found)


def message(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A message of a chat completion, or an element of input."""
    role = value.get("role") if isinstance(value, dict) else None
    part = _ROLES.get(role, Part.USER) if isinstance(role, str) else spot.part
    out.shaped(value, path, spot.at(path[-1], part), MESSAGE)


def contents(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A text, or parts that together are one text."""
    spot = spot.at(path[-1])
    if not isinstance(value, list):
        out.shaped(value, path, spot, PART)
        return
    for index, part in enumerate(value):
        out.shaped(part, (*path, index), spot, PART)


def tool_call(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A call of a function or a custom tool, with the tool's name."""
    out.shaped(value, path, spot.at(path[-1], Part.TOOL_ARGUMENTS, name_of(value)), _CALL)


def tool(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """The definition of a tool."""
    spot = spot.at(path[-1], Part.TOOL_DEFINITION, name_of(value))
    out.shaped(value, path, spot, _TOOL)


def name_of(value: JsonValue) -> str:
    """The name of a tool that is defined or called, "" where there is none."""
    for one in _nested(value):
        if isinstance(one, dict) and isinstance(name := one.get("name"), str):
            return name
    return ""


def item(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """An element of the input or output of responses."""
    item_at(out, value, path, spot.at(path[-1]))


def item_at(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """An item at `spot`: a message, a call, what a tool said, how a model reasoned."""
    if not isinstance(value, dict):
        out.strings(value, path, spot)
        return
    kind, role = value.get("type"), value.get("role")
    part = Part.REASONING if kind == "reasoning" else spot.part
    if isinstance(role, str):
        part = _ROLES.get(role, Part.USER)
    out.shaped(value, path, Spot(part, spot.channel, name_of(value)), ITEM)


def _nested(value: JsonValue) -> tuple[JsonValue, ...]:
    if not isinstance(value, dict):
        return ()
    return (value.get("function"), value.get("custom"), value)


def _input(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A text, texts, token ids, parts (moderations) or items."""
    spot = spot.at(path[-1])
    if not isinstance(value, list):
        out.shaped(value, path, spot, PART)
        return
    for index, one in enumerate(value):
        if isinstance(one, dict) and ("role" in one or one.get("type") not in _PARTS):
            item(out, one, (*path, index), spot)
        else:
            out.shaped(one, (*path, index), spot.at(index), PART)


_PARTS: Final = ("text", "image_url", "input_audio", "video_url", "audio_url", "file")
"""Types of parts that embeddings and moderations take in place of texts."""


def _format(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """What an answer has to look like; of media just the name of a format."""
    if isinstance(value, str):
        token(out, value, path, spot)
        return
    out.shaped(value, path, spot.at(path[-1], Part.TOOL_DEFINITION), _FORMAT)


_CACHE: Final[Rule] = inner({"type": token, "ttl": token})
_FILE: Final[Shape] = {"file_data": medium, "file_id": token, "filename": here()}

PART: Final[Shape] = {
    "type": token,
    "text": here(),
    "refusal": here(Part.REFUSAL),
    "image_url": medium,
    "video_url": medium,
    "audio_url": medium,
    "file_url": medium,
    "input_audio": medium,
    "input_image": medium,
    "image": medium,
    "image_embeds": medium,
    "file": merged(_FILE),
    **_FILE,
    "detail": token,
    "id": token,
    "uuid": token,
    "annotations": text(Part.METADATA),
    "logprobs": nothing,  # the text again
    "cache_control": _CACHE,
}
"""A part of a message."""

_FUNCTION: Final[Shape] = {
    "name": text(Part.TOOL_ARGUMENTS),
    "arguments": parsed(Part.TOOL_ARGUMENTS),
    "input": text(Part.TOOL_ARGUMENTS),
}
_CALL: Final[Shape] = {
    "id": token,
    "type": token,
    "function": merged(_FUNCTION),
    "custom": merged(_FUNCTION),
    "index": token,
}


def _function_call(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    spot = spot.at(path[-1], Part.TOOL_ARGUMENTS, name_of(value))
    out.shaped(value, path, spot, _FUNCTION)


MESSAGE: Final[Shape] = {
    "role": token,
    "type": token,
    "content": contents,
    "refusal": text(Part.REFUSAL),
    "reasoning": text(Part.REASONING),
    "reasoning_content": text(Part.REASONING),
    "reasoning_details": text(Part.REASONING),
    "name": text(Part.METADATA),
    "id": token,
    "tool_call_id": token,
    "tool_calls": each(tool_call),
    "function_call": _function_call,
    "audio": inner({"id": token, "data": medium, "transcript": text(), "format": token}),
    "annotations": text(Part.METADATA),
    "cache_control": _CACHE,
}
"""A message of a chat completion, asked or answered."""


def _numbered(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """A text, or parts of which each is a text of its own."""
    spot = spot.at(path[-1])
    if not isinstance(value, list):
        out.shaped(value, path, spot, PART)
        return
    for index, part in enumerate(value):
        out.shaped(part, (*path, index), spot.at(index), PART)


def _summary(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    _numbered(out, value, path, spot.of(Part.REASONING))


def _output(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    contents(out, value, path, spot.of(Part.TOOL_RESULT))


_ARGUMENTS: Final = text(Part.TOOL_ARGUMENTS)
_RESULT: Final = text(Part.TOOL_RESULT)

ITEM: Final[Shape] = {
    **dict.fromkeys(("type", "id", "status", "call_id", "role", "phase", "execution"), token),
    **dict.fromkeys(("server_label", "container_id", "approval_request_id"), token),
    "content": _numbered,
    "summary": _summary,
    "encrypted_content": sealed,
    "name": _ARGUMENTS,
    "namespace": _ARGUMENTS,
    "arguments": parsed(Part.TOOL_ARGUMENTS),
    **dict.fromkeys(("input", "code", "action", "actions", "operation", "queries"), _ARGUMENTS),
    "output": _output,
    **dict.fromkeys(("outputs", "results", "error"), _RESULT),
    "result": medium,
    "revised_prompt": text(Part.ASSISTANT),
    "tools": each(tool),
    "reason": text(Part.USER),
    "pending_safety_checks": text(Part.METADATA),
    "acknowledged_safety_checks": text(Part.METADATA),
    "background": token,
    "output_format": token,
    "quality": token,
    "size": token,
}
"""An item of the input or output of responses."""

_DEFINITION: Final[Shape] = {
    "name": here(),
    "description": here(),
    "parameters": schema,
    "input_schema": schema,
    "strict": token,
    "format": merged({"type": token, "syntax": token, "definition": here()}),
}
_TOOL: Final[Shape] = {
    "type": token,
    **_DEFINITION,
    "function": merged(_DEFINITION),
    "custom": merged(_DEFINITION),
    "tools": each(tool),
    "server_label": token,
    "server_url": here(),
    "server_description": here(),
    "allowed_tools": token,
    "require_approval": token,
    "cache_control": _CACHE,
}
_JSON_SCHEMA: Final[Shape] = {
    "type": token,
    "name": here(),
    "description": here(),
    "schema": schema,
    "strict": token,
}
_FORMAT: Final[Shape] = {
    **_JSON_SCHEMA,
    "json_schema": merged(_JSON_SCHEMA),
    "format": merged(_JSON_SCHEMA),
    "grammar": here(),
    "verbosity": token,
}

_METADATA: Final = text(Part.METADATA)
_TEMPLATE: Final = text(Part.SYSTEM)
_SHAPING: Final = text(Part.TOOL_DEFINITION)

_CHOICE: Final[Shape] = {
    **dict.fromkeys(("type", "mode", "name", "server_label"), token),
    "function": merged({"name": token}),
    "custom": merged({"name": token}),
    "allowed_tools": merged({"mode": token, "tools": each(tool)}),
    "tools": each(tool),
}


def _choice(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    if isinstance(value, str):
        token(out, value, path, spot)
        return
    out.shaped(value, path, spot.at(path[-1], Part.TOOL_DEFINITION), _CHOICE)


_NUMBERS: Final = (
    "stream temperature top_p n max_tokens max_completion_tokens max_output_tokens best_of echo "
    "presence_penalty frequency_penalty repetition_penalty seed logprobs top_logprobs store top_k "
    "parallel_tool_calls dimensions min_p min_tokens ignore_eos stop_token_ids max_tool_calls "
    "output_compression partial_images skip_special_tokens add_generation_prompt"
)
_TOKENS: Final = (
    "model prompt_cache_key prompt_cache_retention voice speed service_tier "
    "previous_response_id conversation quality size style background moderation output_format "
    "input_fidelity modalities include encoding_format truncation reasoning_effort verbosity "
    "language timestamp_granularities[] include[] purpose cache_salt priority"
)

_BODY: Final[Shape] = {
    **dict.fromkeys((*_NUMBERS.split(), *_TOKENS.split()), token),
    "messages": each(message),
    "prompt": inner({**PART, "id": token, "version": token, "variables": text()}),
    "suffix": text(),
    "instructions": text(Part.SYSTEM),
    "input": _input,
    "prediction": message,
    "documents": text(Part.RESOURCE),
    "tools": each(tool),
    "functions": each(tool),
    "tool_choice": _choice,
    "function_call": _choice,
    "response_format": _format,
    "text": _format,
    "reasoning": inner({"effort": token, "summary": token, "generate_summary": token}),
    "audio": inner({"voice": token, "format": token}),
    "stream_options": inner({"include_usage": token, "include_obfuscation": token}),
    "logit_bias": nothing,  # numbers by the ids of tokens
    "stop": _METADATA,
    "metadata": _METADATA,
    "user": _METADATA,
    "safety_identifier": _METADATA,
    "web_search_options": _METADATA,
    "images": each(merged(PART)),
    "image": medium,
    "mask": medium,
    "chat_template": _TEMPLATE,
    "chat_template_kwargs": _TEMPLATE,
    **dict.fromkeys(("guided_json", "guided_regex", "guided_choice", "guided_grammar"), _SHAPING),
    "structured_outputs": _SHAPING,
}
_SPEECH: Final[Shape] = {**_BODY, "instructions": text(Part.USER)}
