"""What guardrails make of one exchange: its request, and the answer to it. No I/O, no clock."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Final

from gateway.audit.record import Record
from gateway.guardrails.consulting_screen import ConsultingScreen
from gateway.guardrails.origin import Origin
from gateway.guardrails.provider import Direction
from gateway.guardrails.screen import Screen
from gateway.model.call import Call, Deframed
from gateway.model.outcome import Found, Outcome, joined
from gateway.model.passage import Passage
from gateway.model.principal import Principal
from gateway.model.refusal import Reason, Refusal
from gateway.model.screening import Screened
from gateway.pipeline.consultants import Consultants, advised
from gateway.pipeline.rescue import RefusedError
from gateway.pipeline.snapshot import ANSWERS, Snapshot
from gateway.policy.context import RequestContext

_MODELS: Final = frozenset({"openai", "anthropic"})
_CROSSING: Final = "mcp"
"""The protocol whose clients take an answer from any of their streams, by its id."""


class Guarding:
    """Of one exchange, by one snapshot. `ticks` counts nanoseconds."""

    def __init__(
        self,
        snapshot: Snapshot,
        record: Record,
        ticks: Callable[[], int],
        consultants: Consultants,
    ) -> None:
        self._snapshot = snapshot
        self._consultants = consultants
        self._record = record
        self._ticks = ticks
        self._origin = Origin()
        self._names: tuple[str, ...] = ()
        self._asked: Outcome | None = None
        self._model = ""
        self._screen: Screen | ConsultingScreen | None = None

    def apply(
        self, calls: Iterable[Call], principal: Principal, contexts: Sequence[RequestContext]
    ) -> None:
        """Find the guardrails of a message, wherever it may go: of each of `contexts`."""
        if not self._snapshot.guardrails.guards:
            return
        matches = self._snapshot.guarded
        found = [
            name
            for call in calls
            for context in contexts
            for name in matches.matching(call, principal, context)
        ]
        self._names = tuple(dict.fromkeys(found))
        today = datetime.fromtimestamp(self._record.started, UTC).date()
        using = self._snapshot
        self._origin = Origin(using.opaque, self._ticks, today, using.text_key)

    @property
    def applies(self) -> bool:
        """Whether any guardrail is about the message or its answer."""
        return bool(self._names)

    @property
    def found(self) -> tuple[Found, ...]:
        """Every finding so far, of the request and of its answer."""
        guarded = self._record.guarded
        return () if guarded is None else guarded.found

    @property
    def told(self) -> tuple[Found, ...]:
        """Every finding so far in the answer."""
        return () if self._screen is None else self._screen.outcome().found

    @property
    def pending(self) -> bool:
        """Whether providers have to be asked before more of the answer can go on."""
        return self._screen is not None and self._screen.pending and self._screen.blocked is None

    async def screened(self, message: Deframed) -> Deframed:
        """The message as it may go on, with texts masked. Raises `RefusedError` for one that is
        blocked: it has reached nobody."""
        if not self._names or message.passages is None:
            return message
        call = message.calls[0]
        self._model = (call.target or "") if call.protocol in _MODELS else ""
        rewrite, passages = message.with_texts, message.passages()
        verdict, self._asked = self._snapshot.guardrails.judge(
            self._names, passages, self._origin, rewritable=rewrite is not None
        )
        if verdict.blocked is None:
            verdict = await self._advised(passages, verdict, rewritable=rewrite is not None)
        self.note()
        if verdict.blocked is not None:
            raise RefusedError(_refusal(message, verdict.blocked))
        if not verdict.texts or rewrite is None:
            return message
        changed = rewrite(verdict.texts)
        if isinstance(changed, Refusal):
            raise RefusedError(changed)
        return changed

    async def _advised(
        self, passages: Sequence[Passage], local: Screened, *, rewritable: bool
    ) -> Screened:
        """The verdict with those of the providers."""
        advice = self._snapshot.guardrails.advice(
            self._names, Direction.REQUEST, self._model, self._origin
        )
        if advice is None:
            return local
        ask = self._consultants
        verdict = await advised(advice, passages, local, ask, rewritable=rewritable)
        told = advice.outcome()
        self._asked = told if self._asked is None else joined(self._asked, told)
        return verdict

    def screen(self, protocol: str, *, beside: bool = False) -> Screen | ConsultingScreen | None:
        """What judges the answer; None where no guardrail is about what it can hold. An MCP server
        of which guardrails see other answers (`beside`) must not give them here: what is read then
        is only whose answer it is."""
        if self._screen is not None:
            return self._screen
        book = self._snapshot.guardrails
        if book.stages(self._names) & ANSWERS[protocol]:
            local = book.screen(self._names, self._origin)
            advice = book.advice(self._names, Direction.RESPONSE, self._model, self._origin)
            self._screen = local if advice is None else ConsultingScreen(local, advice)
        elif beside and protocol == _CROSSING:
            return book.screen(())
        return self._screen

    async def consult(self) -> None:
        """Ask the providers what the answer's screen wants to know."""
        screen = self._screen
        if isinstance(screen, ConsultingScreen):
            screen.answer(await self._consultants.consult(screen.questions))

    def note(self) -> None:
        """Have the record say what was found so far, of the request and of its answer."""
        told = self._screen.outcome() if self._screen is not None else None
        outcomes = [one for one in (self._asked, told) if one is not None]
        if outcomes:
            self._record.guarded = reduce(joined, outcomes)


def _refusal(message: Deframed, why: str) -> Refusal:
    """One element that is blocked refuses its whole batch."""
    asked = {call.id: call.method for call in message.calls if call.id is not None}
    method = message.calls[0].method if len(message.calls) == 1 else ""
    return Refusal(
        Reason.CONTENT_BLOCKED, why, tuple(asked), message.batch, method=method, methods=asked
    )
