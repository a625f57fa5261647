from tests.edge.lint.case import bootstrap, check

DANGER = "request-timeout"
FIXED = bootstrap(fields="request_timeout: 60s")


def test_a_request_that_may_take_for_ever_or_hardly_any_time_is_named() -> None:
    check(DANGER, bootstrap(fields="request_timeout: 0s  # !"), FIXED)
    check(DANGER, bootstrap(fields="request_timeout: 1s  # !"), FIXED)
    unset = bootstrap().replace("typed_config:\n", "typed_config:  # !\n", 1)
    check(DANGER, unset, FIXED)
