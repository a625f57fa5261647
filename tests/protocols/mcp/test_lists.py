"""List results lose the items that a caller may not use, and nothing else."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.jsonvalue import JsonMapping, JsonValue
from gateway.protocols.mcp.lists import LISTS, Keep, Unreadable
from gateway.protocols.mcp.lists import filtered as filtered_by
from tests.protocols.mcp.clients import encode

LIMIT = 100_000


def only(*names: str) -> Keep:
    def keep(_method: str, name: str) -> bool:
        return name in names

    return keep


def filtered(data: bytes, limit: int, keep: Keep, method: str | None) -> bytes | Unreadable | None:
    """What is left of the answers to requests of one method, or of an unknown one."""
    return filtered_by(data, limit, keep, lambda _id: method)


def answer(result: Any) -> bytes:
    return encode({"jsonrpc": "2.0", "id": 1, "result": result})


@pytest.mark.parametrize("shape", LISTS.values(), ids=lambda shape: shape.method)
@pytest.mark.parametrize("known", [True, False])
def test_each_list_is_filtered_by_its_method_and_by_its_shape(shape: Any, known: bool) -> None:
    asked: list[tuple[str, str]] = []

    def keep(method: str, name: str) -> bool:
        asked.append((method, name))
        return name == "b"

    data = answer({shape.key: [{shape.item: "a"}, {shape.item: "b"}], "nextCursor": "n"})
    found = filtered(data, LIMIT, keep, shape.method if known else None)
    assert found == answer({shape.key: [{shape.item: "b"}], "nextCursor": "n"})
    assert asked == [(shape.method, "a"), (shape.method, "b")]


def test_numbers_order_space_and_unknown_members_stay() -> None:
    data = (
        b' { "result" : {"x":1e400,"tools":[ {"name":"a"},\n{"z":1.0,"name":"b", "n":-0,'
        b'"inputSchema":{"maximum":12345678901234567890123, "x-mcp-header":"H"}} ],"y":2.50} ,'
        b'"jsonrpc":"2.0","id":1.0}\n'
    )
    assert filtered(data, LIMIT, only("b"), "tools/list") == data.replace(
        b'[ {"name":"a"},\n', b"["
    ).replace(b"}} ]", b"}}]")


def test_an_empty_list_stays_a_list() -> None:
    assert filtered(answer({"tools": []}), LIMIT, only(), "tools/list") == answer({"tools": []})


@pytest.mark.parametrize("scope", ["public", "private"])
def test_a_filtered_list_is_private(scope: str) -> None:
    data = answer({"tools": [], "ttlMs": 5, "cacheScope": scope})
    assert filtered(data, LIMIT, only(), "tools/list") == answer(
        {"tools": [], "ttlMs": 5, "cacheScope": "private"}
    )


def test_a_cacheable_list_without_scope_becomes_private() -> None:
    found = filtered(b'{"result":{"ttlMs":5,"tools":[]}}', LIMIT, only(), None)
    assert found == b'{"result":{"cacheScope":"private","ttlMs":5,"tools":[]}}'


@pytest.mark.parametrize(
    "item", [{}, {"name": 1}, "a", None, {"Name": "a"}, {"name": "a", "NAME": "b"}]
)
def test_an_item_that_nothing_could_judge_is_left_out(item: Any) -> None:
    found = filtered(answer({"tools": [item]}), LIMIT, lambda _method, _name: True, "tools/list")
    assert found == answer({"tools": []})


@pytest.mark.parametrize(
    ("message", "method"),
    [
        ({"id": 1, "error": {"code": 1, "message": "x"}}, "tools/list"),
        ({"method": "notifications/message", "params": {"tools": []}}, None),
        ({"id": 1, "method": "roots/list"}, None),
        ({"id": 1, "result": {"tools": [{"name": "a"}]}}, "tools/call"),
        ({"id": 1, "result": 1}, "tools/call"),
    ],
)
def test_what_is_no_list_is_none(message: dict[str, Any], method: str | None) -> None:
    assert filtered(encode({"jsonrpc": "2.0", **message}), LIMIT, only(), method) is None


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"_meta": {}},
        {"content": [], "tools": 1},
        {"messages": []},
        {"contents": []},
        {"completion": {"values": []}},
        {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {}},
        {"task": {"taskId": "1"}},
        {"taskId": "1", "status": "working"},
    ],
)
def test_a_result_of_an_unknown_request_passes_if_it_looks_like_one_of_mcp(result: Any) -> None:
    assert filtered(answer(result), LIMIT, only(), None) is None


@pytest.mark.parametrize(
    "result",
    [
        1,
        None,
        [{"name": "a"}],
        {"tools": 1},
        {"tools": {"a": {}}},
        {"tasks": []},
        {"content": "x"},
        {"items": [{"name": "a"}]},
        {"_meta": {}, "x": 1},
    ],
)
def test_a_result_of_an_unknown_request_that_fits_nothing_is_unreadable(result: Any) -> None:
    assert filtered(answer(result), LIMIT, only("a"), None) is Unreadable.NO_SHAPE


@pytest.mark.parametrize("message", [{}, {"tools": []}, {"id": 1}, {"detail": "x"}])
@pytest.mark.parametrize("method", ["tools/list", None])
def test_what_is_no_message_is_unreadable(message: dict[str, Any], method: str | None) -> None:
    assert filtered(encode(message), LIMIT, only(), method) is Unreadable.NO_MESSAGE


def test_each_result_is_judged_by_the_request_with_its_id() -> None:
    data = encode([{"id": n, "result": {"tools": [{"name": "a"}]}} for n in (1, 2, "1")])

    def asked(ident: JsonValue) -> str | None:
        return {1: "tools/call", 2: "tools/list"}.get(ident) if isinstance(ident, int) else None

    found = filtered_by(data, LIMIT, only(), asked)
    assert found == encode(
        [
            {"id": 1, "result": {"tools": [{"name": "a"}]}},
            {"id": 2, "result": {"tools": []}},
            {"id": "1", "result": {"tools": []}},
        ]
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", Unreadable.NOT_JSON),
        (b'{"result":{"tools":[],"tools":[]}}', Unreadable.NOT_JSON),
        (b'"' + b"x" * LIMIT + b'"', Unreadable.NOT_JSON),
        (b"1", Unreadable.NO_MESSAGE),
        (b'{"result":{"Tools":[],"tools":[]}}', Unreadable.AMBIGUOUS),
        (b'{"Result":{"tools":[]}}', Unreadable.AMBIGUOUS),
        (b'{"result":{}}', Unreadable.NO_LIST),
        (b'{"result":[]}', Unreadable.NO_LIST),
        (b'{"result":{"tools":{}}}', Unreadable.NO_LIST),
    ],
)
def test_what_cannot_be_judged_is_unreadable(data: bytes, reason: Unreadable) -> None:
    assert filtered(data, LIMIT, only(), "tools/list") is reason


def test_a_batch_is_filtered_message_by_message() -> None:
    data = (
        b'[{"result":{"tools":[{"name":"a"}]}},{"result":{}},{"result":{"prompts":[{"name":"b"}]}}]'
    )
    assert filtered(data, LIMIT, only("b"), None) == (
        b'[{"result":{"tools":[]}},{"result":{}},{"result":{"prompts":[{"name":"b"}]}}]'
    )


@settings(max_examples=200)
@given(
    data=st.binary(max_size=40)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["result", "tools", "name", "id", "ttlMs"]), inner)
        ),
        max_leaves=8,
    ).map(encode),
    method=st.sampled_from(["tools/list", "tools/call", None]),
)
def test_any_bytes_end_as_bytes_nothing_or_unreadable(data: bytes, method: str | None) -> None:
    assert isinstance(filtered(data, LIMIT, only("a"), method), (bytes, Unreadable, type(None)))


@pytest.mark.parametrize("known", [True, False])
def test_a_tool_is_judged_by_its_whole_definition_after_its_name(known: bool) -> None:
    judged: list[JsonMapping] = []

    def offered(definition: JsonMapping) -> bool:
        judged.append(definition)
        return definition.get("description") == "fine"

    tools = [
        {"name": "a", "description": "fine"},
        {"name": "b", "description": "poison"},
        {"name": "hidden", "description": "fine"},
    ]
    method = "tools/list" if known else None
    keep = only("a", "b")
    found = filtered_by(answer({"tools": tools}), LIMIT, keep, lambda _: method, offered)
    assert found == answer({"tools": tools[:1]})
    assert judged == tools[:2]


def test_items_of_other_lists_have_no_definition_to_judge() -> None:
    prompts = answer({"prompts": [{"name": "a"}]})
    keep = only("a")
    found = filtered_by(prompts, LIMIT, keep, lambda _: "prompts/list", lambda _: False)
    assert found == prompts
