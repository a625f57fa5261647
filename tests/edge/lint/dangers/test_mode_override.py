from tests.edge.lint.case import asks, bootstrap, check

DANGER = "mode-override"
FIXED = bootstrap(asks("allow_mode_override: true"))


def test_a_filter_that_does_not_let_the_gateway_read_responses_is_named() -> None:
    check(DANGER, bootstrap(asks("allow_mode_override: false  # !")), FIXED)
    check(DANGER, bootstrap(asks().replace("typed_config:", "typed_config:  # !")), FIXED)


def test_a_list_of_modes_is_named() -> None:
    some = "allow_mode_override: true\nallowed_override_modes: [{request_body_mode: NONE}]  # !"
    check(DANGER, bootstrap(asks(some)), FIXED)
