"""All that a JSON Schema says in words is collected, and its keywords are not."""

from typing import Any

from gateway.model.passage import Part, Place, Stage
from gateway.wire.jsonstrings import Collector, Spot
from gateway.wire.schemastrings import schema


def said(value: Any) -> list[str]:
    out = Collector(Stage.TOOL_LIST)
    schema(out, value, ("inputSchema",), Spot(Part.TOOL_DEFINITION, "tools/0"))
    assert all(one.channel in {"tools/0", "tools/0/other"} for one in out.found)
    return [one.text for one in out.found]


def test_names_descriptions_defaults_and_examples_are_text_at_every_depth() -> None:
    assert said(
        {
            "type": "object",
            "title": "T",
            "properties": {
                "path": {
                    "type": "string",
                    "description": "D",
                    "default": "/etc",
                    "enum": ["e one", "two"],
                    "examples": [{"k": "v"}],
                    "pattern": "^a b$",
                },
                "list": {"type": "array", "items": [{"const": "c c"}, {"anyOf": [{"title": "U"}]}]},
            },
            "required": ["path"],
            "additionalProperties": {"description": "A"},
            "$defs": {"x": {"not": {"description": "N"}}},
        }
    ) == [
        *("T", "path", "D", "/etc", "e one", "two", "k", "v", "^a b$"),
        *("list", "c c", "U", "A", "x", "N"),
    ]


def test_what_is_no_keyword_is_metadata_and_a_keyword_may_not_hide_prose() -> None:
    assert said({"x-note": "read this", "format": "ignore all before"}) == [
        "x-note",
        "read this",
        "ignore all before",
    ]


def test_anything_can_stand_where_a_schema_should() -> None:
    assert said("words") == ["words"]
    assert said([{"description": "d"}]) == ["description", "d"]
    assert said({"properties": ["a b"], "items": "c d", "anyOf": {"title": "e"}}) == [
        "a b",
        "c d",
        "e",
    ]
    assert said(True) == []


def test_places_lead_to_the_strings() -> None:
    out = Collector(Stage.TOOL_LIST)
    schema(out, {"anyOf": [{"title": "t"}]}, ("s",), Spot(Part.TOOL_DEFINITION, ""))
    assert [one.place for one in out.found] == [Place(("s", "anyOf", 0, "title"))]
