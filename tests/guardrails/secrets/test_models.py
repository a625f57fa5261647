"""Keys of model providers."""

import pytest

from gateway.guardrails.secrets.models import MODELS
from tests.guardrails.finding import finder
from tests.guardrails.secrets.issued import HEX, LETTERS, drawn

find = finder(MODELS)
KEYS = {
    "openai_key": "sk" + "-proj-" + drawn(74),
    "openai_key_2": "sk" + "-" + drawn(20) + "T3Blbk" + "FJ" + drawn(20),
    "anthropic_key": "sk" + "-ant-api03-" + drawn(93) + "AA",
    "huggingface_token": "h" + "f_" + drawn(34, LETTERS[:52]),
    "groq_key": "gs" + "k_" + drawn(52),
    "openrouter_key": "sk" + "-or-v1-" + drawn(64, HEX),
    "perplexity_key": "pp" + "lx-" + drawn(48),
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
