import json

import pytest

from gateway.edge.headers import OWNED_NAMES, OWNED_PATTERN, OWNED_PREFIXES
from tests.edge.lint.case import bootstrap, check, found

DANGER = "unstripped-headers"
RULES = [
    *({"remove": name} for name in OWNED_NAMES),
    *({"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in OWNED_PREFIXES),
    {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": OWNED_PATTERN}}}},
]


def strips(*rules: object) -> str:
    listed = "[" + ", ".join(map(json.dumps, rules)) + "]"
    return bootstrap(
        fields=f"early_header_mutation_extensions:  # !\n- typed_config: {{mutations: {listed}}}"
    )


@pytest.mark.parametrize("index", range(len(RULES)))
def test_each_header_of_the_gateway_that_clients_can_send_is_named(index: int) -> None:
    check(DANGER, strips(*RULES[:index], *RULES[index + 1 :]), strips(*RULES))


def test_a_wider_prefix_takes_more_away() -> None:
    wide = {"remove_on_match": {"key_matcher": {"prefix": "x-"}}}
    assert found(DANGER, strips(wide)) == []
    assert "x-gateway-session-endpoint" in found(DANGER, bootstrap())[0].message
