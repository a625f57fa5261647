"""Model Armor's API as a worker serves it: by the snapshot in force, with records and metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol, TypeAlias

from gateway.audit.record import Record
from gateway.config.model_armor import ModelArmorServer
from gateway.identity.identify import identify
from gateway.model.head import RequestHead
from gateway.model.outcome import Outcome
from gateway.model.principal import Principal
from gateway.model.refusal import Reason, Refusal
from gateway.pipeline.examining import Judgement, examine
from gateway.pipeline.exchange import SERVED, Surroundings
from gateway.pipeline.snapshot import ModelArmorStage, Snapshot
from gateway.server.model_armor_request import METHODS, ClientText
from gateway.wire.sanitization import Filter, filters_of

ROUTE_NAME: Final = "model-armor"
"""What stands for a route where identity, records or metrics ask for one."""

PROTOCOL: Final = "model_armor"


@dataclass(frozen=True, slots=True)
class Examined:
    """What a Guardrail made of a text. `masked` is the text with its masks, None without any;
    `filters` are those of Model Armor that the Guardrail stands for. `audit_id` is that of the
    record, "" without one."""

    outcome: Outcome
    filters: frozenset[Filter]
    masked: str | None = None
    audit_id: str = ""


class Examine(Protocol):
    """Judges one text by one Guardrail, providers included."""

    def __call__(
        self, guardrail: str, asked: ClientText, principal: Principal
    ) -> Awaitable[Examined]:
        """KeyError where there is no Guardrail of this name that judges such texts."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What is served, asked anew for each request, so that reloads count.

    `templates` are names of Guardrails by template ids; empty: ids are the names. `max_bytes` are
    those of a body, `concurrency` is how many requests are served at once, `seconds` how long one
    may take.
    """

    templates: Mapping[str, str] = field(default_factory=dict[str, str])
    max_bytes: int = 4 * 1024 * 1024
    concurrency: int = 64
    seconds: float = 10.0


class Listener(Protocol):
    """Serves the API at one address."""

    async def start(self) -> str:
        """Bind and serve; the URL. OSError or ValueError where that cannot be done."""
        ...

    async def stop(self) -> None:
        """Stop, after what is being answered."""
        ...


Authenticate: TypeAlias = Callable[[RequestHead], Principal | Refusal]
OpenListener: TypeAlias = Callable[
    [ModelArmorServer, Callable[[], Terms], Authenticate, Examine], Listener
]
"""Makes the listener of a configuration."""


class Sanitizing:
    """Serves the API where the snapshot says so. `surroundings` are made anew for each text."""

    def __init__(self, surroundings: Callable[[], Surroundings]) -> None:
        self.open_listener: OpenListener | None = None
        self._surroundings = surroundings
        self._snapshot: Snapshot | None = None
        self._served: ModelArmorStage | None = None
        self._listener: Listener | None = None
        self._stopping: set[asyncio.Task[None]] = set()

    async def use(self, snapshot: Snapshot) -> None:
        """Judge by this snapshot from now on, at the address that it names. OSError or ValueError
        where that cannot be served: then all stays as it was."""
        before, wanted = self._served, snapshot.model_armor
        moves = _place(before) != _place(wanted)
        fresh = None
        if moves and wanted is not None and self.open_listener is not None:
            fresh = self.open_listener(
                wanted.server, self._terms, self._authenticate, self._examine
            )
            await fresh.start()  # beside the former one, whose address may be the same
        self._snapshot, self._served = snapshot, wanted
        if moves:
            self._retire()
            self._listener = fresh

    async def close(self) -> None:
        """Serve nothing any more."""
        self._retire()
        if self._stopping:
            await asyncio.gather(*self._stopping, return_exceptions=True)

    def _retire(self) -> None:
        """Have the listener end what it does, without waiting for that."""
        listener, self._listener = self._listener, None
        if listener is not None:
            stopping = asyncio.ensure_future(listener.stop())
            self._stopping.add(stopping)
            stopping.add_done_callback(self._stopping.discard)

    def _in_force(self) -> tuple[Snapshot, ModelArmorStage]:
        if self._snapshot is None or self._served is None:
            raise RuntimeError("Model Armor's API is not served any more")
        return self._snapshot, self._served

    def _terms(self) -> Terms:
        if self._snapshot is None or self._served is None:
            return Terms(concurrency=0)  # of a listener that is about to end
        server, seconds = self._served.server, self._snapshot.decision_seconds
        return Terms(server.templates, server.max_bytes, server.concurrency, seconds)

    def _authenticate(self, head: RequestHead) -> Principal | Refusal:
        """Who asks. Who is refused is recorded here: nothing else learns of it."""
        snapshot, stage = self._in_force()
        around = self._surroundings()
        principal = identify(head, stage.rules, snapshot.keys, around.now())
        if isinstance(principal, Refusal):
            record = _record(snapshot, around)
            record.peer, record.decision = head.peer.address, "refuse"
            record.reason = principal.reason.value
            _write(record, around)
        return principal

    async def _examine(self, guardrail: str, asked: ClientText, principal: Principal) -> Examined:
        """Judge a text and record that."""
        snapshot, _ = self._in_force()
        around = self._surroundings()
        record, started = _record(snapshot, around), around.ticks()
        record.method, record.target = METHODS[asked.direction], guardrail
        record.principal, record.principal_kind = principal.id, principal.kind.value
        record.actors = principal.actors
        try:
            judged = await examine(
                snapshot,
                guardrail,
                asked.text,
                asked.direction,
                around.consultants,
                ticks=around.ticks,
                today=datetime.fromtimestamp(record.started, UTC).date(),
            )
            record.decision, record.guarded = SERVED, judged.outcome
        except KeyError:
            record.decision, record.reason = "refuse", Reason.UNKNOWN_ROUTE.value
            raise
        finally:
            around.metrics.took(ROUTE_NAME, (around.ticks() - started) / 1e9)
            _write(record, around)
        return _examined(judged, record.audit_id)


def _place(stage: ModelArmorStage | None) -> tuple[str | None, ...] | None:
    """What a listener is started with: the rest is asked for each request."""
    if stage is None:
        return None
    server = stage.server
    return server.address, server.certificate, server.key, stage.files


def _record(snapshot: Snapshot, around: Surroundings) -> Record:
    record = Record(around.new_id(), around.now(), snapshot.number, snapshot.digest)
    record.route = record.listener = ROUTE_NAME
    record.protocol = PROTOCOL
    return record


def _write(record: Record, around: Surroundings) -> None:
    """Write and count what was judged; what was not is abandoned."""
    record.decision = record.decision or "abandoned"
    around.metrics.count(ROUTE_NAME, record.decision, record.reason)
    if record.guarded is not None:
        around.metrics.guardrails.count(record.guarded)
    around.write(record.to_json(around.now()))


def _examined(judged: Judgement, audit_id: str) -> Examined:
    filters = filters_of(judged.detectors, responsible_ai=judged.advised)
    return Examined(judged.outcome, filters, judged.text, audit_id)
