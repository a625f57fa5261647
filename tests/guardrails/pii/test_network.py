"""Addresses of machines."""

import pytest

from gateway.guardrails.pii.network import KINDS
from tests.guardrails.finding import finder

find = finder(KINDS)


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("ip_address", "from «203.0.114.77» port 22"),
        ("ip_address", "host=«10.1.2.30»"),
        ("ip_address", "«2a02:8109::8a2e:370:7334»"),
        ("ip_address", "ip:«2001:DB8:85A3:0:0:8A2E:370:7334»"),
        ("mac_address", "mac:«00:1A:2b:3c:4D:5e»"),
        ("mac_address", "«00-1a-2b-3c-4d-5e»"),
        ("mac_address", "«001a.2b3c.4d5e»"),
    ],
)
def test_a_right_number_is_found(category: str, text: str) -> None:
    words = text[text.index("«") + 1 : text.index("»")]
    assert (category, words) in find(text.replace("«", "").replace("»", ""))


@pytest.mark.parametrize(
    "text",
    [
        "version 10.2.14.30",
        "v1.22.33.44",
        "lib==11.22.33.44",
        "1.3.6.1.4.1.311",
        "256.100.50.25",
        "127.0.0.1",
        "255.255.255.0",
        "0.0.0.0",
        "::1",
        "a[100::2]",
        "std::dead::beef",
        "12:34:56",
        "Chrome/120.0.0.0",
        "ff:ff:ff:ff:ff:ff",
        "00:11:22:33:44:55:66:77",
        "1.2.3.4",
    ],
)
def test_what_breaks_a_rule_is_no_finding(text: str) -> None:
    assert find(text) == []
