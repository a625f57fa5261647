"""Keys of clouds."""

import pytest

from gateway.guardrails.secrets.clouds import CLOUDS
from tests.guardrails.finding import finder
from tests.guardrails.secrets.issued import HEX, UPPER, drawn

find = finder(CLOUDS)
KEYS = {
    "aws_access_key": "AK" + "IA" + drawn(16, UPPER),
    "gcp_api_key": "AI" + "za" + drawn(35),
    "gcp_oauth_secret": "GOC" + "SPX-" + drawn(28),
    "gcp_oauth_token": "ya" + "29." + drawn(60),
    "azure_client_secret": drawn(3) + "8" + "Q~" + drawn(34),
    "digitalocean_token": "dop" + "_v1_" + drawn(64, HEX),
    "databricks_token": "da" + "pi" + drawn(32, HEX),
    "vault_token": "hv" + "s." + drawn(95),
    "vault_token_2": "hv" + "s." + drawn(24),
    "terraform_token": drawn(14) + ".atlas" + "v1." + drawn(64),
    "doppler_token": "dp" + ".pt." + drawn(43),
    "pulumi_token": "pu" + "l-" + drawn(40, HEX),
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


def test_an_aws_secret_is_found_by_its_name() -> None:
    secret = drawn(40)
    assert find(f'aws_secret_access_key = "{secret}"') == [("aws_secret_key", secret)]
    assert find(f'something_else = "{secret}"') == []


def test_the_key_of_documentation_is_no_finding() -> None:
    assert find("AKIA" + "IOSFODNN7EXAMPLE") == []
    assert find("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY") == []


def test_an_azure_connection_string_and_a_signature_are_found() -> None:
    key = drawn(86) + "=="
    assert ("azure_storage_key", key) in find(f"AccountName=kim;AccountKey={key};Suffix=x")
    signature = drawn(43) + "%3D"
    assert ("azure_storage_key", signature) in find(f"https://x.example/c?sv=1&sig={signature}")


def test_a_service_account_file_is_told_by_its_type() -> None:
    assert dict(find('{"type": "service_account", "project_id": "x"}')).keys() == {
        "gcp_service_account"
    }
