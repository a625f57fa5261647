import pytest

from tests.requirements import Requirement, findings, read

ENTRY = '["a.b"]\nsays = "It does."\nsource = "Issue 1"\n'
KNOWN = frozenset({"tests/envoy/test_a.py::test_one", "tests/wire/test_b.py::test_two"})


def _found(*tests: str, missing: str = "") -> list[str]:
    return list(findings([Requirement("a.b", "It does.", "Issue 1", tests, missing)], KNOWN))


def test_an_entry_names_what_is_asked_for_and_its_tests() -> None:
    assert read(ENTRY + 'tests = ["x::y"]') == [
        Requirement("a.b", "It does.", "Issue 1", ("x::y",))
    ]


@pytest.mark.parametrize(
    "text", ['["a.b"]\nsource = "x"', '["A"]\nsays = "x"\nsource = "x"', ENTRY + "test = []"]
)
def test_an_entry_of_another_form_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"a\.b|A"):
        read(text)


def test_a_behaviour_test_without_an_entry_is_found_and_a_unit_test_is_not() -> None:
    (line,) = _found(missing="all of it")
    assert line.startswith("tests/envoy/test_a.py::test_one shows what nobody asked for")


def test_a_test_that_is_not_there_is_found() -> None:
    assert _found(*KNOWN, "tests/wire/test_b.py::test_gone") == [
        "a.b: there is no tests/wire/test_b.py::test_gone"
    ]


def test_an_entry_without_tests_says_what_is_missing() -> None:
    assert "a.b: no tests, and no word on what is missing" in _found()
    assert _found(*KNOWN) == []
