"""Reading single claims; whole tokens are in methods/test_jwt.py."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.claims import act_chain, scopes_of, seconds, strings, subject_of
from gateway.model.jsonvalue import JsonValue

json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["sub", "iss", "act"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "moment"),
    [(12, 12.0), (12.5, 12.5), (True, None), ("12", None), (math.inf, None), (10**400, None)],
)
def test_a_moment_is_a_finite_number(value: JsonValue, moment: float | None) -> None:
    assert seconds(value) == moment


def test_scopes_come_as_text_or_list() -> None:
    assert scopes_of("a b  a") == {"a", "b"}
    assert scopes_of(["a", "b"]) == {"a", "b"}
    assert scopes_of(None) == frozenset()
    assert scopes_of({"a": 1}) is None


def test_a_subject_can_stand_in_a_record() -> None:
    assert subject_of("Zoë Ōta") == "Zoë Ōta"
    assert subject_of("a\nb") is None
    assert subject_of("\ud800") is None


@given(json_values)
def test_no_claim_raises(value: JsonValue) -> None:
    seconds(value)
    strings(value)
    scopes_of(value)
    subject_of(value)
    chain = act_chain({"act": value}, "jwt:i")
    assert chain is None or all(actor.startswith("jwt:i#") for actor in chain)
