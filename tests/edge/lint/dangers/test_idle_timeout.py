from tests.edge.lint.case import bootstrap, check, found, route

DANGER = "idle-timeout"
FIXED = bootstrap(routes=route("idle_timeout: 0s"), fields="stream_idle_timeout: 5s")


def test_a_route_that_may_be_silent_for_a_short_time_is_named() -> None:
    check(DANGER, bootstrap(routes=route("idle_timeout: 30s  # !")), FIXED)


def test_the_managers_own_counts_where_the_route_has_none() -> None:
    check(DANGER, bootstrap(routes=route(), fields="stream_idle_timeout: 60s  # !"), FIXED)


def test_envoys_default_of_five_minutes_counts_too() -> None:
    broken = bootstrap(routes=route().replace("route:", "route:  # !"))
    check(DANGER, broken, FIXED)
    assert "300 s" in found(DANGER, broken)[0].message


def test_the_silence_of_one_try_is_named_too() -> None:
    tries = "idle_timeout: 0s\nretry_policy:\n  per_try_idle_timeout: 9s  # !"
    check(DANGER, bootstrap(routes=route(tries)), FIXED)
