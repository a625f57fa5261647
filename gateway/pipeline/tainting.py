"""What one exchange reads and leaves behind of taints. No I/O, no clock.

A conversation with a model is tainted by what its own messages hold; what calls tools and agents
by what is remembered of it. Where that cannot be known everything is taken to be there, and a
result whose taint cannot be written does not go on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.audit.record import Record
from gateway.model.call import Call, Deframed
from gateway.model.head import RequestHead
from gateway.model.outcome import Found
from gateway.model.principal import Principal
from gateway.model.refusal import Reason, Refusal
from gateway.pipeline.rescue import RefusedError
from gateway.pipeline.snapshot import Snapshot
from gateway.pipeline.taints import TaintKeys, TaintStore, taint_keys
from gateway.policy.provenance import Taint

_MODELS: Final = frozenset({"openai", "anthropic"})


@dataclass(slots=True)
class Tainting:
    """Of one exchange, by one snapshot."""

    snapshot: Snapshot
    record: Record
    store: TaintStore
    _keys: TaintKeys | None = field(default=None, init=False)
    _calls: tuple[Call, ...] = field(default=(), init=False)
    _place: tuple[str, str] = field(default=("", ""), init=False)
    _written: frozenset[Taint] = field(default=frozenset(), init=False)

    async def known(
        self, message: Deframed, principal: Principal, head: RequestHead, backend: str
    ) -> frozenset[str]:
        """The labels that policies see of a message."""
        book = self.snapshot.provenance
        if not book.labels:
            return frozenset()
        self._calls, self._place = message.calls, (backend, head.route)
        if message.calls[0].protocol in _MODELS:
            return self._of_messages(message)
        secret = self.snapshot.taint_key
        self._keys = taint_keys(secret, principal, head, message.calls, message.session)
        if not self.snapshot.policies.reads_taints(backend, head.route):
            return frozenset()
        found = await self.store.read(self._keys.read, book.labels)
        return self._noted(book.labels if found is None else found)

    def found_in(self, message: Deframed, found: Sequence[Found]) -> frozenset[str]:
        """The labels of a conversation with a model, now that guardrails have judged it."""
        if not self.snapshot.provenance.labels or message.calls[0].protocol not in _MODELS:
            return frozenset()
        return self._of_messages(message, found)

    def _of_messages(self, message: Deframed, found: Sequence[Found] = ()) -> frozenset[str]:
        if not self.snapshot.policies.reads_taints(*self._place) or message.passages is None:
            return frozenset()
        return self._noted(self.snapshot.provenance.in_messages(message.passages(), found))

    async def before(self) -> None:
        """Write what any result of the permitted calls leaves behind: before there is one. Raises
        `RefusedError`."""
        if self._keys is None:
            return
        book = self.snapshot.provenance
        await self._write(
            taint for call in self._calls for taint in book.of_call(call, *self._place)
        )

    @property
    def watches(self) -> bool:
        """Whether what guardrails find in results can leave something behind."""
        return self._keys is not None and self.snapshot.provenance.reads_findings

    async def after(self, found: Sequence[Found]) -> None:
        """Write what a result leaves behind in which guardrails found something: before it goes
        on. Raises `RefusedError`."""
        if self._keys is None or not found:
            return
        book = self.snapshot.provenance
        await self._write(
            taint for call in self._calls for taint in book.of_findings(found, call, *self._place)
        )

    async def _write(self, taints: Iterable[Taint]) -> None:
        fresh = frozenset(taints) - self._written
        if not fresh or self._keys is None:
            return
        for wide in (False, True):
            labels = {one.label: one.ttl for one in fresh if one.wide is wide}
            keys = self._keys.written(wide=wide)
            if labels and not await self.store.write(keys, labels):
                message = "where the result comes from cannot be remembered"
                raise RefusedError(Refusal(Reason.OWN_FAULT, message))
        self._written |= fresh
        self._noted(frozenset(one.label for one in fresh))

    def _noted(self, labels: frozenset[str]) -> frozenset[str]:
        self.record.taints = tuple(sorted(labels | set(self.record.taints)))
        return labels
