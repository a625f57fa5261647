import dataclasses
import json

from gateway.audit.record import LIST_LIMIT, NAME_LIMIT, Record
from gateway.model.placement import Placement
from gateway.model.usage import Usage

# What a record may hold. A new field belongs here only if it can never carry content: arguments,
# prompts, answers, headers, tokens.
ALLOWED = {
    "actors", "audit_id", "backend", "batch", "decision", "digest", "endpoint", "filtered",
    "first_chunk", "guarded", "listener", "method", "peer", "picked", "policy", "principal",
    "principal_kind", "protocol", "reason", "route", "rule", "shadow", "snapshot", "stages",
    "started", "status", "taints", "target", "tool_guardrail", "tool_refused", "tools_left_out",
    "trace_id", "unread", "usage", "version", "waited", "written",
}  # fmt: skip


def record() -> Record:
    return Record("a1", started=100.0, snapshot=7, digest="d")


def test_a_record_has_no_field_for_content() -> None:
    assert {field.name for field in dataclasses.fields(Record)} == ALLOWED


def test_a_record_is_json_with_durations_in_microseconds() -> None:
    kept = record()
    kept.decision, kept.method, kept.stages["deframe"] = "allow", "tools/call", 12
    values = kept.to_json(ended=100.25)
    assert values["time"] == 100.0
    assert values["duration_us"] == 250_000
    assert values["stages_us"] == {"deframe": 12}
    assert (values["snapshot"], values["digest"], values["audit_id"]) == (7, "d", "a1")
    assert json.loads(json.dumps(values)) == values


def test_rare_fields_are_there_only_when_they_say_something() -> None:
    rare = {"protocol", "version", "principal_kind", "batch", "shadow", "unread", "filtered"}
    kept = record()
    assert not rare & set(kept.to_json(101))
    kept.protocol, kept.version, kept.principal_kind = "mcp", "2025-11-25", "jwt"
    kept.batch, kept.shadow, kept.unread, kept.filtered = 2, ("p/r",), True, 1
    assert rare <= set(kept.to_json(101))


def test_every_name_that_somebody_else_chose_is_bounded() -> None:
    kept, long = record(), "x" * 100_000
    names = ("principal", "method", "target", "route", "endpoint", "peer", "trace_id", "version")
    for name in names:
        setattr(kept, name, long)
    kept.actors = kept.shadow = (long,) * 1000
    values = kept.to_json(101)
    assert [values[name] for name in names] == ["x" * NAME_LIMIT + "…"] * len(names)
    for name in ("actors", "shadow"):
        assert values[name] == ["x" * NAME_LIMIT + "…"] * LIST_LIMIT + ["…"]


def test_where_a_request_was_placed_and_how_long_it_waited_is_in_its_record() -> None:
    kept = record()
    kept.picked = Placement(
        3, "10.0.0.1:80", "chat", "cost", expected=12.34, cached_tokens=64, prompt_tokens=100
    )
    kept.waited = 0.25
    values = kept.to_json(101)
    assert values["pick"] == {
        "pool": "chat",
        "endpoint": "10.0.0.1:80",
        "profile": "cost",
        "cached_tokens": 64,
        "prompt_tokens": 100,
        "expected_ms": 12.3,
    }
    assert values["waited_us"] == 250_000


def test_what_an_answer_cost_is_in_its_record() -> None:
    kept = record()
    kept.usage = Usage(input=10, output=5, cached=4, model="m" * 1000, finish="stop")
    assert kept.to_json(101)["usage"] == {
        "input": 10,
        "output": 5,
        "cached": 4,
        "reasoning": 0,
        "model": "m" * NAME_LIMIT + "…",
        "finish": "stop",
    }


def test_the_first_piece_of_a_stream_is_told_in_microseconds() -> None:
    kept = record()
    assert "first_chunk_us" not in kept.to_json(101)
    kept.first_chunk = 0.25
    assert kept.to_json(101)["first_chunk_us"] == 250_000


def test_names_within_the_bound_stay_as_they_are() -> None:
    kept = record()
    kept.target, kept.actors = "x" * NAME_LIMIT, ("spiffe://a/b",)
    values = kept.to_json(101)
    assert (values["target"], values["actors"]) == ("x" * NAME_LIMIT, ["spiffe://a/b"])
