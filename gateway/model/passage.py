"""The strings of a message that guardrails judge, each with its place. Pure: no I/O, no clock."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Stage(Enum):
    """At which point of an exchange a text passes the gateway."""

    REQUEST = "request"
    RESPONSE = "response"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    TOOL_LIST = "tool_list"
    PROMPT_GET = "prompt_get"
    RESOURCE_READ = "resource_read"
    NOTIFICATION = "notification"
    A2A_MESSAGE = "a2a_message"
    A2A_ARTIFACT = "a2a_artifact"
    AGENT_CARD = "agent_card"


class Part(Enum):
    """Whose words a text is, or what it is for."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    REASONING = "reasoning"
    REFUSAL = "refusal"
    TOOL_DEFINITION = "tool_definition"
    TOOL_ARGUMENTS = "tool_arguments"
    TOOL_RESULT = "tool_result"
    RESOURCE = "resource"
    INSTRUCTIONS = "instructions"
    NOTIFICATION = "notification"
    AGENT_CARD = "agent_card"
    METADATA = "metadata"
    ERROR = "error"


Path: TypeAlias = tuple[str | int, ...]
"""Keys of objects and numbers of elements, from the root of a JSON document."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a JSON document a string is.

    `path` leads to the string; with `key` the string is the last key of `path` itself. Where the
    string at `path` is JSON text of its own (the arguments of an OpenAI tool call), `within` is the
    path inside of that, and `key` speaks of its last key. With `base64` the string is the text in
    base64, after the comma of a data: URL if it is one. `rest` are the paths of further strings,
    where these and the one at `path` make the text together (the text parts of an artifact): a new
    text goes into the first, and the others are emptied.
    """

    path: Path
    key: bool = False
    within: Path | None = None
    base64: bool = False
    rest: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """One string of a message, decoded.

    `channel` names it in findings. Texts that a stream sends in pieces have the same channel as
    the whole text has in an answer that is not streamed ("choices/0/content",
    "choices/0/tool_calls/1/arguments"). `item` is what is left out of a list instead of refusing
    all of it: the index of a tool in a tool list, None elsewhere. `name` is what the text is about
    where that is known: the tool that is called, or defined.
    """

    text: str
    place: Place
    stage: Stage
    part: Part
    channel: str
    item: int | None = None
    name: str = ""
