"""Keys of services for monitoring, data and work."""

import pytest

from gateway.guardrails.secrets.services import SERVICES
from tests.guardrails.finding import finder
from tests.guardrails.secrets.issued import HEX, UPPER, drawn

find = finder(SERVICES)
KEYS = {
    "grafana_token": "gl" + "sa_" + drawn(32) + "_" + drawn(8, HEX),
    "notion_token": "nt" + "n_" + "45647615172" + drawn(35),
    "newrelic_key": "NR" + "AK-" + drawn(27, UPPER),
    "airtable_token": "pa" + "t" + drawn(14) + "." + drawn(64, HEX),
    "dynatrace_token": "dt" + "0c01." + drawn(24, UPPER) + "." + drawn(64, UPPER),
    "tailscale_key": "tskey" + "-auth-" + drawn(12) + "-" + drawn(32),
}


@pytest.mark.parametrize("category", KEYS)
def test_a_key_of_the_published_form_is_found_whole(category: str) -> None:
    key = KEYS[category]
    name = category.removesuffix("_2")
    assert (name, key) in find(f"the value is {key} today")
    assert (name, key) in find(f'{{"value": "{key}"}}')


@pytest.mark.parametrize("category", KEYS)
def test_a_key_cut_short_is_no_finding(category: str) -> None:
    name = category.removesuffix("_2")
    assert name not in dict(find(f"the value is {KEYS[category][:10]} today"))
