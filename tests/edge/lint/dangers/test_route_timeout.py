import pytest

from tests.edge.lint.case import asks, bootstrap, check, filter_of, route

DANGER = "route-timeout"
FIXED = bootstrap(routes=route("timeout: 0s"))


def test_a_route_without_a_timeout_has_one_of_15_seconds() -> None:
    check(DANGER, bootstrap(routes=route().replace("route:", "route:  # !")), FIXED)


@pytest.mark.parametrize("timeout", ["15s", "3600s", "0.5s"])
def test_a_timeout_that_ends_streams_is_named(timeout: str) -> None:
    check(DANGER, bootstrap(routes=route(f"timeout: {timeout}  # !")), FIXED)


def test_so_is_one_of_a_single_try() -> None:
    tries = "timeout: 0s\nretry_policy:\n  per_try_timeout: 9s  # !"
    check(DANGER, bootstrap(routes=route(tries)), FIXED)


def test_routes_on_which_nobody_asks_the_gateway_are_their_owners() -> None:
    off = """
        typed_per_filter_config:
          gatehouse.ext_proc: {disabled: true}
        """
    other = route("timeout: 5s", more=off, name="own")
    broken = bootstrap(routes=other + route("timeout: 5s  # !"))
    check(DANGER, broken, bootstrap(routes=other))


def test_a_route_that_envoy_answers_itself_needs_none() -> None:
    direct = '- name: "_metadata:mcp:a@b"\n  direct_response: {status: 404}\n'
    broken = bootstrap(routes=direct + route("timeout: 5s  # !"))
    check(DANGER, broken, bootstrap(asks() + filter_of("x.v3.X"), direct))
