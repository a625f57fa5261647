import socket

import pytest

from gateway.supervisor.ports import taken_addresses
from tests.support.ports import free_port


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_an_address_that_somebody_listens_on_is_told(
    family: socket.AddressFamily, host: str
) -> None:
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        port = listener.getsockname()[1]
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        (told,) = taken_addresses({"the admin address": address})
    assert told == (
        f"the admin address: {address} is in use; stop the other program or choose another port"
    )


def test_an_address_of_another_machine_is_told() -> None:
    (told,) = taken_addresses({"listener agents": f"192.0.2.1:{free_port()}"})
    assert "Cannot assign requested address" in told


def test_free_addresses_names_and_sockets_are_nothing_to_tell() -> None:
    wanted = {"a": f"127.0.0.1:{free_port()}", "b": "localhost:1", "c": "unix:/run/x.sock"}
    assert taken_addresses(wanted) == []
