import pytest

from gateway.guardrails.urls.lookalike import Brands

BRANDS = Brands(["acmebank"])


@pytest.mark.parametrize(
    "host",
    [
        "paypa1.com",
        "pay-pal.com",
        "rnicrosoft.com",
        "faceboook.com",
        "microsfot.com",
        "paypal-login.com",
        "secure-amazon.xyz",
        "www.paypal.com.evil.ru",
        "paypal.com-verify.ru",
        "acrnebank.com",
        "\u0440\u0430ypal.com",
        "xn--pypal-4ve.com",
        "ex\u0430mple-\u03b1.com",
    ],
)
def test_a_host_that_wants_to_be_taken_for_another_has_a_score_of_medium(host: str) -> None:
    assert (BRANDS.score(host) or 0) >= 0.6


@pytest.mark.parametrize(
    "host",
    [
        "paypal.com",
        "www.paypal.co.uk",
        "google-analytics.com",
        "applepie.com",
        "github.example.com",
        "d111111abcdef8.cloudfront.net",
        "amazon.work.gd",
        "example.com",
        "\u044f\u043d\u0434\u0435\u043a\u0441.\u0440\u0444",
        "\u65e5\u672c\u8a9e\u30c6\u30b9\u30c8.jp",
        "os.path",
        "xn--.com",
    ],
)
def test_any_other_host_is_below_medium(host: str) -> None:
    assert (BRANDS.score(host) or 0) < 0.6


def test_only_names_of_the_user_s_own_are_added() -> None:
    assert Brands().score("acrnebank.com") is None
