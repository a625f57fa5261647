import pytest

from gateway.config.schema import Gateway
from gateway.config.shape import nearest, nearest_key


@pytest.mark.parametrize(
    ("loc", "key"),
    [
        (("listner",), "listeners"),
        (("routes", 0, "bakend"), "backend"),
        (("listeners", 0, "tls", "client-ca"), "client_ca"),
        (("identity", "jwt", 3, "audience"), "audiences"),
        (("routes", 0, "qqqq"), None),
        ((), None),
    ],
)
def test_the_nearest_key_is_one_that_may_stand_there(
    loc: tuple[str | int, ...], key: str | None
) -> None:
    assert nearest_key(Gateway, loc) == key


def test_nothing_is_near_nothing() -> None:
    assert nearest("tracker", []) is None
