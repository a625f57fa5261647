from gateway.policy.cel import CelError
from gateway.policy.celerror import not_bool, unknown_field, unknown_name


def test_a_field_that_is_nearly_right_is_named() -> None:
    error = unknown_field("mcp", "nam", 2, 4)
    assert error == CelError("mcp has no field nam", 2, 4, "did you mean mcp.name?")


def test_an_unlikely_name_is_answered_with_all() -> None:
    error = unknown_name("zzz.a", 1, 1)
    assert error == CelError(
        "unknown name zzz.a", 1, 1, "known: mcp, llm, a2a, principal, request, now"
    )


def test_what_is_dynamic_is_to_be_compared() -> None:
    assert not_bool("dyn").fix == "compare it, e.g. with == true"
    assert not_bool("int").fix == "make it a comparison"
