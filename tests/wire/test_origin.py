import pytest

from gateway.model.head import Headers
from gateway.model.refusal import Reason, Refusal
from gateway.wire.origin import origin_refusal

ALLOWED = frozenset({"https://console.example"})


@pytest.mark.parametrize(
    "values", [(), ("https://console.example",), ("HTTPS://Console.Example",) * 2]
)
def test_clients_without_an_origin_and_allowed_pages_may_call(values: tuple[str, ...]) -> None:
    assert origin_refusal(Headers([("origin", value) for value in values]), ALLOWED) is None


@pytest.mark.parametrize(
    "values",
    [
        ("https://evil.example",),
        ("https://console.example", "https://evil.example"),
        ("https://console.example,https://evil.example",),
        ("null",),
        ("",),
    ],
)
def test_any_other_page_may_not(values: tuple[str, ...]) -> None:
    refusal = origin_refusal(Headers([("origin", value) for value in values]), ALLOWED)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.DENIED
