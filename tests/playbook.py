"""Conversations with the ext_proc machine: `>>` is what it is told, `<<` what it must answer.

    assert Playbook() >> headers << Preview(HEAD) >> refusal << (ImmediateReply(...),)

An event is answered by a command, a conclusion by a tuple of replies, and what is illegal by
`StreamError`. A wrong answer shows the whole conversation as a diff; a playbook that nobody
asserted, or that ends with a question, is an error.
"""

import difflib
from typing import Self, TypeAlias

from gateway.extproc.commands import Command, Reply
from gateway.extproc.events import (
    Event,
    RequestBody,
    RequestHeaders,
    RequestTrailers,
    ResponseBody,
    ResponseHeaders,
    ResponseTrailers,
)
from gateway.extproc.machine import Machine
from gateway.extproc.transitions import StreamError
from gateway.model.verdict import Conclusion

Said: TypeAlias = Event | Conclusion
Answered: TypeAlias = Command | tuple[Reply, ...] | type[StreamError]

EVENTS = (
    RequestHeaders,
    RequestBody,
    RequestTrailers,
    ResponseHeaders,
    ResponseBody,
    ResponseTrailers,
)


def tell(machine: Machine, said: Said) -> Answered:
    """One step of a conversation."""
    try:
        return machine.receive(said) if isinstance(said, EVENTS) else machine.conclude(said)
    except StreamError:
        return StreamError


class Playbook:
    """A conversation, played when it is asserted."""

    def __init__(self, machine: Machine | None = None, *, body_limit: int = 1000) -> None:
        self.machine = machine or Machine(body_limit)
        self._said: list[Said] = []
        self._wanted: list[Answered] = []
        self._played = False

    def __rshift__(self, said: Said) -> Self:
        if len(self._said) != len(self._wanted):
            raise TypeError(f"no answer is written for {self._said[-1]}")
        self._said.append(said)
        return self

    def __lshift__(self, wanted: Answered) -> Self:
        if len(self._said) != len(self._wanted) + 1:
            raise TypeError(f"{wanted} answers nothing")
        self._wanted.append(wanted)
        return self

    def __bool__(self) -> bool:
        self._played = True
        if len(self._said) != len(self._wanted):
            raise TypeError(f"unfinished: no answer is written for {self._said[-1]}")
        given = [tell(self.machine, said) for said in self._said]
        if given != self._wanted:
            diff = difflib.ndiff(self._script(self._wanted), self._script(given))
            raise AssertionError("\n" + "\n".join(diff))
        self._said, self._wanted = [], []  # the conversation may go on
        return True

    def _script(self, answers: list[Answered]) -> list[str]:
        lines: list[str] = []
        for said, answer in zip(self._said, answers, strict=True):
            lines.append(f">> {said!r}")
            parts = answer if isinstance(answer, tuple) else (answer,)
            lines.extend(f"   << {part!r}" for part in parts)
        return lines

    def __del__(self) -> None:
        if not self._played or self._said:
            raise RuntimeError("a playbook was written and not asserted")
