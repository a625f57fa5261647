"""One choice of a stream of chunks: its texts, and the tool call that is coming. Pure.

Source: openai-openapi 2.3.0, CreateChatCompletionStreamResponse and CreateCompletionResponse;
`reasoning` and `reasoning_content` are what vLLM, SGLang and DeepSeek add to a delta.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.model.passage import Part
from gateway.protocols.streaming import (
    UNREADABLE,
    HeldText,
    UnreadableError,
    is_plain,
    spelt,
    unmistaken,
)
from gateway.wire.keyfold import ProtocolKeys

TEXTS: Final[Mapping[str, Part]] = MappingProxyType(
    {
        "content": Part.ASSISTANT,
        "refusal": Part.REFUSAL,
        "reasoning": Part.REASONING,
        "reasoning_content": Part.REASONING,
    }
)
"""The members of a delta that are pieces of a text."""

TRANSCRIPT: Final = "audio/transcript"
"""The channel of what an answer in sound says."""

REPEATS: Final = "reasoning_details"
"""The member of a delta that says its reasoning again, in another form."""

CALLS: Final = ("tool_calls", "function_call")
"""The members of a delta with pieces of calls."""

SPELLINGS: Final = ("logprobs", "token_ids")
"""Members of a choice that say its text again, token by token."""

_INPUTS: Final = frozenset({"arguments", "input"})
_CHOICE_KEYS: Final = ProtocolKeys(("index", "delta", "text", "message", "finish_reason"))
_DELTA_KEYS: Final = ProtocolKeys((*TEXTS, *CALLS, REPEATS, "audio"))
_PLAIN: Final = frozenset(("index", "delta", "text", "finish_reason", "stop_reason", *SPELLINGS))
_PLAIN_DELTA: Final = frozenset((*TEXTS, *CALLS, "role"))


class Piece(NamedTuple):
    """Where in a chunk a piece of a text is: `holder[key]`. `member` is the end of its channel."""

    holder: JsonObject
    key: str
    text: str
    member: str
    part: Part


def is_plain_choice(choice: JsonObject) -> bool:
    """Whether a choice has nothing but pieces of texts and calls."""
    delta = choice.get("delta")
    if not choice.keys() <= _PLAIN or isinstance(choice.get("text"), (dict, list)):
        return False
    if not (is_plain(choice.get("finish_reason")) and is_plain(choice.get("stop_reason"))):
        return False
    if delta is None:
        return True
    if not isinstance(delta, dict) or not delta.keys() <= _PLAIN_DELTA:
        return False
    if not is_plain(delta.get("role")):
        return False
    return not any(isinstance(delta.get(key), (dict, list)) for key in TEXTS)


def pieces(choice: JsonObject) -> list[Piece]:
    """The pieces of texts in a choice of a chunk. What is of another type is none."""
    found: list[Piece] = []
    if "text" in choice:  # of completions
        _add(found, choice, "text", "content", Part.ASSISTANT)
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        return found
    for key, part in TEXTS.items():
        value = delta.get(key)
        if isinstance(value, list):  # some servers send parts in place of a text
            for one in value:
                if isinstance(one, dict):
                    _add(found, one, "text", key, part)
        elif value is not None:
            _add(found, delta, key, key, part)
    audio = delta.get("audio")
    if isinstance(audio, dict):
        _add(found, audio, "transcript", TRANSCRIPT, Part.ASSISTANT)
    return found


def _add(found: list[Piece], holder: JsonObject, key: str, member: str, part: Part) -> None:
    text = holder.get(key)
    if isinstance(text, str):
        found.append(Piece(holder, key, text, member, part))


def only_piece(chunk: JsonValue) -> tuple[int, Piece, tuple[str | int, ...]] | None:
    """The piece of a text that is all that a plain chunk says, of which choice it is, and where it
    is in the chunk; None where the chunk says more, or nothing."""
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    choice = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
    if not isinstance(choice, dict):
        return None
    found = pieces(choice)
    index, delta = choice.get("index", 0), choice.get("delta")
    more = any(choice.get(key) is not None for key in ("finish_reason", *SPELLINGS))
    if isinstance(delta, dict):
        more = more or any(key in delta for key in (*CALLS, REPEATS))
    if more or len(found) != 1 or not isinstance(index, int):
        return None
    (piece,) = found
    if piece.holder is choice:
        return index, piece, ("choices", 0, piece.key)
    return (index, piece, ("choices", 0, "delta", piece.key)) if piece.holder is delta else None


def taken(choice: JsonObject) -> tuple[list[str], JsonObject]:
    """The pieces of texts and of calls, which are taken out of a choice. UnreadableError where a
    reader could see others."""
    found = pieces(choice)
    for piece in found:
        piece.holder[piece.key] = ""
    delta = choice.get("delta")
    unmistaken(choice, _CHOICE_KEYS)
    unmistaken(delta, _DELTA_KEYS)
    calls: JsonObject = {}
    if isinstance(delta, dict):
        calls = {key: delta.pop(key) for key in CALLS if key in delta}
    return [piece.text for piece in found], calls


def put_back(choice: JsonObject, what: tuple[list[str], JsonObject]) -> None:
    """Undo `taken`, when other members may have changed."""
    texts, calls = what
    for piece, text in zip(pieces(choice), texts, strict=True):
        piece.holder[piece.key] = text
    delta = choice.get("delta")
    if isinstance(delta, dict):
        delta.update(calls)


def delta_of(member: str, text: str) -> JsonObject:
    """The delta that says `text` of the text `member`."""
    if member == TRANSCRIPT:
        return {"audio": {"transcript": text}}
    return {member: text}


def without_spellings(choice: JsonObject) -> bool:
    """Drop what says the text of a choice again; True where there is any."""
    found = [key for key in SPELLINGS if choice.get(key) is not None]
    for key in found:
        choice[key] = None
    return bool(found)


@dataclass(slots=True)
class ToolCall:
    """A call whose pieces are collected. `index` is None for the older function_call."""

    index: int | None
    members: JsonObject = field(default_factory=dict[str, JsonValue])
    inputs: dict[tuple[str, str], list[str]] = field(
        default_factory=dict[tuple[str, str], list[str]]
    )
    """Pieces of the arguments, by the member that has them and their key: added to one another
    they would be copied for each that comes."""

    def add(self, fragment: JsonObject) -> int:
        """Collect a piece. Returns the characters that are kept of it, but for signs of JSON.
        UnreadableError for arguments that are no text."""
        return self._join(self.members, fragment, "")

    def delta(self) -> JsonObject:
        """All pieces as one."""
        for (member, key), pieces in self.inputs.items():
            holder = self.members[member] if member else self.members
            if isinstance(holder, dict):
                holder[key] = "".join(pieces)
        if self.index is None:
            return {"function_call": self.members}
        return {"tool_calls": [{"index": self.index, **self.members}]}

    def _join(self, held: JsonObject, more: JsonObject, member: str) -> int:
        """Arguments are appended; so is a name, unless it is said again. Of other members the last
        one counts."""
        nests = self.index is not None and not member
        size = 0
        for key, value in more.items():
            before = held.get(key)
            if key in held and (value is None or value == before):
                continue
            if nests and isinstance(value, dict):
                inner = before if isinstance(before, dict) else {}
                held[key] = inner
                size += self._join(inner, value, key)
            elif key in _INPUTS:
                size += self._input(held, (member, key), value)
            else:
                held[key] = _text(before) + _text(value) if key == "name" else value
                size += len(key) + _size(value)
        return size

    def _input(self, held: JsonObject, where: tuple[str, str], value: JsonValue) -> int:
        if not (value is None or isinstance(value, str)):
            raise UnreadableError(UNREADABLE)
        held.setdefault(where[1], None)
        pieces = self.inputs.setdefault(where, [])
        if value:
            pieces.append(value)
        return len(value or "")


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _size(value: JsonValue) -> int:
    if isinstance(value, (dict, list)):
        return len(spelt(value))
    return len(value) if isinstance(value, str) else 0


@dataclass(slots=True)
class Choice:
    """What is known of one choice: its texts by the ends of their channels, whether a text was of
    completions (`plain`), the call that is coming, and which calls have been."""

    index: int
    texts: dict[str, HeldText] = field(default_factory=dict[str, HeldText])
    plain: bool = False
    call: ToolCall | None = None
    called: set[int | None] = field(default_factory=set[int | None])
    finished: bool = False

    def begin(self, index: int | None) -> ToolCall:
        """The call that a piece belongs to, where none is open. UnreadableError for one that has
        been judged already."""
        if self.finished or index in self.called:
            raise UnreadableError(UNREADABLE)
        self.called.add(index)
        self.call = ToolCall(index)
        return self.call
