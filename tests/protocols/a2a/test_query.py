import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.protocols.a2a.members import WrongError
from gateway.protocols.a2a.query import as_params, parameters


def test_parameters_are_decoded_once() -> None:
    found = parameters("/tasks?contextId=a%2Bb+c&A2A-Version=1.0&empty=&q=%2525")
    assert found == {"contextId": "a+b c", "A2A-Version": "1.0", "empty": "", "q": "%25"}
    assert parameters("/tasks") == parameters("/tasks?") == {}


@pytest.mark.parametrize(
    "query",
    [
        "a=1&a=2",
        "a=1&A=2",
        "a=1&%61=2",
        "a=%zz",
        "a=%ff",
        "a=1;b=2",
        "a[]=1",
        "a%5B0%5D=1",
        "%00=1",
        "a2a-version=1.0",
        "A2A_Version=1.0",
        "a=é",
        "a=1#b",
        "&".join(f"a{index}=1" for index in range(65)),
    ],
)
def test_what_frameworks_read_differently_is_refused(query: str) -> None:
    with pytest.raises(WrongError):
        parameters(f"/tasks?{query}")


@given(query=st.text(max_size=40))
def test_any_query_is_read_or_refused(query: str) -> None:
    try:
        found = parameters(f"/tasks?{query}")
    except WrongError:
        return
    assert all(isinstance(value, str) for value in found.values())


def test_numbers_and_truth_values_have_their_types() -> None:
    read = {"historyLength": "3", "pageSize": "-1", "includeArtifacts": "true", "contextId": "7"}
    assert as_params({**read, "A2A-Version": "1.0"}) == {
        "historyLength": 3,
        "pageSize": -1,
        "includeArtifacts": True,
        "contextId": "7",
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("historyLength", "1.0"),
        ("historyLength", "01"),
        ("historyLength", " 1"),
        ("historyLength", "\u0661"),
        ("pageSize", ""),
        ("includeArtifacts", "True"),
        ("includeArtifacts", "1"),
    ],
)
def test_another_spelling_of_a_value_is_refused(key: str, value: str) -> None:
    with pytest.raises(WrongError):
        as_params({key: value})
