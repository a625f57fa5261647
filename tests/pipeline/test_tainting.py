"""What one exchange reads and leaves behind of taints."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pytest

from gateway.audit.record import Record
from gateway.model.call import Call, Deframed, Kind
from gateway.model.finding import Action, Finding, Level
from gateway.model.head import RequestHead
from gateway.model.outcome import Found
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.model.principal import Principal, PrincipalKind
from gateway.model.refusal import Reason
from gateway.pipeline.rescue import RefusedError
from gateway.pipeline.tainting import Tainting
from gateway.pipeline.taints import NoTaints, TaintStore
from gateway.policy.provenance import ProvenanceBook
from tests.pipeline.stage import snapshot
from tests.policy.documents import rules
from tests.policy.test_provenance import document

ALICE = Principal(PrincipalKind.KEY, "", "alice")
HEAD = RequestHead("POST", "/mcp", route="triage")
READS = rules("name: a, effect: allow, when: size(request.taints) == 0")
BOOK = ProvenanceBook(
    [
        document({"name": "a", "tools": ["fetch"]}, targets=[{"backend": "tracker"}]),
        document(
            {"name": "a", "findings": ["words"]}, name="bad", targets=[{"backend": "tracker"}]
        ),
    ]
)
FOUND = Found(
    "edge",
    Finding("words", "word", "c", 0, 1, 0.9, Level.HIGH),
    Action.LOG,
    False,
    Stage.TOOL_RESULT,
    Part.TOOL_RESULT,
)


class Kept:
    """A store in a dictionary."""

    def __init__(self) -> None:
        self.labels: dict[str, set[str]] = {}

    async def read(self, keys: Sequence[str], labels: Collection[str]) -> frozenset[str] | None:
        found = {label for key in keys for label in self.labels.get(key, ())}
        return frozenset(found & set(labels))

    async def write(self, keys: Sequence[str], labels: Mapping[str, float]) -> bool:
        for key in keys:
            self.labels.setdefault(key, set()).update(labels)
        return True


def tainting(store: TaintStore, *, reads: bool = True) -> Tainting:
    policies = READS if reads else snapshot().policies
    using = replace(snapshot(), provenance=BOOK, taint_key=b"k", policies=policies)
    return Tainting(using, Record("a", 0.0, 1, "d"), store)


def asked(tool: str = "fetch") -> Deframed:
    return Deframed((Call("mcp", "tools/call", Kind.REQUEST, id=1, target=tool),), session="s")


def chat(*tools: str) -> Deframed:
    passages = tuple(
        Passage("text", Place(("x",)), Stage.TOOL_RESULT, Part.TOOL_RESULT, "x", name=tool)
        for tool in tools
    )
    call = Call("openai", "chat/completions", Kind.REQUEST, target="m")
    return Deframed((call,), passages=lambda: passages)


async def known(one: Tainting, message: Deframed) -> frozenset[str]:
    return await one.known(message, ALICE, HEAD, "tracker")


async def test_what_a_result_left_behind_is_known_of_the_next_request() -> None:
    store = Kept()
    first = tainting(store)
    assert await known(first, asked()) == frozenset()
    await first.before()
    assert first.record.taints == ("web",)
    assert await known(tainting(store), asked("other")) == {"web"}


async def test_what_is_found_in_a_result_is_written_once() -> None:
    store = Kept()
    first = tainting(store)
    await known(first, asked("other"))
    await first.before()
    assert store.labels == {}
    await first.after([FOUND])
    written = [set(labels) for labels in store.labels.values()]
    store.labels.clear()
    await first.after([FOUND])
    assert written == [{"bad"}, {"bad"}]  # of the session, and of any
    assert store.labels == {}


async def test_everything_is_tainted_where_nothing_can_be_known() -> None:
    assert await known(tainting(NoTaints()), asked("other")) == {"web", "bad"}


async def test_nothing_is_asked_where_no_policy_wants_to_know() -> None:
    assert await known(tainting(NoTaints(), reads=False), asked("other")) == frozenset()


async def test_a_result_whose_taint_cannot_be_written_does_not_go_on() -> None:
    one = tainting(NoTaints(), reads=False)
    await known(one, asked())
    with pytest.raises(RefusedError) as refused:
        await one.before()
    assert refused.value.refusal.reason is Reason.OWN_FAULT


async def test_a_conversation_with_a_model_is_tainted_by_what_its_messages_hold() -> None:
    one = tainting(NoTaints())
    assert await known(one, chat("fetch")) == {"web"}
    assert await known(tainting(NoTaints()), chat("other")) == frozenset()
    assert one.found_in(chat("other"), [FOUND]) == {"bad"}
    await one.before()
    await one.after([FOUND])
