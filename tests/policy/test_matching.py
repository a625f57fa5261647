"""Which Guardrails apply to a call."""

from collections.abc import Collection, Mapping

import pytest

from gateway.config.selection import CallMatch, Target
from gateway.model.call import Call
from gateway.model.passage import Stage
from gateway.model.problem import Place, Problem
from gateway.policy.matching import GuardrailMatches, MatchSource, compile_matches, occurs_in
from gateway.suite.inputs import call_from
from tests.policy.documents import AGENT, BACKENDS, ROUTES, USER, context

TRACKER = (Target(backend="tracker"),)
SPOKEN = {("backend", "tracker"): {"mcp"}, ("backend", "elsewhere"): {"openai"}}


def source(
    match: CallMatch | None = None,
    *stages: Stage,
    name: str = "g",
    targets: tuple[Target, ...] = TRACKER,
) -> MatchSource:
    place = Place("g.yaml", 1, 1)
    found = stages or (Stage.TOOL_CALL,)
    return MatchSource(name, targets, found, match or CallMatch(), lambda _path: place)


def compiled(
    *found: MatchSource,
    spoken: Mapping[tuple[str, str], Collection[str]] | None = SPOKEN,
    extensions: Collection[str] = (),
) -> GuardrailMatches | tuple[Problem, ...]:
    return compile_matches(
        found, backends=BACKENDS, routes=ROUTES, spoken=spoken, extensions=extensions
    )


def matches(*found: MatchSource, extensions: Collection[str] = ()) -> GuardrailMatches:
    result = compiled(*found, extensions=extensions)
    assert isinstance(result, GuardrailMatches), [str(one) for one in result]
    return result


def problems(*found: MatchSource) -> list[str]:
    result = compiled(*found)
    return [
        str(one) for one in (result.warnings if isinstance(result, GuardrailMatches) else result)
    ]


def tool(name: str, **arguments: str) -> Call:
    return call_from("tools/call", {"name": name, "arguments": dict(arguments)})


def test_a_guardrail_applies_to_the_methods_in_which_its_stages_occur() -> None:
    found = matches(source())
    assert found.matching(tool("a"), AGENT, context()) == ("g",)
    assert found.matching(call_from("prompts/get", {"name": "a"}), AGENT, context()) == ()
    assert found.matching(tool("a"), AGENT, context("elsewhere")) == ()


def test_structured_fields_narrow_it_as_those_of_rules_do() -> None:
    match = CallMatch(tools=("read_*",), principals=("spiffe://*",))
    found = matches(source(match))
    assert found.matching(tool("read_a"), AGENT, context()) == ("g",)
    assert found.matching(tool("write_a"), AGENT, context()) == ()
    assert found.matching(tool("read_a"), USER, context()) == ()


def test_a_when_that_has_no_value_applies() -> None:
    found = matches(source(CallMatch(when='mcp.arguments.owner == "acme"')))
    assert found.matching(tool("a", owner="acme"), AGENT, context()) == ("g",)
    assert found.matching(tool("a", owner="other"), AGENT, context()) == ()
    assert found.matching(tool("a"), AGENT, context()) == ("g",)


def test_a_when_over_attributes_that_are_not_known_applies() -> None:
    found = matches(source(CallMatch(when='mcp.arguments.owner == "acme"')))
    call = tool("a", owner="other")
    assert found.matching(call, AGENT, context(), frozenset({"name"})) == ("g",)
    assert found.matching(call, AGENT, context(), frozenset({"name", "arguments"})) == ()


@pytest.mark.parametrize("method", ["GET", "tasks/result", "tasks/get"])
def test_a_result_that_comes_again_is_judged_whichever_call_it_was_of(method: str) -> None:
    match = CallMatch(tools=("a",), when='mcp.arguments.owner == "acme"')
    found = matches(source(match, Stage.TOOL_RESULT))
    assert found.matching(call_from(method, {}), AGENT, context()) == ("g",)
    mine = CallMatch(tools=("a",), when='principal.id == "nobody"')
    others = matches(source(mine, Stage.TOOL_RESULT))
    assert others.matching(call_from(method, {}), AGENT, context()) == ()


def test_a_call_that_does_not_say_what_it_is_about_is_judged() -> None:
    found = matches(source(CallMatch(tools=("a",))))
    assert found.matching(call_from("tools/call", {}), AGENT, context()) == ("g",)


def test_a_floor_without_targets_is_for_everything_and_comes_first() -> None:
    found = matches(source(), source(name="floor", targets=()))
    assert found.matching(tool("a"), AGENT, context()) == ("floor", "g")
    assert found.matching(call_from("initialize", {}), USER, context("elsewhere")) == ("floor",)


def test_methods_of_a_servers_own_are_judged_where_policies_name_them() -> None:
    found = matches(source(None, Stage.REQUEST), extensions={"x/own"})
    assert found.matching(call_from("x/own", {}), AGENT, context()) == ("g",)


def test_nothing_matches_where_there_is_nothing() -> None:
    assert GuardrailMatches().matching(tool("a"), AGENT, context()) == ()


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (source(CallMatch(when="mcp.argument.x == 1")), "spec.match.when: "),
        (source(CallMatch(when="llm.model == 'x'")), "spec.match: the rule applies to no method"),
        (source(CallMatch(tools=("a",)), Stage.TOOL_CALL, Stage.PROMPT_GET),
         "spec.stages[1]: no message of prompt_get carries what match names"),
        (source(None, Stage.A2A_MESSAGE), "spec.stages[0]: no message of a2a_message"),
        (source(CallMatch(methods=("tools/call", "prompts/get"), when="size(mcp.uri) > 1")),
         "applies to no method"),
        (source(CallMatch(methods=("tools/call", "ping"))), "ping has no text of these stages"),
        (source(CallMatch(methods=("tools/cal",))), 'did you mean "tools/call"?'),
        (source(targets=(Target(backend="trackr"),)), 'did you mean "tracker"?'),
    ],
    ids=["field", "protocol", "stage", "target", "carries", "method", "name", "backend"],
)  # fmt: skip
def test_a_match_that_could_never_match_is_refused(found: MatchSource, message: str) -> None:
    told = problems(found)
    assert any(message in one and "error" in one for one in told), told


def test_every_stage_occurs_in_some_method() -> None:
    assert all(occurs_in([stage]) for stage in Stage)


def test_it_is_explained_why_a_guardrail_applies_or_does_not() -> None:
    when = CallMatch(tools=("a",), when="size(mcp.arguments) > 3")
    found = matches(source(when), source(name="other"), source(name="floor", targets=()))
    told = {one.guardrail: one for one in found.explain(tool("b"), AGENT, context())}
    assert [(name, one.applies) for name, one in told.items()] == [
        ("floor", True),
        ("g", False),
        ("other", True),
    ]
    assert [(one.field, one.held) for one in told["g"].conditions] == [
        ("methods", True),
        ("tools", False),
    ]
    assert told["g"].value == "false"
