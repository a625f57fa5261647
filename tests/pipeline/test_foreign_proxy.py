"""What a stream of such a proxy can deliver."""

import pytest

from gateway.pipeline.foreign_proxy import ForeignProxy


@pytest.mark.parametrize("overrides", [True, False])
def test_a_response_is_read_that_comes_by_itself(*, overrides: bool) -> None:
    proxy = ForeignProxy("agents", 5.0, overrides=overrides)
    for duplex in (True, False):
        assert proxy.wiring(duplex=duplex, sends_response=True).reads
    assert proxy.wiring(duplex=False, sends_response=False).reads is overrides
    assert not proxy.wiring(duplex=True, sends_response=False).reads


def test_every_request_is_one_of_the_route_that_the_operator_named() -> None:
    wiring = ForeignProxy("agents", 5.0).wiring(duplex=True, sends_response=True)
    assert (wiring.listener, wiring.mode, wiring.foreign) == ("agents", "duplex", True)
