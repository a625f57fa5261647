import pytest

from gateway.guardrails.urls.url import parsed, urls_in


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://Example.COM/x", "example.com"),
        ("hxxps://example[.]com", "example.com"),
        ("hxxp[:]//example(dot)com/", "example.com"),
        ("http:\\\\example.com\\x", "example.com"),
        ("https://good.com@example.com", "example.com"),
        ("https://example.com\\@good.com", "example.com"),
        ("https://example.com:8443?x", "example.com"),
        ("https://example%2ecom/", "example.com"),
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://[::1]:80/", "::1"),
        ("example.com.", "example.com"),
        ("example\u3002com", "example.com"),
        ("http:///example.com", "example.com"),
        ("2606:4700::1111", "2606:4700::1111"),
    ],
)
def test_the_host_is_the_one_that_a_browser_goes_to(text: str, host: str) -> None:
    url = parsed(text)
    assert url is not None
    assert url.host == host


@pytest.mark.parametrize("text", ["https://", "https:///", "", "/path", "?q"])
def test_without_a_host_there_is_no_url(text: str) -> None:
    assert parsed(text) is None


def test_a_usual_port_is_the_same_as_none() -> None:
    usual, other = parsed("https://a.com:443/x"), parsed("https://a.com:80/x")
    assert usual is not None
    assert other is not None
    assert (usual.address, other.address) == ("a.com/x", "a.com:80/x")


def test_the_address_leaves_out_what_makes_no_other_page() -> None:
    urls = [parsed(text) for text in ("http://u@a.com/#x", "https://A.com", "a.com/")]
    assert {url.address for url in urls if url is not None} == {"a.com"}


def test_urls_within_a_url_are_found() -> None:
    text = "https://a.com/?u=https://b.com,http://c.com&v=https%3A%2F%2Fd.com%2Fx"
    assert {url.host for url in urls_in(text)} == {"a.com", "b.com", "c.com", "d.com"}
