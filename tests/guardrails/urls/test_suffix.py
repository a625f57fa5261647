import pytest

from gateway.guardrails.urls.suffix import is_suffix, registrable, site


@pytest.mark.parametrize(
    ("host", "registered"),
    [
        ("www.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.de", "co.de"),
        ("localhost", "localhost"),
        ("os.path", "os.path"),
    ],
)
def test_the_site_is_what_somebody_registered(host: str, registered: str) -> None:
    assert site(host) == registered


def test_what_ends_in_no_suffix_has_no_registered_label() -> None:
    assert registrable("google.protobuf.message") == ("", "")
    assert registrable("com") == ("", "com")


def test_words_of_programs_are_no_suffixes() -> None:
    assert not any(map(is_suffix, ("py3", "path", "protobuf", "c", "json", "")))
    assert all(map(is_suffix, ("com", "de", "xyz", "xn--p1ai", "\u0440\u0444")))
