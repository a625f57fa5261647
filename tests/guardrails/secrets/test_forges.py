"""Keys of code forges and registries."""

import pytest

from gateway.guardrails.secrets.forges import FORGES
from tests.guardrails.finding import finder
from tests.guardrails.secrets.issued import HEX, UPPER, drawn

find = finder(FORGES)
KEYS = {
    "github_token": "gh" + "p_" + drawn(36),
    "github_token_2": "github" + "_pat_" + drawn(22) + "_" + drawn(59),
    "gitlab_token": "gl" + "pat-" + drawn(20),
    "npm_token": "np" + "m_" + drawn(36),
    "pypi_token": "py" + "pi-AgEIcHlwaS5vcmc" + drawn(120),
    "rubygems_token": "ruby" + "gems_" + drawn(48, HEX),
    "dockerhub_token": "dckr" + "_pat_" + drawn(27),
    "bitbucket_token": "ATA" + "TT3" + drawn(186),
    "linear_key": "lin" + "_api_" + drawn(40),
    "sourcegraph_token": "sg" + "p_" + drawn(40, HEX),
    "octopus_key": "AP" + "I-" + drawn(26, UPPER),
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
