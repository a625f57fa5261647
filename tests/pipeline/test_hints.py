"""Control headers count for the principals that a route lists, and are else as if absent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.pool import Hint, Hints
from gateway.model.head import Headers, RequestHead
from gateway.model.jsonvalue import JsonValue
from gateway.model.principal import ANONYMOUS, Principal, PrincipalKind
from gateway.pipeline.hints import (
    AGENTS,
    CONTROL_HEADERS,
    FAIRNESS,
    MOST_ENDPOINTS,
    OBJECTIVE,
    REWRITE,
    SUBSET,
    SUBSET_NAMESPACE,
    TPOT_SLO,
    TTFT_SLO,
    HintRules,
    RequestHints,
    read_hints,
)

EVERY: tuple[Hint, ...] = ("objective", "fairness", "slo", "rewrite", "session", "subset")
ALICE = Principal(PrincipalKind.KEY, "", "alice")
BOB = Principal(PrincipalKind.KEY, "", "bob")
EVERYONE = HintRules([Hints(allow=EVERY)])
NOBODY = HintRules([])
PROXIED = HintRules([], proxied=True)
TEXTS: dict[str, tuple[str, ...]] = {"objective": OBJECTIVE, "flow": FAIRNESS, "model": REWRITE}


def hints(
    *lines: tuple[str, str],
    principal: Principal = ALICE,
    rules: HintRules = EVERYONE,
    metadata: dict[str, Any] | None = None,
) -> RequestHints:
    head = RequestHead("POST", "/", headers=Headers(lines), metadata=metadata or {})
    return read_hints(head, principal, rules)


def subset(value: JsonValue, rules: HintRules = EVERYONE) -> tuple[str, ...] | None:
    return hints(rules=rules, metadata={SUBSET_NAMESPACE: {SUBSET: value}}).subset


@pytest.mark.parametrize(("field", "names"), TEXTS.items())
def test_the_newer_name_is_read_before_its_alias(field: str, names: tuple[str, str]) -> None:
    new, alias = names
    mark = "hint:" if field == "flow" else ""  # never that of a principal
    assert getattr(hints((alias, "old")), field) == mark + "old"
    assert getattr(hints((alias, "old"), (new, "new")), field) == mark + "new"


def test_objectives_of_response_times_are_milliseconds() -> None:
    found = hints((TTFT_SLO[0], "250"), (TPOT_SLO[1], "12.5"))
    assert (found.ttft_slo, found.tpot_slo) == (0.25, 0.0125)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "1e3",
        "inf",
        "nan",
        "0x10",
        "\u0661",
        "1_000",
        "1.",
        " 5 ",
        "999999999",
        "1" * 99,
    ],
)
def test_a_response_time_that_is_no_plain_number_is_none(text: str) -> None:
    assert hints((TTFT_SLO[0], text)).ttft_slo is None
    assert hints((TTFT_SLO[0], text), (TTFT_SLO[1], "5")).ttft_slo is None


@pytest.mark.parametrize("value", ["", " a", "a ", "a\tb", "é", "a" * 257, "a\x7f"])
def test_a_value_that_is_too_long_or_not_printable_is_none(value: str) -> None:
    found = hints((OBJECTIVE[0], value), (REWRITE[0], value), (FAIRNESS[0], value))
    assert (found.objective, found.model, found.flow) == ("", "", "key:alice")


def test_a_value_may_be_as_long_as_a_name_and_no_longer() -> None:
    assert hints((OBJECTIVE[0], "a" * 256)).objective == "a" * 256


def test_a_header_that_occurs_twice_does_not_count() -> None:
    name = OBJECTIVE[0]
    assert hints((name, "a"), (name, "a")).objective == ""
    assert hints((name, "a"), (name, "b"), (OBJECTIVE[1], "c")).objective == ""


def test_nothing_counts_of_a_principal_that_no_rule_names() -> None:
    lines = [(name, "1") for name in CONTROL_HEADERS]
    assert hints(*lines, rules=NOBODY) == RequestHints(flow="key:alice")
    only_bob = HintRules([Hints(principals=("key:b*",), allow=EVERY)])
    assert hints(*lines, rules=only_bob) == RequestHints(flow="key:alice")
    assert hints(*lines, rules=only_bob, principal=BOB).objective == "1"


@pytest.mark.parametrize("hint", EVERY)
def test_each_hint_counts_by_itself(hint: Hint) -> None:
    lines = [(name, "1") for name in CONTROL_HEADERS]
    metadata: dict[str, Any] = {SUBSET_NAMESPACE: {SUBSET: ["10.0.0.1:80"]}}
    found = hints(*lines, rules=HintRules([Hints(allow=(hint,))]), metadata=metadata)
    counted = {
        "objective": found.objective == "1",
        "fairness": found.flow == "hint:1",
        "slo": found.ttft_slo == found.tpot_slo == 0.001,
        "rewrite": found.model == "1",
        "session": found.session != "",
        "subset": found.subset == ("10.0.0.1:80",),
    }
    assert [name for name, counts in counted.items() if counts] == [hint]


def test_the_rules_that_name_a_principal_add_up() -> None:
    rules = HintRules(
        [
            Hints(principals=("key:*",), allow=("objective",)),
            Hints(principals=("anonymous", "key:alice"), allow=("slo", "rewrite")),
        ]
    )
    assert rules.allowed(ALICE) == {"objective", "slo", "rewrite"}
    assert rules.allowed(BOB) == {"objective"}
    assert rules.allowed(ANONYMOUS) == {"slo", "rewrite"}


def test_requests_of_one_principal_are_one_flow_whatever_agents_it_runs() -> None:
    agents = [hints(("x-claude-code-session-id", str(number))).flow for number in range(3)]
    assert set(agents) == {"key:alice"}
    assert hints(principal=BOB).flow == "key:bob"


def test_a_flow_has_a_bounded_name_and_is_nobody_elses() -> None:
    flows = {
        hints(principal=Principal(PrincipalKind.JWT, "i" * 400, subject)).flow
        for subject in ("a", "b")
    }
    assert len(flows) == 2
    assert all(len(flow) <= 256 for flow in flows)


@pytest.mark.parametrize("name", AGENTS)
def test_the_session_of_an_agent_keeps_its_requests_together_for_everyone(name: str) -> None:
    one = hints((name, "s1"), rules=NOBODY).session
    assert one
    assert one == hints((name, "s1"), ("x-other", "1"), rules=NOBODY).session
    assert one != hints((name, "s2"), rules=NOBODY).session


def test_two_principals_never_share_a_session() -> None:
    acting = Principal(PrincipalKind.KEY, "", "alice", actors=("spiffe://a/b",))
    said = ("session-id", "s1")
    found = {hints(said, principal=one).session for one in (ALICE, BOB, acting)}
    assert len(found) == 3


def test_a_session_is_told_as_a_hash() -> None:
    session = hints(("session-id", "secret-session")).session
    assert "secret" not in session
    assert len(session) == 32
    int(session, 16)


def test_the_session_that_a_route_lets_count_is_read_before_those_of_agents() -> None:
    both = (("x-session-id", "own"), (AGENTS[1], "agent"))
    assert hints(*both).session == hints(both[0]).session
    assert hints(*both, rules=NOBODY).session == hints(both[1]).session
    assert hints((AGENTS[3], "d"), (AGENTS[0], "a")).session == hints((AGENTS[0], "a")).session


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (["10.0.0.1:80", "10.0.0.2:80"], ("10.0.0.1:80", "10.0.0.2:80")),
        (["10.0.0.1:80", 7, None], ("10.0.0.1:80",)),
        ([], ()),
        ("10.0.0.1:80", ()),
        (None, ()),
        ({}, ()),
        (["x"] * (MOST_ENDPOINTS + 1), ("x",) * MOST_ENDPOINTS),
    ],
)
def test_a_subset_leaves_what_it_names_and_nothing_where_it_cannot_be_read(
    value: JsonValue, named: tuple[str, ...]
) -> None:
    assert subset(value) == named
    assert subset(value, NOBODY) is None


def test_without_a_subset_any_endpoint_may_be_picked() -> None:
    assert hints().subset is None
    assert hints(metadata={SUBSET_NAMESPACE: {"other": []}}).subset is None


def test_a_header_names_a_subset_only_for_those_who_may_and_where_metadata_do_not() -> None:
    header = (SUBSET, "10.0.0.1:80, 10.0.0.2:80,")
    assert hints(header, rules=NOBODY).subset is None
    assert hints(header, rules=PROXIED).subset is None
    assert hints(header).subset == ("10.0.0.1:80", "10.0.0.2:80")
    assert hints((SUBSET, "")).subset == ()
    metadata: dict[str, JsonValue] = {SUBSET: ["10.0.0.3:80"]}
    assert hints(header, metadata={SUBSET_NAMESPACE: metadata}).subset == ("10.0.0.3:80",)
    many = ",".join(f"10.0.0.1:{port}" for port in range(1, MOST_ENDPOINTS + 9))
    assert len(hints((SUBSET, many)).subset or ()) == MOST_ENDPOINTS


def test_the_metadata_of_a_proxy_count_without_a_hint() -> None:
    assert subset(["10.0.0.1:80"], PROXIED) == ("10.0.0.1:80",)
    assert subset("10.0.0.1:80", PROXIED) == ()


@pytest.mark.parametrize(
    ("lines", "noted"),
    [
        (("if-available",), True),
        (("respond-async, IF-Available; x=1",), True),
        (("respond-async", "if-available"), True),
        (("if-available=no-such",), False),
        (("wait=10",), False),
        ((), False),
    ],
)
def test_a_preference_for_cached_prefixes_is_noted(lines: tuple[str, ...], noted: bool) -> None:
    assert hints(*(("prefer", line) for line in lines)).if_available is noted


@given(st.dictionaries(st.sampled_from([*CONTROL_HEADERS, *AGENTS, "prefer"]), st.text()))
def test_any_headers_are_read_without_a_fault(lines: dict[str, str]) -> None:
    found = hints(*lines.items())
    assert found.flow
    assert len(found.flow) <= 256
    assert found.ttft_slo is None or 0 < found.ttft_slo < 1e6
