"""Keys of payment services."""

import pytest

from gateway.guardrails.secrets.payments import PAYMENTS
from tests.guardrails.finding import finder
from tests.guardrails.secrets.issued import HEX, drawn

find = finder(PAYMENTS)
KEYS = {
    "stripe_key": "sk" + "_live_" + drawn(24),
    "shopify_token": "shp" + "at_" + drawn(32, HEX),
    "square_token": "sq0" + "atp-" + drawn(22),
    "razorpay_key": "rzp" + "_live_" + drawn(14),
    "shippo_token": "shippo" + "_live_" + drawn(40, HEX),
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
