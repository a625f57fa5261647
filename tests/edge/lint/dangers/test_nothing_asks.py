from tests.edge.lint.case import asks, bootstrap, check, filter_of


def test_a_file_in_which_nobody_asks_the_gateway_is_named() -> None:
    router = filter_of("router.v3.Router")
    broken = bootstrap(router).replace("http_filters:", "http_filters:  # !")
    check("nothing-asks", broken, bootstrap(asks() + router))
