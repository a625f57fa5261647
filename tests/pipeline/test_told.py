"""What Envoy is told of a judged request."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.audit.record import Record
from gateway.config.schema import Telling
from gateway.model.call import Call, Deframed, Kind
from gateway.pipeline.told import RPC_ID_LIMIT, told

NATIVE = "envoy.filters.http.mcp"
RECORD = replace(
    Record("audit-1", 0.0, 1, "digest"),
    decision="allow",
    route="triage",
    backend="tracker",
    protocol="mcp",
    principal="key:a",
    principal_kind="key",
    policy="p",
    rule="r",
    target="get_issue",
)


def message(*idents: int | str | None, batch: bool = False, **attributes: Any) -> Deframed:
    calls = (
        Call("mcp", "tools/call", Kind.REQUEST, ident, "get_issue", attributes=attributes)
        for ident in idents
    )
    return Deframed(tuple(calls), batch=batch)


def facts(
    of: Deframed | None, record: Record = RECORD, telling: Telling = "gatehouse"
) -> dict[str, Any]:
    found = told(record, of, telling)["gatehouse"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("ident", "text"),
    [(7, "7"), ("7", '"7"'), (2**60 + 1, "1152921504606846977"), ("ü", '"\\u00fc"')],
)
@pytest.mark.parametrize("telling", ["gatehouse", "native", "off"])
def test_the_callers_id_goes_out_as_json_text_with_its_own_type(
    ident: int | str, text: str, telling: Telling
) -> None:
    assert facts(message(ident), telling=telling)["rpc_id"] == text


@pytest.mark.parametrize(
    "without",
    [
        None,
        message(None),
        message(1, 2, batch=True),
        message(1, batch=True),
        message("x" * RPC_ID_LIMIT),
        message(10**RPC_ID_LIMIT),
    ],
)
def test_what_has_no_one_id_of_a_decent_size_is_told_by_its_audit_id(
    without: Deframed | None,
) -> None:
    assert facts(without)["audit_id"] == "audit-1"
    assert "rpc_id" not in facts(without)


def test_a_call_goes_out_with_its_decision_and_attributes() -> None:
    assert told(RECORD, message(7, name="get_issue", arguments={"a": "s3cret"})) == {
        "gatehouse": {
            "audit_id": "audit-1",
            "rpc_id": "7",
            "decision": "allow",
            "policy": "p",
            "rule": "r",
            "principal": "key:a",
            "principal_kind": "key",
            "route": "triage",
            "backend": "tracker",
            "protocol": "mcp",
            "method": "tools/call",
            "target": "get_issue",
            "mcp": {"method": "tools/call", "kind": "request", "name": "get_issue"},
        }
    }


def test_the_native_form_comes_beside_the_gateways_own_and_only_where_asked_for() -> None:
    assert set(told(RECORD, message(7), "native")) == {"gatehouse", NATIVE}
    assert set(told(RECORD, message(7))) == {"gatehouse"}


def test_off_tells_the_ids_alone() -> None:
    assert told(RECORD, message(7), "off") == {"gatehouse": {"audit_id": "audit-1", "rpc_id": "7"}}


def test_a_batch_is_a_count_without_anything_of_its_messages() -> None:
    whole = told(replace(RECORD, batch=2), message(1, 2, batch=True), "native")
    assert set(whole) == {"gatehouse"}
    found = facts(message(1, 2, batch=True), replace(RECORD, batch=2))
    assert (found["method"], found["batch"]) == ("batch", 2)
    assert not {"policy", "rule", "target", "mcp"} & set(found)


def test_shadow_rules_that_would_have_decided_otherwise_go_out_bounded() -> None:
    record = replace(RECORD, shadow=tuple(f"p/{n}" for n in range(40)))
    found = facts(message(7), record)
    assert found["shadow"] == [f"p/{n}" for n in range(16)]
    assert found["truncated"] is True


def test_who_asks_is_cut_and_made_text_that_envoy_takes() -> None:
    found = facts(message(7), replace(RECORD, principal="jwt:i#\ud800" + "x" * 300))
    assert len(found["principal"]) == 256
    assert found["principal"].startswith("jwt:i#?x")
    assert found["truncated"] is True


def test_the_target_is_what_the_record_says() -> None:
    record = replace(RECORD, target="what?")
    assert facts(message(7), record)["target"] == "what?"


def test_a_protocol_of_somebody_else_has_a_decision_and_no_attributes() -> None:
    other = Deframed((Call("acme", "do", Kind.REQUEST, 7),))
    found = facts(other)
    assert (found["decision"], found["method"]) == ("allow", "do")
    assert not {"mcp", "llm", "a2a"} & set(found)


def test_an_unjudged_pass_says_that_it_is_one() -> None:
    record = replace(Record("audit-1", 0.0, 1, "d"), decision="unjudged", route="open")
    assert facts(None, record) == {
        "audit_id": "audit-1",
        "decision": "unjudged",
        "route": "open",
        "backend": "",
        "protocol": "",
    }
