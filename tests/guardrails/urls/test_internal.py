import pytest

from gateway.guardrails.urls.internal import internal
from gateway.guardrails.urls.url import parsed


def score(text: str) -> float | None:
    url = parsed(text)
    assert url is not None
    return internal(url)


@pytest.mark.parametrize(
    "text",
    [
        "http://169.254.169.254/", "http://2852039166/", "http://[fd00:ec2::254]/",
        "http://[::ffff:169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[fe80::1]/",
        "http://metadata.google.internal/", "http://169.254.169.254.nip.io/", "http://0x7f.1/",
    ],
)  # fmt: skip
def test_metadata_services_and_disguised_addresses_are_high(text: str) -> None:
    assert (score(text) or 0) >= 0.85


@pytest.mark.parametrize(
    "text",
    ["http://localhost/", "http://10.0.0.1/", "http://[::1]/", "http://db.internal", "http://0/"],
)
def test_hosts_of_the_inside_are_at_least_medium(text: str) -> None:
    assert (score(text) or 0) >= 0.6


@pytest.mark.parametrize(
    "text", ["https://example.com/", "https://93.184.216.34/", "http://[2606:4700::1111]/"]
)
def test_a_public_host_is_no_finding(text: str) -> None:
    assert score(text) is None
