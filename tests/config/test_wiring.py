import pytest

from gateway.config.wiring import Wiring, WiringError, parse_wiring


@pytest.mark.parametrize(
    "wiring",
    [Wiring("main", "buffered", True, 6.0), Wiring("a-b", "duplex", False, 0.5)],
)
def test_what_is_generated_reads_back(wiring: Wiring) -> None:
    assert parse_wiring(str(wiring)) == wiring


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2;listener=a;mode=head;override=1;timeout=1",
        "1;listener=a;mode=streamed;override=1;timeout=1",
        "1;listener=a;mode=head;override=yes;timeout=1",
        "1;listener=a;mode=head;override=1;timeout=soon",
        "1;listener=a;mode=head;override=1",
        "1;listener=a;mode=head;override=1;timeout=1;more=1",
    ],
)
def test_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(WiringError):
        parse_wiring(text)
