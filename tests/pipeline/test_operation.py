"""Labels are finite whatever clients and upstreams send."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.record import Record
from gateway.model.refusal import JSON_RPC_FORMS, Reason
from gateway.model.usage import Usage
from gateway.pipeline.operation import operation_of, target_of
from gateway.policy.names import KnownNames
from gateway.telemetry.series import COUNTERS
from tests.pipeline.stage import ROUTE
from tests.telemetry.metered import Metered

NAMES = KnownNames(
    tools=frozenset({"get_issue"}),
    prompts=frozenset({"review"}),
    models=frozenset({"small"}),
    methods=frozenset({"tools/call", "prompts/get", "resources/read", "ping", "SendMessage"}),
)
MODELS = replace(ROUTE, aliases=frozenset({"fast"}))


def record(**fields: Any) -> Record:
    made = Record("audit", 0.0, 1, "digest", route="triage", backend="tracker", protocol="mcp")
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("protocol", "method", "target", "label"),
    [
        ("mcp", "tools/call", "get_issue", "get_issue"),
        ("mcp", "tools/call", "review", "_OTHER"),
        ("mcp", "prompts/get", "review", "review"),
        ("mcp", "resources/read", "file:///a", ""),
        ("mcp", "ping", "", ""),
        ("openai", "chat/completions", "small", "small"),
        ("openai", "chat/completions", "fast", "fast"),
        ("openai", "chat/completions", "huge", "_OTHER"),
        ("anthropic", "messages", "fast", "fast"),
        ("openai", "models/list", "", ""),
        ("mcp", "tools/call", "fast", "_OTHER"),
        ("a2a", "SendMessage", "anything", "tracker"),
    ],
)
def test_a_target_is_a_label_if_configuration_names_it(
    protocol: str, method: str, target: str, label: str
) -> None:
    made = record(protocol=protocol, method=method, target=target)
    assert target_of(made, MODELS, NAMES) == label
    assert operation_of(made, MODELS, NAMES, "").target == label


@pytest.mark.parametrize(
    ("protocol", "version", "label"),
    [
        ("mcp", "2025-11-25", "2025-11-25"),
        ("mcp", "2026-07-28", "2026-07-28"),
        ("mcp", "2999-01-01", "_OTHER"),
        ("mcp", "", ""),
        ("a2a", "0.3", "0.3"),
        ("a2a", "1.0", "1.0"),
        ("a2a", "2025-11-25", "_OTHER"),
    ],
)
def test_a_version_is_a_label_if_the_protocol_has_it(
    protocol: str, version: str, label: str
) -> None:
    made = record(protocol=protocol, version=version)
    assert operation_of(made, ROUTE, NAMES, "").version == label


@pytest.mark.parametrize("reason", Reason)
def test_a_refusal_is_told_by_its_code_over_mcp_and_by_its_reason_elsewhere(
    reason: Reason,
) -> None:
    made = record(decision="refuse", reason=reason.value, status=403)
    code = str(JSON_RPC_FORMS[reason].code)
    done = operation_of(made, ROUTE, NAMES, "incomplete")
    assert (done.error, done.status) == (code, code)
    made.protocol = "a2a"
    done = operation_of(made, ROUTE, NAMES, "incomplete")
    assert (done.error, done.status) == (reason.value, "")


def test_only_answers_of_ours_have_a_code_and_only_those_of_mcp() -> None:
    broken = record(decision="allow", reason="no_endpoint", status=200)
    done = operation_of(broken, ROUTE, NAMES, "")
    assert (done.error, done.status) == ("no_endpoint", "")
    other = record(protocol="openai", decision="refuse", reason="denied")
    assert operation_of(other, ROUTE, NAMES, "").status == ""


@pytest.mark.parametrize(
    ("status", "cut", "error"),
    [
        (200, "", ""),
        (0, "", ""),
        (302, "", ""),
        (404, "", "404"),
        (503, "", "503"),
        (499, "", "_OTHER"),
        (999, "", "_OTHER"),
        (200, "incomplete", "incomplete"),
        (200, "revoked", "revoked"),
    ],
)
def test_an_answer_that_failed_is_told_by_what_went_wrong(
    status: int, cut: str, error: str
) -> None:
    made = record(decision="allow", status=status)
    assert operation_of(made, ROUTE, NAMES, cut).error == error


HOSTILE = st.text(max_size=20) | st.sampled_from(["get_issue", "small", "fast", "tools/call"])
REQUESTS = st.builds(
    record,
    protocol=st.sampled_from(["mcp", "a2a", "openai", "anthropic"]),
    method=HOSTILE,
    target=HOSTILE,
    version=HOSTILE,
    reason=st.sampled_from(["", "denied"]) | HOSTILE,
    decision=st.sampled_from(["allow", "refuse"]),
    status=st.integers(-10, 10_000),
)


def finite(value: str) -> bool:
    known = {"", "_OTHER", "triage", "tracker", "get_issue", "small", "fast", "review"}
    protocols = {"mcp", "a2a", "openai", "anthropic"}
    codes = {str(form.code) for form in JSON_RPC_FORMS.values()}
    errors = {reason.value for reason in Reason} | {str(status) for status in range(400, 600)}
    versions = {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", "0.3", "1.0"}
    return value in known | protocols | codes | errors | versions | NAMES.methods


@given(REQUESTS)
def test_no_label_is_what_a_client_made_up(made: Record) -> None:
    assert all(map(finite, operation_of(made, MODELS, NAMES, "")))


def test_a_client_that_makes_up_names_makes_no_time_series() -> None:
    metered = Metered(latest=True)

    def ask(number: int) -> None:
        name = f"made up {number}"
        for protocol, method in (
            ("mcp", "tools/call"),
            ("mcp", name),
            ("a2a", name),
            ("openai", "chat/completions"),
            ("anthropic", name),
        ):
            made = record(protocol=protocol, method=method, target=name, version=name)
            done = operation_of(made, MODELS, NAMES, "")
            target = target_of(made, MODELS, NAMES)
            metered.metrics.count_call("triage", protocol, NAMES.method(method), target, "allow")
            metered.metrics.ended(done, 1.0)
            metered.metrics.answered(done, 0.5, Usage(1, 2, model=name, finish=name))

    ask(0)
    before = metered.series()
    for number in range(1, 200):
        ask(number)
    assert metered.series() == before
    assert len(before) < COUNTERS
