"""What is wrong with a gateway that shall pick for proxies of somebody else."""

from pathlib import Path
from typing import Any, Literal

import pytest

from gateway.config.picker_protocol import PickerProtocol
from gateway.config.picker_protocol_checks import open_to_anybody
from gateway.config.schema import ListenerTls, Service
from tests.config.case import complaints, right


def picking(**picks: Any) -> dict[str, Any]:
    """A right configuration that does."""
    value = right()
    value["pools"] = [{"name": "models", "endpoints": ["127.0.0.1:9002"], "models": ["m"]}]
    value["routes"].append(
        {"name": "models", "path": "/v1", "protocol": "openai", "backend": "models"}
    )
    value["service"]["endpoint_picker"] = {"route": "models", **picks}
    return value


def test_a_route_to_a_pool_is_right(tmp_path: Path) -> None:
    assert complaints(picking(fallbacks=2, tell=["model"]), tmp_path) == []
    assert complaints(picking(listener="main"), tmp_path) == []


@pytest.mark.parametrize(
    ("picks", "complaint"),
    [
        ({"route": "modles"}, 'there is no route "modles"'),
        ({"listener": "other"}, 'there is no listener "other"'),
        ({"route": "mcp"}, "route mcp leads to no pool"),
    ],
)
def test_what_it_names_must_be_there(picks: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    found = complaints(picking(**picks), tmp_path)
    assert any(complaint in one and one.startswith("error") for one in found), found


def test_of_several_listeners_one_is_named(tmp_path: Path) -> None:
    value = picking()
    value["listeners"].append({"name": "more", "port": 8081, "identity": {"accept": ["anonymous"]}})
    found = complaints(value, tmp_path)
    assert any("there are several listeners" in one for one in found), found
    value["service"]["endpoint_picker"]["listener"] = "more"
    assert complaints(value, tmp_path) == []
    del value["service"]["endpoint_picker"]["listener"]
    value["routes"][1]["listener"] = "main"
    assert complaints(value, tmp_path) == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"path": "/api"}, "path of pool models"), ({"http2": True}, "http2 of pool models")],
)
def test_what_the_proxy_cannot_know_of_a_pool_is_a_warning(
    changed: dict[str, Any], named: str, tmp_path: Path
) -> None:
    value = picking()
    value["pools"][0] |= changed
    found = complaints(value, tmp_path)
    assert any(named in one and one.startswith("warning") for one in found), found
    value["pools"][0] = {**picking()["pools"][0], "path": "/v1"}
    assert complaints(value, tmp_path) == []


def test_workers_are_open_to_all_only_where_the_operator_says_so(tmp_path: Path) -> None:
    value = picking()
    value["service"]["listen"] = "0.0.0.0:9920"
    assert any(one.startswith("error") for one in complaints(value, tmp_path))
    value["service"]["endpoint_picker"]["callers"] = "any"
    (found,) = complaints(value, tmp_path)
    assert found.startswith("warning service.listen")


@pytest.mark.parametrize(
    ("listen", "callers", "tls", "anybody"),
    [
        ("0.0.0.0:9920", "any", None, True),
        ("10.0.0.7:9920", "any", ListenerTls(certificate="c", key="k"), True),
        ("10.0.0.7:9920", "any", ListenerTls(certificate="c", key="k", client_ca="a"), False),
        ("10.0.0.7:9920", "mtls", None, False),
        ("127.0.0.1:9920", "any", None, False),
        ("unix", "any", None, False),
    ],
)
def test_anybody_may_come_where_no_certificate_and_no_socket_says_who(
    listen: str, callers: Literal["any", "mtls"], tls: ListenerTls | None, anybody: bool
) -> None:
    picks = PickerProtocol(route="models", callers=callers)
    service = Service(listen=listen, tls=tls, endpoint_picker=picks)
    assert open_to_anybody(service) is anybody
