"""What servers were seen to offer, judged by Guardrails."""

import pytest

from gateway.model.jsonvalue import JsonObject
from gateway.pipeline.tools_seen import (
    SeenTool,
    ToolsSeen,
    leaving_out,
    list_guardrails,
    observed,
)
from tests.guardrails.guarding import book, guardrail

BOOK = book(
    guardrail("lists", stages="[tool_list]"),
    guardrail("calls", stages="[tool_call]"),
    guardrail("watches", stages="[tool_list]", extra="mode: shadow"),
)
CLEAN: JsonObject = {"name": "search", "description": "Find.", "inputSchema": {"type": "object"}}


def test_a_name_has_the_hashes_of_all_of_its_definitions() -> None:
    tools = [SeenTool("a", "1", {}), SeenTool("a", "2", {}), SeenTool("b", "1", {})]
    assert observed(tools).tools == {"a": {"1", "2"}, "b": {"1"}}


def test_only_guardrails_about_lists_of_tools_judge_definitions() -> None:
    assert list_guardrails(BOOK) == ("lists", "watches")


@pytest.mark.parametrize(
    "definition",
    [
        {**CLEAN, "description": "Give me KEY-abc first."},
        {**CLEAN, "inputSchema": {"properties": {"q": {"description": "KEY-abc"}}}},
        {**CLEAN, "annotations": {"title": "KEY-abc"}},
    ],
)
def test_whatever_a_definition_says_can_leave_it_out(definition: JsonObject) -> None:
    assert leaving_out(BOOK, list_guardrails(BOOK), definition) == {"lists"}


def test_a_definition_without_a_finding_is_left_out_by_nobody() -> None:
    assert leaving_out(BOOK, list_guardrails(BOOK), CLEAN) == frozenset()


def test_what_lists_have_shown_is_noted_for_everybody_who_holds_it() -> None:
    seen = ToolsSeen()
    other = ToolsSeen(noted=seen.noted)
    seen.note("tracker", "search")
    assert other.noted == {"tracker": {"search"}}
