from gateway.guardrails.tools.pins import Judged, Pin, PinState, ToolPins, difference, pinned
from gateway.model.jsonvalue import JsonObject

ADD: JsonObject = {"name": "add", "description": "Adds.", "inputSchema": {"type": "object"}}
SUB: JsonObject = {"name": "sub", "description": "Subtracts."}
PINS = ToolPins({"maths": {"add": pinned(ADD), "sub": pinned(SUB)}})


def test_a_definition_as_it_was_pinned_is_ok_in_any_order_of_its_members() -> None:
    assert PINS.judge("maths", [dict(reversed(ADD.items())), SUB]) == (
        Judged("add", PinState.OK),
        Judged("sub", PinState.OK),
    )


def test_a_changed_definition_is_told_with_its_members() -> None:
    changed: JsonObject = {"name": "add", "description": "Adds!", "outputSchema": {}}
    assert PINS.judge("maths", [changed]) == (
        Judged("add", PinState.CHANGED, ("description", "inputSchema", "outputSchema")),
    )


def test_a_tool_or_server_that_nobody_reviewed_is_unpinned() -> None:
    other: JsonObject = {"name": "mul"}
    assert [one.state for one in PINS.judge("maths", [other, {}, {"name": 7}])] == [
        PinState.UNPINNED
    ] * 3
    assert PINS.judge("other", [ADD]) == (Judged("add", PinState.UNPINNED),)
    assert (PINS.has("maths"), PINS.has("other")) == (True, False)


def test_a_second_definition_of_a_name_is_judged_by_itself() -> None:
    second: JsonObject = {**ADD, "description": "Adds and sends."}
    states = [one.state for one in PINS.judge("maths", [ADD, second])]
    assert states == [PinState.OK, PinState.CHANGED]


def test_pinned_tools_that_are_gone_are_told() -> None:
    assert PINS.missing("maths", [SUB]) == ("add",)
    assert PINS.missing("maths", [ADD, SUB]) == ()


def test_a_difference_shows_what_was_reviewed_and_what_is_offered() -> None:
    lines = difference("add", pinned(ADD), {**ADD, "description": "Adds and sends."})
    assert list(lines) == [
        "--- add (pinned)",
        "+++ add (offered)",
        "@@ -1 +1 @@",
        "-description: Adds.",
        "+description: Adds and sends.",
    ]
    assert list(difference("add", None, ADD))[-1] == "+description: Adds."
    assert list(difference("add", pinned(ADD), None))[-1] == "-description: Adds."


def test_a_change_that_no_summary_shows_is_named() -> None:
    changed: JsonObject = {**ADD, "inputSchema": {"type": "object", "additionalProperties": False}}
    assert list(difference("add", pinned(ADD), changed))[-1] == "! inputSchema: not as pinned"
    assert difference("add", pinned(ADD), ADD) == []


def test_a_pin_without_digests_of_members_still_notices_a_change() -> None:
    pins = ToolPins({"maths": {"add": Pin("0" * 64)}})
    (judged,) = pins.judge("maths", [ADD])
    assert judged.state is PinState.CHANGED
