import pytest

from gateway.guardrails.urls.ipv4 import ipv4


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7F.0.1", "127.0.0.1."],
)
def test_every_form_of_an_address_is_read(host: str) -> None:
    assert str(ipv4(host)) == "127.0.0.1"


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "256.1.1.1",
        "1.2.3.4.5",
        "1.2.3.256",
        "4294967296",
        "08.1.1.1",
        "",
        "1..2",
        "0y1",
    ],
)
def test_what_is_no_address_is_a_name(host: str) -> None:
    assert ipv4(host) is None
