import pytest

from tests.edge.lint.case import asks, bootstrap, check, filter_of, route

DANGER = "failure-mode-allow"


def test_a_filter_that_goes_on_without_an_answer_is_named() -> None:
    check(
        DANGER,
        bootstrap(asks("failure_mode_allow: true  # !")),
        bootstrap(asks("failure_mode_allow: false")),
    )


def test_foreign_filters_of_either_kind_are_named_too() -> None:
    def twice(value: str) -> str:
        checker = filter_of("ext_authz.v3.ExtAuthz", f"failureModeAllow: {value}")
        return bootstrap(asks() + checker)

    check(DANGER, twice("true  # !"), twice("false"))


@pytest.mark.parametrize("level", ["route", "virtual host"])
def test_a_route_that_overrides_the_filter_is_named_once(level: str) -> None:
    def over(value: str) -> str:
        config = f"""
            typed_per_filter_config:
              gatehouse.ext_proc:
                overrides:
                  failure_mode_allow: {value}
            """
        two = route() + route(name="mcp:other@tracker")
        if level == "route":
            return bootstrap(routes=route(more=config))
        return bootstrap(routes=two, host=config)

    check(DANGER, over("true  # !"), over("false"))
