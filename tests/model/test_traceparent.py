"""A traceparent is valid as W3C Trace Context, section 3.2, has it, or is of no trace."""

import pytest

from gateway.model.traceparent import TRACEPARENT_FORM, same_trace

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OURS = f"00-{TRACE}-{PARENT}-01"


def test_its_parts_are_trace_parent_and_flags() -> None:
    match = TRACEPARENT_FORM.fullmatch(OURS)
    assert match is not None
    assert match.groups() == (TRACE, PARENT, "01")


def test_another_parent_other_flags_and_a_later_version_are_of_the_same_trace() -> None:
    assert same_trace(OURS, f"cc-{TRACE}-{PARENT[::-1]}-00")
    assert not same_trace(OURS, f"00-{TRACE[::-1]}-{PARENT}-01")


@pytest.mark.parametrize(
    "broken",
    [
        None,
        "",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"{OURS}\n",
        f"{OURS}-more",
        f" {OURS}",
    ],
)
def test_what_is_not_valid_is_of_no_trace_not_even_its_own(broken: str | None) -> None:
    assert not same_trace(OURS, broken)
    assert not same_trace(broken, broken)
