import pytest

from gateway.config.addresses import Address, is_normal_path, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:80", Address("127.0.0.1", 80)),
        ("[::1]:65535", Address("::1", 65535)),
        ("a-b.example_x.com:1", Address("a-b.example_x.com", 1)),
    ],
)
def test_an_address_is_a_host_and_a_port_and_reads_back(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    ["host", "host:", ":1", "host:0", "host:65536", "host:1x", "::1:80", "[host]:1", "a b:1"],
)
def test_anything_else_is_none(text: str) -> None:
    assert parse_address(text) is None


LONGEST_LABEL = "a" * 63
LONGEST_NAME = ".".join([LONGEST_LABEL] * 3 + ["a" * 61])


@pytest.mark.parametrize("host", [LONGEST_LABEL, f"b.{LONGEST_LABEL}.c", LONGEST_NAME, "a-.b_"])
def test_a_name_may_be_as_long_as_dns_allows(host: str) -> None:
    assert parse_address(f"{host}:1") == Address(host, 1)


@pytest.mark.parametrize(
    "host",
    [
        "a..b",
        ".a",
        "a.",
        ".",
        f"{LONGEST_LABEL}a",
        f"b.{LONGEST_LABEL}a.c",
        f"{LONGEST_NAME}a",
        "-a",
        "a-",
        "a\n",
    ],
)
def test_a_name_that_no_name_service_can_know_is_none(host: str) -> None:
    assert parse_address(f"{host}:1") is None


def test_loopback_and_literals_are_told_from_names() -> None:
    assert Address("127.9.9.9", 1).loopback
    assert Address("localhost", 1).loopback
    assert not Address("0.0.0.0", 1).loopback
    assert not Address("example.com", 1).literal


@pytest.mark.parametrize("path", ["/", "/mcp", "/a/b.c/", "/a/@b:c"])
def test_plain_paths_are_normal(path: str) -> None:
    assert is_normal_path(path)


@pytest.mark.parametrize(
    "path", ["", "mcp", "//", "/a//b", "/a/../b", "/.", "/a%2fb", "/a?b", "/a#b"]
)
def test_paths_that_envoy_would_change_are_not(path: str) -> None:
    assert not is_normal_path(path)
