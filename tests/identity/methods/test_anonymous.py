"""The anonymous principal."""

from gateway.identity.methods.anonymous import verify
from gateway.model.principal import ANONYMOUS
from tests.identity.issuer import NOW, key_sets, request, rules


def test_everybody_is_anonymous() -> None:
    assert verify(request(), rules("anonymous"), key_sets(), NOW) is ANONYMOUS
