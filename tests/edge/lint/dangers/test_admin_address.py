import pytest

from tests.edge.lint.case import bootstrap, check


@pytest.mark.parametrize("address", ["0.0.0.0", "10.0.0.7", "'::'", "envoy.internal"])
@pytest.mark.parametrize("loopback", ["127.0.0.1", "'::1'", "localhost"])
def test_an_admin_address_that_others_reach_is_named(address: str, loopback: str) -> None:
    def admin(where: str) -> str:
        return bootstrap(
            top=f"""
            admin:
              address:
                socket_address:
                  address: {where}  # !
                  port_value: 9901
            """
        )

    check("admin-address", admin(address), admin(loopback))
