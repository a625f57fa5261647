"""Addresses and texts as attributes."""

import pytest

from gateway.telemetry.spans.description import TEXT_LIMIT, address, bounded, texts


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("10.0.0.1:80", {"a.address": "10.0.0.1", "a.port": 80}),
        ("[::1]:80", {"a.address": "::1", "a.port": 80}),
        ("pipe", {"a.address": "pipe"}),
        ("a:b", {"a.address": "a:b"}),
        ("", {}),
    ],
)
def test_an_endpoint_is_an_address_and_a_port(endpoint: str, told: dict[str, object]) -> None:
    assert address("a", endpoint) == told


def test_texts_are_bounded() -> None:
    assert bounded("a" * TEXT_LIMIT) == "a" * TEXT_LIMIT
    assert texts(["b", 1, "a" * 1000]) == ("b", "a" * TEXT_LIMIT + "…")
    assert texts("b") == ()
