import json

import pytest

from gateway.guardrails.tools.definition import canonical, digest, member_digests, readable, visible
from gateway.model.jsonvalue import JsonObject, JsonValue

TOOL: JsonObject = {
    "name": "add",
    "title": "Adder",
    "description": "Adds.\nTwo \u200bnumbers.",
    "inputSchema": {
        "type": "object",
        "properties": {
            "b": {"type": "number"},
            "a": {"type": "number", "description": "the  first"},
        },
        "required": ["a"],
    },
    "annotations": {"readOnlyHint": True},
}


def test_the_order_of_members_and_white_space_do_not_matter() -> None:
    other: JsonObject = json.loads(json.dumps(dict(reversed(TOOL.items())), indent=3))
    assert canonical(other) == canonical(TOOL)
    assert digest(other) == digest(TOOL)


def test_any_other_change_makes_another_hash() -> None:
    changes: list[JsonObject] = [
        {"description": "Adds.\nTwo numbers."},
        {"annotations": {"readOnlyHint": 1}},
        {"icons": []},
        {"title": None},
    ]
    assert len({digest({**TOOL, **change}) for change in changes} | {digest(TOOL)}) == 5


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1.0, "1"), (-0.0, "0"), (0.1, "0.1"), (1e21, "1e+21"), (1e20, "100000000000000000000"),
        (1e-6, "0.000001"), (1e-7, "1e-7"), (123.456, "123.456"), (-1.5e300, "-1.5e+300"),
        (333333333.33333329, "333333333.3333333"), (4.50, "4.5"), (2e-3, "0.002"),
        (9007199254740993, "9007199254740993"), (1e16, "10000000000000000"), (5e-324, "5e-324"),
        (12345678901234567890.0, "12345678901234567000"),
        ("\u20ac$\u000f\nA'B\"\\\\\"/", '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ([True, None, [0]], "[true,null,[0]]"), ({"b": {}, "a": 1}, '{"a":1,"b":{}}'),
    ],
)  # fmt: skip
def test_values_are_written_as_rfc_8785_has_them(value: JsonValue, written: str) -> None:
    assert canonical(value).decode() == written


def test_members_are_sorted_by_their_utf_16_code_units() -> None:
    names: JsonObject = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6}
    keys = list(json.loads(canonical(names)))
    assert keys == ["\r", "1", "\u0080", "\u20ac", "\U0001f600", "\ufb33"]


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="number"):
        canonical(float("nan"))


def test_each_member_has_a_digest_of_its_own() -> None:
    before, after = member_digests(TOOL), member_digests({**TOOL, "title": "Sum"})
    assert {key for key in before if before[key] != after[key]} == {"title"}
    assert all(len(one) == 16 for one in before.values())


def test_a_summary_shows_all_that_a_tool_says_with_what_is_hidden() -> None:
    assert readable(TOOL) == (
        "title: Adder",
        "description: Adds.",
        "  Two \\u{200b}numbers.",
        "argument a: number (required) - the first",
        "argument b: number",
        'annotations: {"readOnlyHint": true}',
    )


def test_a_long_description_is_shown_to_its_end() -> None:
    words = " ".join(map(str, range(200)))
    lines = readable({"name": "x", "description": words})
    assert "".join(line.removeprefix("  ") for line in lines) == f"description: {words}"


def test_what_is_no_definition_has_a_summary_too() -> None:
    odd: JsonObject = {"description": 7, "inputSchema": {"properties": {"a": True}, "required": 1}}
    assert readable(odd) == ("argument a: any",)
    assert visible("a\x1b[8m") == "a\\u{1b}[8m"
