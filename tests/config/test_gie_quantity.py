import pytest

from gateway.config.gie_quantity import quantity, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0.0),
        ("0s", 0.0),
        ("200ms", 0.2),
        ("60s", 60.0),
        ("1h30m", 5400.0),
        ("1.5h", 5400.0),
        ("2m0.5s", 120.5),
        ("10us", 0.00001),
        ("10µs", 0.00001),
        ("5ns", 5e-9),
    ],
)
def test_go_durations_are_seconds(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "60", "s", "-1s", "1 s", "1d", "1s!", "s1", "1,5s"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("20000", 20_000),
        ("1k", 1000),
        ("500M", 500_000_000),
        ("1.5G", 1_500_000_000),
        ("4Gi", 4 * 1024**3),
        ("1Ti", 1024**4),
        ("1500m", 2),
        ("1P", 10**15),
    ],
)
def test_kubernetes_quantities_are_whole_numbers(text: str, expected: int) -> None:
    assert quantity(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "1gi", "1 Gi", "Gi", "1e3", "0x10", "1KiB"])
def test_anything_else_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        quantity(text)
