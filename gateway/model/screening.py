"""What readers of answers ask of guardrails, and what they are told. Pure: no I/O, no clock.

A reader that has a screen shows it every text before the client gets it. What a screen has to ask
others about (an external provider) is not known at once: while `pending`, the reader emits nothing
for that text and is called again, with nothing new, when the answer is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.model.passage import Part, Passage, Place, Stage


@dataclass(frozen=True, slots=True)
class Screened:
    """The verdict on the passages of one whole message.

    `blocked` is what the caller is told if the message must not go on, which never quotes what was
    found. Else `texts` are the new texts of passages that are masked, by their places, and
    `dropped` the items that are left out of a list. With `pending` nothing is known yet.
    """

    blocked: str | None = None
    texts: Mapping[Place, str] = field(default_factory=dict[Place, str])
    dropped: frozenset[int] = frozenset()
    pending: bool = False


class TextScreen(Protocol):
    """Screens one text that comes in pieces."""

    def feed(self, text: str) -> str:
        """What may be released now, masked: no more than has come, "" while it is held."""
        ...

    def finish(self) -> str:
        """The rest, when the text is whole."""
        ...


class AnswerScreen(Protocol):
    """Screens one answer, by the guardrails that apply to its request."""

    @property
    def blocked(self) -> str | None:
        """What the caller is told, once anything blocks; the answer has to end then."""
        ...

    @property
    def pending(self) -> bool:
        """Whether something has to be asked before more can be released."""
        ...

    def whole(self, passages: Sequence[Passage]) -> Screened:
        """The verdict on a message that is whole: a JSON answer, an event with a JSON-RPC message,
        the arguments of a tool call. Asked twice about the same passages it finds the same once."""
        ...

    def stopped(self, reason: str) -> None:
        """A model says why it stopped, in its protocol's own word: of each choice, in any order and
        any number of times."""
        ...

    def channel(self, channel: str, stage: Stage, part: Part, name: str = "") -> TextScreen:
        """The screen of the text of a channel (see `Passage.channel`), one for each, kept by the
        screen until the answer has ended."""
        ...
