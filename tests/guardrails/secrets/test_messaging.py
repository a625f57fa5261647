"""Keys of chat, mail and telephony services."""

import pytest

from gateway.guardrails.secrets.messaging import MESSAGING
from tests.guardrails.finding import finder
from tests.guardrails.secrets.issued import HEX, drawn

find = finder(MESSAGING)
KEYS = {
    "slack_token": "xo" + "xb-" + "123456789012-123456789013-" + drawn(24),
    "slack_webhook": "hooks.slack" + ".com/services/T024TTTTT/BBB72BBL/" + drawn(24),
    "discord_token": "M" + drawn(24) + "." + drawn(6) + "." + drawn(38),
    "telegram_token": "123456789" + ":A" + drawn(34),
    "twilio_key": "S" + "K" + drawn(32, HEX),
    "sendgrid_key": "S" + "G." + drawn(22) + "." + drawn(43),
    "mailgun_key": "ke" + "y-" + drawn(32, HEX),
    "mailchimp_key": drawn(32, HEX) + "-us" + "18",
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
