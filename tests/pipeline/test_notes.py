"""What a record learns of a request while it is judged."""

from gateway.audit.record import Record
from gateway.model.call import Call, Deframed, Kind
from gateway.model.permit import Decision
from gateway.pipeline.notes import Notes
from gateway.telemetry.traces import NoTracing
from tests.pipeline.stage import snapshot


def noted(message: Deframed) -> Record:
    record = Record("audit", 0.0, 1, "digest")
    Notes(snapshot(), record, NoTracing()).message(message)
    return record


def test_a_record_names_the_first_call_and_how_many_there_are() -> None:
    calls = (
        Call("mcp", "tools/call", Kind.REQUEST, target="get_issue", version="2025-03-26"),
        Call("mcp", "ping", Kind.REQUEST),
    )
    record = noted(Deframed(calls, batch=True))
    assert (record.method, record.target) == ("tools/call", "get_issue")
    assert (record.version, record.batch) == ("2025-03-26", 2)


def test_the_part_of_a_uri_that_can_be_a_secret_is_not_recorded() -> None:
    call = Call("mcp", "resources/read", Kind.REQUEST, target="https://a.example/x?token=1")
    assert noted(Deframed((call,))).target == "https://a.example/x"


def test_a_record_names_the_rule_that_decided() -> None:
    record = Record("audit", 0.0, 1, "digest")
    decision = Decision(allowed=True, policy="triage", rule="read", shadow=("a/b",))
    Notes(snapshot(), record, NoTracing()).decision(decision)
    assert (record.policy, record.rule, record.shadow) == ("triage", "read", ("a/b",))
