"""SPIFFE ID syntax."""

import pytest

from gateway.identity.spiffe_id import MAX_LENGTH, is_workload_id, the_workload_id, trust_domain


@pytest.mark.parametrize(
    "text",
    [
        "spiffe://cluster.local/ns/github-agents/sa/issue-triage-agent",
        "spiffe://a/b",
        "spiffe://a_b-c.d/Zz09._-",
        "spiffe://a/...",
    ],
)
def test_a_workload_id_has_a_trust_domain_and_a_path(text: str) -> None:
    assert is_workload_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "spiffe://",
        "spiffe://a",
        "spiffe://a/",
        "spiffe:///b",
        "spiffe://a//b",
        "spiffe://a/b/",
        "spiffe://a/./b",
        "spiffe://a/..",
        "spiffe://A/b",
        "SPIFFE://a/b",
        "spiffe://a:80/b",
        "spiffe://u@a/b",
        "spiffe://a/b?c",
        "spiffe://a/b#c",
        "spiffe://a/%62",
        "spiffe://a/b\n",
        " spiffe://a/b",
        "spiffe://a/ü",
        "https://a/b",
        f"spiffe://{'a' * 256}/b",
        "spiffe://a/" + "b" * MAX_LENGTH,
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_workload_id(text)


def test_a_certificate_names_one_workload_or_nobody() -> None:
    assert the_workload_id(("spiffe://a/b",)) == "spiffe://a/b"
    assert the_workload_id(("spiffe://a/b", "spiffe://a/b")) is None
    assert the_workload_id(("spiffe://a/b", "https://a/b")) is None
    assert the_workload_id(()) is None


def test_the_trust_domain_is_what_stands_before_the_path() -> None:
    assert trust_domain("spiffe://cluster.local/ns/a/sa/b") == "cluster.local"
