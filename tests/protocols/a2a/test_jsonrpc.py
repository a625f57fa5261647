from typing import Any

import pytest

from gateway.model.call import Call
from gateway.model.refusal import Reason, Refusal
from gateway.protocols.a2a.client import Client
from gateway.protocols.a2a.jsonrpc import accepts_events, deframed
from gateway.protocols.a2a.operation import METHODS_03, METHODS_10, STREAMS, V03, V10, Binding
from tests.protocols.a2a.clients import EVENTS, Lines, head, message_03, message_10, rpc

PARAMS: dict[str, Any] = {"id": "t", "taskId": "t"}


def of(value: Any, version: str = V10, lines: Lines = EVENTS) -> Call | Refusal:
    return deframed(value, head(lines), Client(Binding.JSON_RPC, version), "triage")


@pytest.mark.parametrize("name", sorted(METHODS_10))
def test_methods_of_10_have_their_own_names(name: str) -> None:
    params = message_10() if name.startswith("Send") else PARAMS
    found = of(rpc(name, params if name != "ListTasks" else {}))
    assert isinstance(found, Call), found
    assert (found.method, found.id) == (name, 1)


@pytest.mark.parametrize(("name", "method"), METHODS_03.items())
def test_methods_of_03_get_the_names_of_10(name: str, method: str) -> None:
    found = of(rpc(name, message_03() if name.startswith("message") else PARAMS), V03)
    assert isinstance(found, Call), found
    assert (found.method, found.version) == (method, V03)


@pytest.mark.parametrize(
    ("name", "version"),
    [*((name, V10) for name in sorted(METHODS_03)), *((name, V03) for name in sorted(METHODS_10))],
)
def test_a_method_of_the_other_version_is_refused(name: str, version: str) -> None:
    found = of(rpc(name), version)
    assert isinstance(found, Refusal)
    assert (found.reason, found.ids) == (Reason.UNSUPPORTED_VERSION, (1,))


@pytest.mark.parametrize("ident", [0, -1, 2**63, 10**40, "", "x", "1"])
def test_the_id_is_kept_exactly(ident: int | str) -> None:
    found = of(rpc(ident=ident))
    assert isinstance(found, Call)
    assert found.id == ident
    assert type(found.id) is type(ident)


@pytest.mark.parametrize(
    ("value", "reason", "ids"),
    [
        ([rpc()], Reason.INVALID_REQUEST, ()),
        ([], Reason.INVALID_REQUEST, ()),
        ("SendMessage", Reason.INVALID_REQUEST, ()),
        (None, Reason.INVALID_REQUEST, ()),
        (rpc(ident=None), Reason.INVALID_REQUEST, ()),
        (rpc(ident=1.5), Reason.INVALID_REQUEST, ()),
        (rpc(ident=True), Reason.INVALID_REQUEST, ()),
        ({"jsonrpc": "2.0", "method": "SendMessage"}, Reason.INVALID_REQUEST, ()),
        ({"jsonrpc": "2.0", "id": 1, "result": {}}, Reason.INVALID_REQUEST, ()),
        ({**rpc(), "result": {}}, Reason.INVALID_REQUEST, (1,)),
        ({**rpc(), "Method": "CancelTask"}, Reason.INVALID_REQUEST, (1,)),
        ({**rpc(), "jsonrpc": "1.0"}, Reason.INVALID_REQUEST, (1,)),
        (rpc("sendMessage"), Reason.UNKNOWN_METHOD, (1,)),
        (rpc("GetAgentCard"), Reason.UNKNOWN_METHOD, (1,)),
        (rpc("tools/call"), Reason.UNKNOWN_METHOD, (1,)),
        (rpc(params=[1]), Reason.INVALID_PARAMS, (1,)),
        (rpc(params={}), Reason.INVALID_PARAMS, (1,)),
    ],
)
def test_what_is_not_one_request_is_refused(
    value: Any, reason: Reason, ids: tuple[int, ...]
) -> None:
    found = of(value)
    assert isinstance(found, Refusal)
    assert (found.reason, found.ids, found.batch) == (reason, ids, False)


@pytest.mark.parametrize("name", sorted(STREAMS))
def test_a_stream_must_be_told_by_the_head(name: str) -> None:
    params = message_10() if name.startswith("Send") else PARAMS
    found = of(rpc(name, params), lines=(("accept", "application/json, */*"),))
    assert isinstance(found, Refusal)
    assert found.reason is Reason.INVALID_REQUEST


def test_a_client_that_reads_events_says_so() -> None:
    assert accepts_events(
        head((("accept", "application/json"), ("accept", "Text/Event-Stream;q=1")))
    )
    assert not accepts_events(head((("accept", "text/*, */*"),)))
    assert not accepts_events(head(()))
