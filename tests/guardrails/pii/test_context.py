"""Words around a number."""

import pytest

from gateway.guardrails.pattern import Candidate
from gateway.guardrails.pii.context import REACH, near
from gateway.model.passage import Part

is_near = near("ssn", "social security")


def _candidate(before: str, after: str = "") -> Candidate:
    return Candidate("1", before, after, Part.USER)


@pytest.mark.parametrize(
    "before",
    ["SSN: ", "ssn=", "customer_ssn: ", "userSSN = ", "ssnNumber ", "Social Security no. "],
)
def test_a_word_counts_by_itself_and_as_part_of_a_name(before: str) -> None:
    assert is_near(_candidate(before))
    assert is_near(_candidate("", f" is the {before}"))


@pytest.mark.parametrize("before", ["lessn ", "ssnake ", "security ", ""])
def test_a_short_word_within_another_does_not(before: str) -> None:
    assert not is_near(_candidate(before))


def test_a_word_out_of_reach_does_not_count() -> None:
    assert is_near(_candidate("ssn" + "." * (REACH - 3)))
    assert not is_near(_candidate("ssn" + "." * (REACH - 2)))
