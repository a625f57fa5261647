"""The strings of an answer that guardrails judge. Pure: no I/O, no clock.

N counts blocks of content. A stream has the same channels for what it sends in pieces. Stage is
RESPONSE everywhere.

| channel | text | part |
|---|---|---|
| content/N | text.text | ASSISTANT |
| content/N | thinking.thinking | REASONING |
| content/N/citations | cited text, titles, URLs | METADATA |
| content/N/input | of blocks whose type ends in tool_use; with `name` | TOOL_ARGUMENTS |
| content/N/name | the name of the tool | TOOL_ARGUMENTS |
| content/N/content, content/N/content/M | of blocks whose type ends in tool_result | TOOL_RESULT |
| error | every string of an error | ERROR |
| content/N/other, other | strings of members and blocks that are not known | METADATA |

In a stream the JSON of an input comes as input_json_delta: once it is whole, its passages are those
of the block with the input that the pieces make (`block_passages`).
Left out: signatures and the data of redacted thinking, which nobody can read.
"""

from typing import Final

from gateway.model.jsonvalue import JsonValue
from gateway.model.passage import Part, Passage, Path, Stage
from gateway.protocols.anthropic.passages import block, content
from gateway.wire.jsonstrings import Collector, Shape, Spot, here, inner, text, token, tokens


def answer_passages(value: JsonValue, path: Path = ()) -> tuple[Passage, ...]:
    """The passages of a whole answer: a message, or an error; `path` leads to it."""
    out = Collector(Stage.RESPONSE)
    out.shaped(value, path, Spot(Part.ASSISTANT, ""), _ANSWER)
    return tuple(out.found)


def block_passages(value: JsonValue, index: int, path: Path = ()) -> tuple[Passage, ...]:
    """The passages of the `index`-th block of an answer; `path` leads to it."""
    out = Collector(Stage.RESPONSE)
    block(out, value, path, Spot(Part.ASSISTANT, f"content/{index}"))
    return tuple(out.found)


_TOKENS: Final = "id type role model stop_reason usage container request_id input_tokens"
_ANSWER: Final[Shape] = {
    **dict.fromkeys(_TOKENS.split(), tokens),
    "content": content,
    "stop_sequence": text(),
    "error": inner({"type": token, "message": here()}, Part.ERROR),
}
