import pytest

from gateway.guardrails.urls.carried import carried

BLOB = "QUJDREVGRw" * 6


@pytest.mark.parametrize(
    "rest",
    [
        "/i.png?q={{conversation}}",
        "/i?d=[summary of the chat]",
        "/i?q=SECRET_HERE",
        "/i?d=my%20card%20number%20is%20secret%20and%20more",
        f"/i?d={BLOB}",
        "/i?" + "&".join(f"p{n}=value{n}" for n in range(30)),
    ],
)
def test_a_text_in_a_query_is_medium(rest: str) -> None:
    assert (carried(rest) or 0) >= 0.6


@pytest.mark.parametrize("rest", ["", "/logo.png", "/logo.png?w=200&h=100", "/badge/build-passing"])
def test_a_usual_image_carries_nothing(rest: str) -> None:
    assert carried(rest) is None


@pytest.mark.parametrize("rest", [f"/i?X-Amz-Signature={BLOB}", "/" + "a" * 130])
def test_signed_and_long_urls_are_low(rest: str) -> None:
    assert carried(rest) == 0.4
