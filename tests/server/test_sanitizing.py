"""Model Armor's API follows the snapshot in force."""

from typing import Any

import pytest

from gateway.config.model_armor import ModelArmorServer
from gateway.config.schema import Identity, ListenerIdentity
from gateway.guardrails.provider import Direction
from gateway.identity.rules import compile_rules
from gateway.model.head import RequestHead
from gateway.model.jsonvalue import JsonObject
from gateway.model.principal import Principal
from gateway.model.refusal import Refusal
from gateway.pipeline.snapshot import ModelArmorStage, Snapshot
from gateway.server.model_armor_request import ClientText
from gateway.server.sanitizing import Authenticate, Examine, Listener, Sanitizing, Terms
from gateway.wire.sanitization import Filter
from tests.guardrails.guarding import book, guardrail
from tests.pipeline.exchange_stage import Seen
from tests.pipeline.stage import ALICE, snapshot

CODE = "CODE-1234"
HEAD = RequestHead("POST", "/v1", route="model-armor")
TEXT = ClientText(f"it is {CODE}", Direction.REQUEST)


def served(address: str = "127.0.0.1:1", *, accept: Any = ("anonymous",), **more: Any) -> Snapshot:
    server = ModelArmorServer(address=address, **more)
    rules = compile_rules(ListenerIdentity(accept=accept), Identity())
    stage = ModelArmorStage(server, rules)
    return snapshot(model_armor=stage, guardrails=book(guardrail("g")))


class Opened:
    """A listener that serves nobody, and what it was made of."""

    def __init__(self, gate: "Gate", server: ModelArmorServer) -> None:
        self.gate, self.address = gate, server.address

    async def start(self) -> str:
        if self.gate.taken:
            raise OSError("taken")
        self.gate.open.append(self.address)
        return self.address

    async def stop(self) -> None:
        self.gate.open.remove(self.address)


class Gate:
    def __init__(self) -> None:
        self.open: list[str] = []
        self.taken = False
        self.seen = Seen()
        self.sanitizing = Sanitizing(lambda: self.seen.around)
        self.sanitizing.open_listener = self._opened

    def _opened(
        self, server: ModelArmorServer, terms: Any, authenticate: Authenticate, examine: Examine
    ) -> Listener:
        self.terms, self.authenticate, self.examine = terms, authenticate, examine
        return Opened(self, server)

    @property
    def record(self) -> JsonObject:
        return self.seen.records[-1]


@pytest.fixture
async def gate() -> Gate:
    made = Gate()
    await made.sanitizing.use(served())
    return made


async def test_it_is_served_where_the_newest_snapshot_says(gate: Gate) -> None:
    assert gate.open == ["127.0.0.1:1"]
    await gate.sanitizing.use(served("127.0.0.1:2", concurrency=7))
    await gate.sanitizing.close()
    assert gate.open == []
    again = Gate()
    await again.sanitizing.use(served("127.0.0.1:2", concurrency=7))
    assert (again.open, again.terms().concurrency) == (["127.0.0.1:2"], 7)


async def test_a_reload_that_moves_nothing_keeps_the_listener(gate: Gate) -> None:
    await gate.sanitizing.use(served(templates={"t": "g"}, concurrency=3))
    assert gate.open == ["127.0.0.1:1"]
    assert gate.terms().templates == {"t": "g"}


async def test_an_address_that_is_taken_leaves_all_as_it_was(gate: Gate) -> None:
    gate.taken = True
    with pytest.raises(OSError, match="taken"):
        await gate.sanitizing.use(served("127.0.0.1:2", concurrency=3))
    assert (gate.open, gate.terms().concurrency) == (["127.0.0.1:1"], 64)


async def test_who_still_asks_when_it_is_served_no_more_is_turned_away(gate: Gate) -> None:
    await gate.sanitizing.use(snapshot())
    assert gate.terms() == Terms(concurrency=0)
    await gate.sanitizing.close()
    assert gate.open == []


async def test_a_text_is_judged_recorded_and_counted(gate: Gate) -> None:
    examined = await gate.examine("g", TEXT, ALICE)
    assert (examined.outcome.blocked_by, examined.filters) == ("g", {Filter.SDP})
    assert (examined.audit_id, gate.record["audit_id"]) == ("audit-1", "audit-1")
    assert (gate.record["decision"], gate.record["principal"]) == ("served", ALICE.id)
    labels = {"route": "model-armor", "decision": "served", "reason": ""}
    assert gate.seen.registry.get_sample_value("gatehouse_requests_total", labels) == 1


async def test_a_guardrail_that_is_not_there_is_recorded_as_refused(gate: Gate) -> None:
    with pytest.raises(KeyError):
        await gate.examine("other", TEXT, ALICE)
    assert (gate.record["decision"], gate.record["reason"]) == ("refuse", "unknown_route")


async def test_who_asks_is_known_by_the_rules_of_the_snapshot(gate: Gate) -> None:
    assert isinstance(gate.authenticate(HEAD), Principal)
    assert gate.seen.records == []
    await gate.sanitizing.use(served(accept=("jwt",)))
    assert isinstance(gate.authenticate(HEAD), Refusal)
    assert (gate.record["decision"], gate.record["reason"]) == ("refuse", "unauthenticated")
