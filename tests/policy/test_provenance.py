"""Which results taint what comes after them."""

import json
from typing import Any

from gateway.model.call import Call, Kind
from gateway.model.finding import Action, Finding, Level
from gateway.model.outcome import Found
from gateway.model.passage import Part, Passage, Place, Stage
from gateway.policy.provenance import ProvenanceBook, Taint
from gateway.policy.provenance_schema import Provenance


def document(*rules: dict[str, Any], name: str = "web", **spec: Any) -> Provenance:
    whole = {"targets": [{"backend": "browser"}], "rules": rules, **spec}
    given = {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "Provenance",
        "metadata": {"name": name},
        "spec": whole,
    }
    return Provenance.model_validate_json(json.dumps(given))


def tool(name: str) -> Call:
    return Call("mcp", "tools/call", Kind.REQUEST, id=1, target=name)


def found(detector: str = "prompt_injection", part: Part = Part.TOOL_RESULT) -> Found:
    finding = Finding(detector, "instruction_override", "c", 0, 1, 0.9, Level.HIGH)
    return Found("edge", finding, Action.ANNOTATE, False, Stage.TOOL_RESULT, part)


def result(name: str, part: Part = Part.TOOL_RESULT) -> Passage:
    return Passage("text", Place(("x",)), Stage.TOOL_RESULT, part, "x", name=name)


def labels(taints: frozenset[Taint]) -> set[str]:
    return {one.label for one in taints}


def test_a_rule_without_fields_taints_by_every_result_of_its_backend() -> None:
    book = ProvenanceBook([document({"name": "all"})])
    assert labels(book.of_call(tool("fetch"), "browser", "r")) == {"web"}
    assert book.of_call(tool("fetch"), "tracker", "r") == frozenset()


def test_a_rule_for_tools_taints_by_theirs_alone() -> None:
    book = ProvenanceBook([document({"name": "pages", "tools": ["fetch*"]})])
    assert labels(book.of_call(tool("fetch_page"), "browser", "r")) == {"web"}
    assert book.of_call(tool("history"), "browser", "r") == frozenset()
    assert book.of_call(Call("mcp", "tools/list", Kind.REQUEST, id=1), "browser", "r") == (
        frozenset()
    )


def test_a_rule_for_a_route_holds_for_whatever_is_behind_it() -> None:
    book = ProvenanceBook([document({"name": "all"}, targets=[{"route": "open"}])])
    assert labels(book.of_call(tool("any"), "anything", "open")) == {"web"}


def test_a_rule_for_findings_taints_only_by_what_was_found() -> None:
    book = ProvenanceBook([document({"name": "bad", "findings": ["prompt_injection"]})])
    call = tool("fetch")
    assert book.of_call(call, "browser", "r") == frozenset()
    assert labels(book.of_findings([found()], call, "browser", "r")) == {"web"}
    assert book.of_findings([found("pii")], call, "browser", "r") == frozenset()
    assert book.of_findings([], call, "browser", "r") == frozenset()


def test_a_finding_can_be_meant_by_its_category() -> None:
    named = "prompt_injection/instruction_override"
    book = ProvenanceBook([document({"name": "bad", "findings": [named]})])
    assert labels(book.of_findings([found()], tool("x"), "browser", "r")) == {"web"}


def test_a_taint_says_how_long_and_how_wide_it_is() -> None:
    book = ProvenanceBook([document({"name": "all"}, ttl=60.0, scope="principal")])
    assert book.of_call(tool("x"), "browser", "r") == {Taint("web", 60.0, wide=True)}


def test_a_conversation_is_tainted_by_the_tools_whose_results_it_holds() -> None:
    book = ProvenanceBook([document({"name": "pages", "tools": ["fetch*"]})])
    assert book.in_messages([result("fetch_page")]) == {"web"}
    assert book.in_messages([result("fetch_page", Part.USER)]) == frozenset()
    assert book.in_messages([result("other")]) == frozenset()


def test_a_conversation_is_tainted_by_what_is_found_in_results() -> None:
    book = ProvenanceBook([document({"name": "bad", "findings": ["prompt_injection"]})])
    assert book.in_messages([result("x")], [found()]) == {"web"}
    assert book.in_messages([result("x")], [found(part=Part.USER)]) == frozenset()


def test_a_rule_for_findings_of_tools_needs_both_in_a_conversation() -> None:
    rule = {"name": "bad", "tools": ["fetch*"], "findings": ["prompt_injection"]}
    book = ProvenanceBook([document(rule)])
    assert book.in_messages([result("fetch")]) == frozenset()
    assert book.in_messages([result("fetch")], [found()]) == {"web"}
    assert book.in_messages([result("other")], [found()]) == frozenset()


def test_the_labels_are_the_names_of_the_documents() -> None:
    book = ProvenanceBook([document({"name": "a"}), document({"name": "a"}, name="mail")])
    assert book.labels == {"web", "mail"}
    assert ProvenanceBook().labels == frozenset()
