import json

import pytest

from gateway.edge.headers import CREDENTIALS, NOT_TO_UPSTREAM_PREFIXES
from tests.edge.lint.case import asks, bootstrap, check, filter_of, found, route

DANGER = "credentials-to-upstream"
CONTROL = [
    {"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in NOT_TO_UPSTREAM_PREFIXES
]


def removes(*names: str) -> str:
    rules = [*({"remove": name} for name in names), *CONTROL]
    return filter_of(
        "header_mutation.v3.HeaderMutation",
        f"mutations: {{request_mutations: {json.dumps(rules)}}}",
    )


def marked(text: str) -> str:
    return text.replace("http_filters:", "http_filters:  # !")


@pytest.mark.parametrize("left", CREDENTIALS)
def test_each_credential_that_reaches_a_backend_is_named(left: str) -> None:
    names = [name for name in CREDENTIALS if name != left]
    broken = marked(bootstrap(asks() + removes(*names), route()))
    check(DANGER, broken, bootstrap(asks() + removes(*CREDENTIALS), route()))
    assert left in found(DANGER, broken)[0].message


def test_what_is_removed_before_the_gateway_sees_it_does_not_count() -> None:
    early, late = removes(*CREDENTIALS) + asks(), asks() + removes(*CREDENTIALS)
    check(DANGER, marked(bootstrap(early)), bootstrap(late))


def test_a_route_may_remove_them_itself() -> None:
    here = route(more=f"request_headers_to_remove: {json.dumps(CREDENTIALS)}")
    check(
        DANGER,
        marked(bootstrap(asks() + removes(), here + route(name="mcp:b@tracker"))),
        bootstrap(asks() + removes(), here),
    )
