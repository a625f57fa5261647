import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.jsonvalue import JsonObject
from gateway.protocols.a2a.members import Keys, Members, WrongError
from gateway.wire.keyfold import MAX_MEMBERS

KEYS = Keys("messageId", "url", "parts", never=("file",))
STATES = ("NONE", "ONE", "TWO")


def members(**values: object) -> Members:
    return Members(dict(values), "params", Keys("a"))  # type: ignore[arg-type]  any value at all


@pytest.mark.parametrize(
    "key",
    ["message_id", "MessageId", "messageid", "MESSAGE_ID", "_url", "URL", "parts_", "part\u017f"],
)
def test_another_spelling_of_a_key_is_refused_alone_and_as_a_twin(key: str) -> None:
    values: list[JsonObject] = [{key: "x"}, {key: "x", "messageId": "m", "url": "u", "parts": []}]
    for value in values:
        with pytest.raises(WrongError, match="can be mistaken"):
            Members(value, "params", KEYS)


@pytest.mark.parametrize("key", ["other", "message-ids", "x_y", "urls"])
def test_a_key_without_a_meaning_is_nobodys_business(key: str) -> None:
    assert Members({key: "x"}, "params", KEYS).value(key) == "x"


def test_a_name_of_another_version_is_refused() -> None:
    with pytest.raises(WrongError, match="version"):
        Members({"file": {}}, "params", KEYS)


def test_an_object_may_not_be_endless() -> None:
    with pytest.raises(WrongError, match="members"):
        Members(dict.fromkeys(map(str, range(MAX_MEMBERS + 1))), "params", KEYS)


@pytest.mark.parametrize("value", [[], "x", 1, True])
def test_what_is_no_object_is_refused(value: object) -> None:
    with pytest.raises(WrongError, match="params must be an object"):
        Members(value, "params", KEYS)  # type: ignore[arg-type]  any value at all


def test_null_is_the_same_as_absent() -> None:
    for found in (members(), members(a=None), Members(None, "params", KEYS)):
        assert found.string("a") == ""
        assert (found.strings("a"), found.items("a")) == ([], [])
        assert (found.object("a"), found.integer("a"), found.boolean("a")) == (None, None, None)
        assert found.choice("a", STATES) == ""


WRONG: list[tuple[str, list[object]]] = [
    ("string", [1, True, [], {}]),
    ("strings", ["x", [1], [None], {}]),
    ("items", ["x", 1, {}]),
    ("object", ["x", 1, []]),
    ("integer", ["1", 1.0, True, 2**31, -(2**31) - 1]),
    ("boolean", [0, 1, "true"]),
]


@pytest.mark.parametrize(("read", "wrong"), WRONG)
def test_another_type_is_refused(read: str, wrong: list[object]) -> None:
    for value in wrong:
        with pytest.raises(WrongError, match=r"params\.a must be"):
            getattr(members(a=value), read)("a")


def test_a_required_string_may_not_be_empty() -> None:
    for found in (members(), members(a="")):
        with pytest.raises(WrongError, match="required"):
            found.string("a", required=True)


@given(value=st.integers(-(2**31), 2**31 - 1))
def test_an_integer_is_of_32_bits(value: int) -> None:
    assert members(a=value).integer("a") == value


def test_a_choice_is_a_name_or_its_number() -> None:
    assert members(a="ONE").choice("a", STATES) == "ONE"
    assert members(a=2).choice("a", STATES) == "TWO"
    assert members(a="one").choice("a", STATES, ("one",)) == "one"
    unknown: list[object] = ["NONE", "one", 0, 3, -1, True, 1.0, []]
    for value in unknown:
        with pytest.raises(WrongError, match="unknown"):
            members(a=value).choice("a", STATES)


def test_an_inner_object_tells_its_path() -> None:
    with pytest.raises(WrongError, match=r"params\.a\.url must be a string"):
        members(a={"url": 1}).inner("a", KEYS).string("url")
