from tests.edge.lint.case import asks, bootstrap, check, filter_of

DANGER = "route-cleared"


def test_a_filter_that_chooses_the_route_again_after_the_verdict_is_named() -> None:
    def clears(value: str) -> str:
        return filter_of("ext_authz.v3.ExtAuthz", f"clear_route_cache: {value}")

    check(
        DANGER,
        bootstrap(asks() + clears("true  # !")),
        bootstrap(clears("true") + asks() + clears("false")),
    )


def test_the_gateways_own_filter_keeps_the_route() -> None:
    check(
        DANGER,
        bootstrap(asks("route_cache_action: CLEAR  # !")),
        bootstrap(asks("route_cache_action: RETAIN")),
    )
