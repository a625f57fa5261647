"""Tools of MCP servers that are not what somebody has reviewed. No I/O, no clock.

Such a tool is left out of lists, and a call to it reaches no server. That is CONTENT_BLOCKED and
not DENIED in the table of refusals: no principal lacks a right, the server's own words are what is
wrong. So a call ends in a result that the model can read, and other tools remain to it.
"""

from collections.abc import Callable
from typing import Final

from gateway.audit.record import Record
from gateway.guardrails.tally import OPAQUE
from gateway.guardrails.tools.book import ToolFault
from gateway.model.call import Call, Deframed, Kind
from gateway.model.jsonvalue import JsonMapping
from gateway.model.principal import Principal
from gateway.model.refusal import Reason, Refusal
from gateway.pipeline.rescue import RefusedError
from gateway.pipeline.snapshot import Snapshot
from gateway.pipeline.tools_seen import LIST_METHOD, ToolsSeen
from gateway.policy.context import RequestContext

CALL_METHOD: Final = "tools/call"
GUARDED: Final = "guardrail"
"""Why a tool is not called that a Guardrail leaves out of lists."""

_TOLD: Final = {
    ToolFault.UNPINNED: "this tool has not been reviewed",
    ToolFault.CHANGED: "this tool is no longer what was reviewed",
    ToolFault.SHADOWED: "this tool has, or seems to have, the name of another server's",
    ToolFault.UNOBSERVED: "nobody knows yet what this tool is",
}


class ToolSafety:
    """Of one exchange, by one snapshot and what was `seen` when it began."""

    def __init__(self, snapshot: Snapshot, record: Record, seen: ToolsSeen) -> None:
        self._snapshot = snapshot
        self._record = record
        self._seen = seen

    def check(self, message: Deframed, principal: Principal, context: RequestContext) -> None:
        """Raises `RefusedError` where a call of the message is to a tool that must not be called.
        One such call refuses its whole batch."""
        if context.protocol != "mcp":
            return
        called = [call for call in message.calls if call.method == CALL_METHOD and call.target]
        wrong = [(call, self._wrong(call.target or "", principal, context)) for call in called]
        guilty = {id(call): why for call, why in wrong if why is not None}
        if guilty:
            raise RefusedError(self._refusal(message, guilty))

    def offers(self, backend: str) -> Callable[[JsonMapping], bool]:
        """Whether a tool of a list of `backend` is offered, by its definition."""

        def offered(definition: JsonMapping) -> bool:
            fault = self._snapshot.tools.listed(backend, definition)
            if fault is ToolFault.CHANGED:
                self._seen.note(backend, str(definition.get("name")))
            if fault is not None:
                counted = self._record.tools_left_out
                counted[fault.value] = counted.get(fault.value, 0) + 1
            return fault is None

        return offered

    def _wrong(
        self, name: str, principal: Principal, context: RequestContext
    ) -> tuple[str, str, str] | None:
        """Why a tool must not be called, what the caller is told, and the Guardrail."""
        seen = self._seen.servers.get(context.backend)
        fault = self._snapshot.tools.called(context.backend, name, seen)
        if fault is None and name in self._seen.noted.get(context.backend, ()):
            fault = ToolFault.CHANGED
        if fault is not None:
            return fault.value, _TOLD[fault], ""
        guardrails = self._seen.left_out.get(context.backend, {}).get(name)
        if not guardrails:
            return None
        listing = Call("mcp", LIST_METHOD, Kind.REQUEST, attributes={"method": LIST_METHOD})
        for one in self._snapshot.guarded.matching(listing, principal, context):
            if one in guardrails:
                return GUARDED, f"this tool is left out by guardrail {one}", one
        return None

    def _refusal(self, message: Deframed, guilty: dict[int, tuple[str, str, str]]) -> Refusal:
        why, told, guardrail = next(iter(guilty.values()))
        self._record.tool_refused, self._record.tool_guardrail = why, guardrail
        ids = tuple(call.id for call in message.calls if call.id is not None)
        innocent = tuple(
            call.id for call in message.calls if call.id is not None and id(call) not in guilty
        )
        return Refusal(
            Reason.CONTENT_BLOCKED,
            OPAQUE if self._snapshot.opaque else told,
            ids,
            message.batch,
            method=CALL_METHOD,
            innocent=innocent if message.batch else (),
        )
