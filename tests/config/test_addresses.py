import pytest

from gateway.config.addresses import (
    Address,
    HttpsUrl,
    is_normal_path,
    may_be_reached,
    parse_address,
    parse_https_url,
)


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


@pytest.mark.parametrize(
    ("text", "url", "authority"),
    [
        ("https://api.example", HttpsUrl("api.example", 443, "/"), "api.example"),
        ("https://API.Example/v1", HttpsUrl("api.example", 443, "/v1"), "api.example"),
        ("https://api.example:443/", HttpsUrl("api.example", 443, "/"), "api.example"),
        ("https://a.b:8443/mcp/", HttpsUrl("a.b", 8443, "/mcp/"), "a.b:8443"),
        ("https://1.com/", HttpsUrl("1.com", 443, "/"), "1.com"),
    ],
)
def test_a_url_is_a_name_a_port_and_a_path(text: str, url: HttpsUrl, authority: str) -> None:
    assert parse_https_url(text) == url
    assert (url.authority, url.endpoint) == (authority, f"{url.host}:{url.port}")


@pytest.mark.parametrize(
    "text",
    [
        "http://api.example/",
        "HTTPS://api.example/",
        "api.example",
        "https://",
        "https:///v1",
        "https://user@api.example/",
        "https://user:pass@api.example/",
        "https://api.example:0/",
        "https://api.example:65536/",
        "https://api.example:/",
        "https://api.example/v1?key=x",
        "https://api.example/v1#x",
        "https://api.example?x",
        "https://api.example\\@evil.example/",
        "https://api%2eexample/",
        "https://api.example./",
        "https://api.example\n",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://a.0x1/",
        "https://b\u00fccher.example/",
    ],
)
def test_anything_else_is_no_url_of_a_server(text: str) -> None:
    assert parse_https_url(text) is None


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_public_addresses_may_be_reached(host: str) -> None:
    assert may_be_reached(host, private=False)
    assert may_be_reached(host, private=True)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.9.9.9",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "0.1.2.3",
        "192.0.2.1",
        "255.255.255.255",
        "::1",
        "fd00::1",
        "fec0::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "2002:a00:1::1",
        "::10.0.0.1",
    ],
)
def test_private_addresses_may_be_reached_only_where_that_is_wanted(host: str) -> None:
    assert not may_be_reached(host, private=False)
    assert may_be_reached(host, private=True)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::169.254.169.254",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
    ],
)
def test_link_local_and_other_addresses_of_no_server_may_never_be_reached(host: str) -> None:
    assert not may_be_reached(host, private=False)
    assert not may_be_reached(host, private=True)
