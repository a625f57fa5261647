"""The strings of an answer that guardrails judge. Pure: no I/O, no clock.

N is the `index` of a choice, or counts items of output; M counts parts, K tool calls (`index` in a
stream). A stream has the same channels for
what it sends in pieces. Stage is RESPONSE everywhere.

| channel | text | part |
|---|---|---|
| choices/N/content | message.content, each of its parts; text of completions | ASSISTANT |
| choices/N/refusal | message.refusal | REFUSAL |
| choices/N/reasoning, choices/N/reasoning_content | the member of that name | REASONING |
| choices/N/tool_calls/K/arguments | function.arguments parsed; with `name` | TOOL_ARGUMENTS |
| choices/N/tool_calls/K/input | custom.input; with `name` | TOOL_ARGUMENTS |
| choices/N/tool_calls/K/name | the name of the function or custom tool | TOOL_ARGUMENTS |
| choices/N/function_call/arguments, .../name | the older form | TOOL_ARGUMENTS |
| choices/N/audio/transcript | message.audio.transcript | ASSISTANT |
| choices/N/annotations | URLs and titles | METADATA |
| output/N/content/M | output_text.text | ASSISTANT |
| output/N/content/M | refusal.refusal; reasoning_text.text | REFUSAL; REASONING |
| output/N/content/M/annotations | URLs and titles | METADATA |
| output/N/summary/M | of reasoning items | REASONING |
| output/N/arguments, .../name | of calls: parsed, with `name` | TOOL_ARGUMENTS |
| output/N/input, .../code, .../action, .../operation | of other calls | TOOL_ARGUMENTS |
| output/N/output, .../outputs, .../results, .../result, .../error | what tools said | TOOL_RESULT |
| output/N/tools | mcp_list_tools | TOOL_DEFINITION |
| data/N/revised_prompt | images | ASSISTANT |
| text | transcriptions and translations | ASSISTANT |
| error | every string of an error | ERROR |
| .../other | strings of members that are not known | METADATA |

Left out: log probabilities, which say the text again (whoever changes a text of a choice has to
drop them), embeddings, base64 of media, and what a response repeats of its request (instructions,
tools, tool_choice, prompt, metadata, user): the model did not say it.
"""

from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.model.passage import Part, Passage, Path, Stage
from gateway.protocols.openai.passages import MESSAGE, item, item_at
from gateway.wire.jsonstrings import (
    Collector,
    Rule,
    Shape,
    Spot,
    each,
    here,
    inner,
    medium,
    nothing,
    sealed,
    text,
    token,
    tokens,
)


def answer_passages(value: JsonValue, path: Path = ()) -> tuple[Passage, ...]:
    """The passages of the whole JSON answer `value` to any method; `path` leads to it where an
    event holds it."""
    out = Collector(Stage.RESPONSE)
    is_response = isinstance(value, dict) and value.get("object") == "response"
    shape = _RESPONSE if is_response else _ANSWER
    out.shaped(value, path, Spot(Part.ASSISTANT, ""), shape)
    return tuple(out.found)


def item_passages(value: JsonValue, index: int, path: Path = ()) -> tuple[Passage, ...]:
    """The passages of one item of output, the `index`-th; `path` leads to it."""
    out = Collector(Stage.RESPONSE)
    item_at(out, value, path, Spot(Part.ASSISTANT, f"output/{index}"))
    return tuple(out.found)


def _choices(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """Each choice by its own number, which is not always its place in the list."""
    within = spot.at(path[-1])
    if not isinstance(value, list):
        out.strings(value, path, within)
        return
    for at, choice in enumerate(value):
        index = choice.get("index") if isinstance(choice, dict) else None
        number = index if isinstance(index, int) and 0 <= index < _MOST_CHOICES else at
        out.shaped(choice, (*path, at), within.at(int(number)), _CHOICE)


_MOST_CHOICES: Final = 1 << 16


def _content(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """The text of a completion, which is the content of its choice."""
    out.strings(value, path, spot.at("content"))


def _spoken(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """Parts of a transcription, each of them in the channel of the whole."""
    if not isinstance(value, list):
        out.strings(value, path, spot.at("text"))
        return
    for index, one in enumerate(value):
        out.shaped(one, (*path, index), spot.at("text"), _SPOKEN_PART)


_SPOKEN_PART: Final[Shape] = {
    **dict.fromkeys(("text", "word", "speaker"), here()),
    **dict.fromkeys(("id", "type", "seek", "start", "end", "tokens", "temperature"), token),
    **dict.fromkeys(("avg_logprob", "compression_ratio", "no_speech_prob"), token),
}


def _message(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """The message of a choice, in the channel of the choice."""
    out.shaped(value, path, spot, MESSAGE)


def _vector(out: Collector, value: JsonValue, path: Path, spot: Spot) -> None:
    """Numbers, or these in base64."""
    if isinstance(value, str):
        sealed(out, value, path, spot)


_CHOICE: Final[Shape] = {
    "index": token,
    "finish_reason": token,
    "stop_reason": token,
    "message": _message,
    "delta": _message,
    "text": _content,
    "logprobs": nothing,  # the text again
    "prompt_logprobs": nothing,
    "token_ids": nothing,  # numbers
}
_DATUM: Final[Shape] = {
    "object": token,
    "index": token,
    "embedding": _vector,
    "url": text(),
    "b64_json": medium,
    "revised_prompt": text(),
}
_ERROR: Final[Rule] = inner(
    {"message": here(), **dict.fromkeys(("type", "code", "param"), token)}, Part.ERROR
)
_ECHOED: Final = ("instructions", "tools", "tool_choice", "prompt", "metadata", "user", "text")
_TOKENS: Final = (
    "id object model system_fingerprint service_tier status previous_response_id conversation "
    "truncation reasoning usage safety_identifier prompt_cache_key prompt_cache_retention "
    "background created size quality output_format moderation type incomplete_details"
)
_ANSWER: Final[Shape] = {
    **dict.fromkeys(_TOKENS.split(), tokens),
    "choices": _choices,
    "output": each(item),
    "output_text": text(),
    "data": each(inner(_DATUM)),
    "error": _ERROR,
    "prompt_logprobs": nothing,
    "prompt_token_ids": nothing,
    "results": tokens,
    "text": text(),
    "segments": _spoken,
    "words": _spoken,
    "task": token,
    "language": token,
    "logprobs": nothing,  # the text again
}
_RESPONSE: Final[Shape] = {**_ANSWER, **dict.fromkeys(_ECHOED, nothing)}
