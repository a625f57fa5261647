"""The prompt of a request as its model reads it, for whoever asks which server knows it already.

Source: openai-openapi 2.3.0; vLLM for `reasoning`, `documents`, `cache_salt`, token ids and parts
of its own. Nothing here judges: the body has been read strictly before, what is left of unexpected
types is passed over, and what it misses costs a cache hit. Pure: no I/O, no clock.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gateway.model.jsonvalue import JsonMapping, JsonObject, JsonValue
from gateway.model.prompt import Prompt
from gateway.protocols.openai.items import contents, message, response_items, tools
from gateway.wire.multipart import Part
from gateway.wire.transcript import MOST_OUTPUT_TOKENS, Transcript, size_in_tokens

Write = Callable[[JsonMapping, Transcript], None]

_LIMITS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_REPEATS: Final = ("n", "best_of")
_SILENT: Final = frozenset(("embeddings", "moderations"))
"""Methods whose answer has no tokens."""

_RUN_BY_CLIENTS: Final = frozenset(("function", "custom", "namespace", "tool_search"))
"""Types of tools that do nothing by themselves. Others run where the model runs, some of which
change what is outside."""

_HARMLESS: Final = frozenset(("web_search", "web_search_preview", "file_search"))

_FORM_FILES: Final = MappingProxyType(
    {"audio/transcriptions": "audio", "audio/translations": "audio"}
)


def prompt_of(method: str, body: JsonMapping, model: str, written: Transcript) -> Prompt:
    """The prompt of a call of `method` for `model`, of which `written` is what the model reads."""
    salt = body.get("cache_salt")
    return Prompt(
        model=model,
        parts=written.parts,
        salt=salt if isinstance(salt, str) else "",
        output_limit=0 if method in _SILENT else _output_limit(body),
        media_tokens=written.media_tokens,
        repeatable=_is_repeatable(method, body),
    )


def written(method: str, body: JsonObject) -> Transcript:
    """What the model reads of the body of a call of `method`."""
    transcript = Transcript()
    _METHODS[method](body, transcript)
    return transcript


def prompt_of_form(method: str, texts: JsonMapping, parts: Sequence[Part], model: str) -> Prompt:
    """The prompt of a form: its text, and what its files may add. The files themselves tell
    nothing of a cache: no two requests send the same recording."""
    transcript = Transcript()
    transcript.text(texts.get("prompt"))
    medium = "audio" if method in _FORM_FILES else "image"
    media = sum(size_in_tokens(medium, one.end - one.start) for one in parts if one.file_name)
    stores = method == "files/create"
    return Prompt(
        model, transcript.parts, media_tokens=0 if stores else media, repeatable=not stores
    )


def _chat(body: JsonMapping, out: Transcript) -> None:
    tools(body, out)
    out.value(body.get("documents"))
    for one in _list(body, "messages"):
        if isinstance(one, dict):
            message(one, out)


def _completion(body: JsonMapping, out: Transcript) -> None:
    _texts(body.get("prompt"), out)
    out.text(body.get("suffix"))


def _embedding(body: JsonMapping, out: Transcript) -> None:
    _texts(body.get("input"), out)
    _chat(body, out)  # vLLM takes messages as well


def _moderation(body: JsonMapping, out: Transcript) -> None:
    value = body.get("input")
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        contents(value, out)
    else:
        _texts(value, out)


def _response(body: JsonMapping, out: Transcript) -> None:
    out.text(body.get("previous_response_id"))  # stands for all that was said before
    out.value(body.get("conversation"))
    tools(body, out)
    if body.get("instructions"):
        out.section("system")
        out.text(body.get("instructions"))
    out.value(body.get("prompt"))
    response_items(body.get("input"), out)


def _members(*names: str) -> Write:
    def write(body: JsonMapping, out: Transcript) -> None:
        for name in names:
            out.text(body.get(name))

    return write


def _edited(body: JsonMapping, out: Transcript) -> None:
    out.text(body.get("prompt"))
    for image in _list(body, "images"):
        if isinstance(image, dict):
            contents([{"type": "input_image", **image}], out)


_METHODS: Final[Mapping[str, Write]] = MappingProxyType(
    {
        "chat/completions": _chat,
        "completions": _completion,
        "responses": _response,
        "embeddings": _embedding,
        "moderations": _moderation,
        "images/generations": _members("prompt"),
        "images/edits": _edited,
        "audio/speech": _members("instructions", "input"),
    }
)


def _texts(value: JsonValue, out: Transcript) -> None:
    """A text or token ids, or several of them, which are prompts of their own."""
    if not isinstance(value, list):
        out.text(value)
        return
    if ids := _token_ids(value):
        out.tokens(ids)
        return
    for one in value:
        out.section("prompt")
        if isinstance(one, list):
            out.tokens(_token_ids(one))
        else:
            out.text(one)


def _token_ids(value: list[JsonValue]) -> list[int]:
    """The ids, if `value` is of nothing else."""
    ids = [one for one in value if isinstance(one, int)]
    return ids if len(ids) == len(value) else []


def _output_limit(body: JsonMapping) -> int | None:
    """The largest bound, which is the one that servers would have to heed, of all answers."""
    given = [limit for key in _LIMITS if (limit := _count(body.get(key))) is not None]
    repeats = max([_count(body.get(key)) or 1 for key in _REPEATS])
    return min(max(given) * repeats, MOST_OUTPUT_TOKENS) if given else None


def _count(value: JsonValue) -> int | None:
    """A count; -1 is what some clients write for none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value


def _is_repeatable(method: str, body: JsonMapping) -> bool:
    """Whether a second server that gets the request adds nothing to what the first one did."""
    if method == "responses":
        kinds = [one.get("type") for one in _list(body, "tools") if isinstance(one, dict)]
        return (
            body.get("store") is False
            and body.get("background") is not True
            and all(kind in _RUN_BY_CLIENTS or kind in _HARMLESS for kind in kinds)
        )
    return body.get("store") is not True


def _list(body: JsonMapping, key: str) -> list[JsonValue]:
    value = body.get(key)
    return value if isinstance(value, list) else []
