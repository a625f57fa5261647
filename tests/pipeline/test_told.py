"""What Envoy is told of a judged request."""

import pytest

from gateway.audit.record import Record
from gateway.model.call import Call, Deframed, Kind
from gateway.pipeline.told import told

RECORD = Record("audit-1", 0.0, 1, "digest")


def message(*idents: int | str | None, batch: bool = False) -> Deframed:
    calls = (Call("mcp", "tools/call", Kind.REQUEST, ident) for ident in idents)
    return Deframed(tuple(calls), batch=batch)


@pytest.mark.parametrize(
    ("ident", "text"),
    [(7, "7"), ("7", '"7"'), (2**60 + 1, "1152921504606846977"), ("ü", '"\\u00fc"')],
)
def test_the_callers_id_goes_out_as_json_text_with_its_own_type(
    ident: int | str, text: str
) -> None:
    assert told(RECORD, message(ident)) == {"gatehouse": {"audit_id": "audit-1", "rpc_id": text}}


@pytest.mark.parametrize("several", [message(1, 2, batch=True), message(1, batch=True)])
def test_a_batch_has_no_one_id(several: Deframed) -> None:
    assert told(RECORD, several) == {"gatehouse": {"audit_id": "audit-1"}}


@pytest.mark.parametrize("nothing", [None, message(None)])
def test_what_has_no_id_is_told_by_its_audit_id(nothing: Deframed | None) -> None:
    assert told(RECORD, nothing) == {"gatehouse": {"audit_id": "audit-1"}}
