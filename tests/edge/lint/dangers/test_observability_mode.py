import pytest

from tests.edge.lint.case import asks, bootstrap, check


@pytest.mark.parametrize("key", ["observability_mode", "disable_immediate_response"])
def test_a_filter_that_does_not_wait_for_the_verdict_is_named(key: str) -> None:
    check(
        "observability-mode",
        bootstrap(asks(f"{key}: true  # !")),
        bootstrap(asks(f"{key}: false")),
    )
